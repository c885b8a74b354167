"""The keys of the vendors of metrics, out of a Secret. Nothing of a Secret stands in an error."""

import base64
import binascii
from collections.abc import Mapping

from bot.model import errors, ports


async def read(api: ports.Api | None, namespace: str, name: str) -> Mapping[str, str]:
    """Every value of the Secret that is text.

    Raises:
        ports.MetricError: there is none, or it may not or cannot be read.

    """
    if api is None:
        raise ports.MetricError("Secrets are not read here")
    try:
        found = await api.get(ports.Ref(kind=ports.SECRET, namespace=namespace, name=name))
    except errors.NotFound:
        raise ports.MetricError(f'secrets "{name}" not found') from None
    except errors.Forbidden:
        raise ports.MetricError(f"the Secret {namespace}/{name} may not be read") from None
    except errors.RolloutBotError as error:
        reason = type(error).__name__
        raise ports.MetricError(
            f"the Secret {namespace}/{name} cannot be read: {reason}"
        ) from None
    values = {key: _text(raw) for key, raw in (found.get("data") or {}).items()}
    return {key: value for key, value in values.items() if value}


def _text(raw: object) -> str:
    try:
        # Those who make Secrets from files leave a line's end there.
        return base64.b64decode(str(raw)).decode().strip()
    except (binascii.Error, ValueError):
        return ""
