"""Header routes in words: who is served by the canary whatever its weight."""

from collections.abc import Mapping
from typing import Any

from bot.core import shares
from bot.core.notices import scene as scenes

_WAYS = {"exact": "", "prefix": "beginning with ", "regex": "matching "}


def text(scene: scenes.Scene) -> str:
    """As "X-Canary: true"; empty where no header decides anything now."""
    if scene.sheet is None or scene.spec is None or not scene.spec.canary.routed:
        return ""
    routes = [route for route in shares.managed(scene.sheet) if not route.mirrored]
    found = [_match(one) for route in routes for one in route.match]
    return " or ".join(dict.fromkeys(filter(None, found)))


def _match(one: Mapping[str, Any]) -> str:
    headers = one.get("headers")
    if not isinstance(headers, Mapping):
        return ""
    return " and ".join(_header(str(name), value) for name, value in headers.items())


def _header(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        for way, words in _WAYS.items():
            if way in value:
                return f"{name}: {words}{value[way]}"
    return name
