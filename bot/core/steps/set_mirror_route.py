"""``setMirrorRoute``: the canary gets a copy of requests that match, nobody sees its answers."""

from typing import Any

from bot.core import fields
from bot.core.steps import set_header_route
from bot.model import spec

_FIELDS = {"method": "method", "path": "uri"}


def decode(raw: Any, path: str, routed: bool) -> spec.SetRoute:  # noqa: FBT001
    if not routed:
        text = "SetMirrorRoute requires TrafficRouting, supports Istio only"
        raise fields.Invalid(path, "", text)
    body = fields.mapping(raw, path)
    match = []
    for at, entry in enumerate(fields.sequence(body.get("match"), f"{path}.match")):
        where = f"{path}.match[{at}]"
        one = fields.mapping(entry, where)
        found: dict[str, Any] = {
            word: set_header_route.condition(one[key], where)
            for key, word in _FIELDS.items()
            if one.get(key) is not None
        }
        headers = fields.mapping(one.get("headers"), f"{where}.headers")
        if headers:
            found["headers"] = {
                str(name): set_header_route.condition(value, where)
                for name, value in headers.items()
            }
        match.append(found)
    share = fields.integer(body, "percentage", path, 100)
    if not 0 <= share <= 100:
        raise fields.Invalid(f"{path}.percentage", share, "must be between 0 and 100")
    return spec.SetRoute(
        name=fields.text(body, "name", path), match=tuple(match), mirrored=True, percentage=share
    )


evaluate, describe = set_header_route.evaluate, set_header_route.describe
