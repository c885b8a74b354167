"""What an answer of the API server means: an object, or one of our errors.

Belongs here: status codes, ``Status`` bodies, paths of kinds. Does not belong here: I/O.
"""

from collections.abc import Mapping
from typing import Any, NoReturn
from urllib import parse

import msgspec

from bot.adapters.kubernetes import managers
from bot.model import errors, ports

MESSAGE_LIMIT = 2_000


def path_of(
    kind: ports.Kind, *, namespace: str = "", name: str = "", subresource: str = ""
) -> str:
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    parts = ["namespaces", namespace] if kind.namespaced and namespace else []
    parts += [part for part in (kind.plural, name, subresource) if part]
    return "/".join([root, *(parse.quote(part, safe="") for part in parts)])


def described(verb: str, kind: ports.Kind, *, namespace: str = "", name: str = "") -> str:
    """Say what was tried, as a sentence for an error: ``patch rollouts.argoproj.io shop/web``."""
    resource = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    which = "/".join(part for part in (namespace, name) if part)
    return f"{verb} {resource} {which}".strip()


def api_version(kind: ports.Kind) -> str:
    return f"{kind.group}/{kind.version}" if kind.group else kind.version


def completed(obj: ports.Object, kind: ports.Kind) -> ports.Object:
    """Fill in what items of a list lack; of who wrote what a Rollout keeps what is told of."""
    obj.setdefault("apiVersion", api_version(kind))
    obj.setdefault("kind", kind.name)
    metadata = obj.get("metadata")
    if isinstance(metadata, dict):
        managed = metadata.pop("managedFields", None)
        if kind == ports.ROLLOUT and (few := managers.kept(managed)):
            metadata["managedFields"] = few
    return obj


def decoded(body: bytes, *, what: str) -> ports.Object:
    """Read a JSON object.

    Raises:
        Unavailable: it is none; something between us and the API server answered.

    """
    try:
        value = msgspec.json.decode(body)
    except ValueError as error:
        raise errors.Unavailable(f"{what}: the answer is not JSON: {body[:80]!r}") from error
    if not isinstance(value, dict):
        raise errors.Unavailable(f"{what}: the answer is not an object: {body[:80]!r}")
    return value


def _status_of(body: bytes) -> Mapping[str, Any]:
    """Read a ``Status``, or make one of a bare text such as "404 page not found"."""
    try:
        value = msgspec.json.decode(body)
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    return {"message": body.decode("utf-8", errors="replace").strip()}


def _seconds(text: object) -> float | None:
    try:
        return max(float(str(text)), 0.0)
    except ValueError:  # an HTTP date; the API server sends none
        return None


def refuse(
    *, code: int, status: Mapping[str, Any], headers: Mapping[str, str], what: str
) -> NoReturn:
    """Raise the error that an unsuccessful answer stands for."""
    reason = str(status.get("reason") or "")
    said = str(status.get("message") or reason or "no message")[:MESSAGE_LIMIT]
    text = f"{what}: {said}"
    match code:
        case 404:
            raise errors.NotFound(text)
        case 409 if reason == "AlreadyExists":
            raise errors.AlreadyExists(text)
        case 409:
            raise errors.Conflict(text)
        case 410:
            raise errors.Gone(text)
        case 401 | 403:
            raise errors.Forbidden(f"may not {text}")
        case _ if 400 <= code < 500 and code not in {408, 429}:
            raise errors.Refused(said if code in {400, 413, 422} else f"{code}: {text}")
    details = status.get("details")
    asked = details.get("retryAfterSeconds") if isinstance(details, dict) else None
    header = headers.get("Retry-After", "")
    raise errors.Unavailable(f"{code}: {text}", retry_after_s=_seconds(header or asked))


def accept(*, code: int, headers: Mapping[str, str], body: bytes, what: str) -> ports.Object:
    """Return the object of a successful answer, else raise the error it stands for."""
    if 200 <= code < 300:
        return decoded(body, what=what)
    refuse(code=code, status=_status_of(body), headers=headers, what=what)
