"""``setHeaderRoute``: who sends a header is served by the canary, whatever its weight."""

from collections.abc import Mapping
from typing import Any

from bot.core import fields
from bot.core.steps import context
from bot.model import spec

_WAYS = ("exact", "regex", "prefix")
_MISSED = (
    "StringMatch value missed, match value must have one of the following: exact, regex, prefix"
)
_SEVERAL = "StringMatch match value must have exactly one of the following: exact, regex, prefix"


def decode(raw: Any, path: str, routed: bool) -> spec.SetRoute:  # noqa: FBT001
    if not routed:
        text = "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix"
        raise fields.Invalid(path, _named(raw), text)
    body = fields.mapping(raw, path)
    match = []
    for at, entry in enumerate(fields.sequence(body.get("match"), f"{path}.match")):
        where = f"{path}.match[{at}]"
        one = fields.mapping(entry, where)
        header = fields.text(one, "headerName", where)
        match.append({"headers": {header: condition(one.get("headerValue"), where)}})
    return spec.SetRoute(name=fields.text(body, "name", path), match=tuple(match))


def condition(raw: Any, path: str) -> dict[str, str]:
    """One StringMatch: exactly one way of comparing.

    Raises:
        errors.UserError: none or several are given.

    """
    given = fields.mapping(raw, path)
    found = {way: text for way in _WAYS if (text := fields.text(given, way, path))}
    if len(found) != 1:
        raise fields.Invalid(path, dict(given), _SEVERAL if found else _MISSED)
    return found


def _named(raw: Any) -> str:
    return str(raw.get("name", "")) if isinstance(raw, Mapping) else ""


def evaluate(step: spec.SetRoute, ctx: context.Context) -> context.Outcome:  # noqa: ARG001
    return context.Done(because=f"the route {step.name} is asked for")


def describe(step: spec.SetRoute) -> str:
    return f"{'setMirrorRoute' if step.mirrored else 'setHeaderRoute'}: {step.name}"
