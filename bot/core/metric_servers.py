"""Which server a metric asks, as people know it: its host, or the vendor's name."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_VENDORS = {"datadog": "Datadog", "newRelic": "New Relic"}


def server(provider: str, config: Mapping[str, Any], default: str) -> str:
    """Empty where none can be named; ``default`` is the address of a Prometheus not named."""
    match provider:
        case "prometheus":
            return _host(str(config.get("address") or default))
        case "web":
            return _host(str(config.get("url") or ""))
        case _:
            return _VENDORS.get(provider, "")


def _host(address: str) -> str:
    """Without what may be secret: user, password, path, query."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2]
    except ValueError:
        return ""
