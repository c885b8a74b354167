"""Reading one value of a Secret for a metric's argument."""

import base64
import binascii

from bot.model import errors, ports


async def read(api: ports.Api, namespace: str, name: str, key: str) -> str | None:
    """The value; None where there is none or it may not be read."""
    ref = ports.Ref(kind=ports.SECRET, namespace=namespace, name=name)
    try:
        found = await api.get(ref)
        raw = (found.get("data") or {}).get(key)
        return None if raw is None else base64.b64decode(raw).decode()
    except (errors.NotFound, errors.Forbidden, binascii.Error, UnicodeDecodeError):
        return None
