"""Reading of the resolved provider configuration: the small forms that providers share."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bot.model import ports

LONGEST_S = 3600.0


def seconds(value: Any, *, default: float, field: str) -> float:
    """Read a timeout in seconds: an int, or a string that holds one. 0 and none: the default."""
    if value in (None, "", 0, "0"):
        return default
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = -1
    if isinstance(value, bool) or not 0 < found <= LONGEST_S:
        raise ports.MetricError(f"{field}: invalid value {value!r}: a number of seconds is needed")
    return found


def headers(config: Mapping[str, Any]) -> dict[str, str]:
    """Read ``headers: [{key, value}]``."""
    found: dict[str, str] = {}
    for one in config.get("headers") or ():
        if not isinstance(one, Mapping):
            raise ports.MetricError(f"headers: {one!r} is no header")
        key, value = str(one.get("key", "")), str(one.get("value", ""))
        if not key or any(c in key + value for c in "\r\n\0"):
            raise ports.MetricError(f"headers: {key!r} is no header")
        found[key] = value
    return found


def is_url(text: str) -> bool:
    """Whether ``text`` is an http address that can be asked."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises on a port that is none
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give ``authentication.<name>``, empty where it is not set."""
    found = (config.get("authentication") or {}).get(name) or {}
    if not isinstance(found, Mapping):
        raise ports.MetricError(f"authentication.{name}: an object is needed")
    return found


def refuse_authentication(config: Mapping[str, Any], *names: str) -> None:
    """Refuse the ways to authenticate that this version does not run."""
    for name in names:
        if section(config, name):
            raise ports.MetricError(f"authentication.{name} is not supported yet")
