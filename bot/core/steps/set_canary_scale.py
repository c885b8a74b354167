"""``setCanaryScale``: sizes the canary apart from its weight (spec §2.10, §2.11)."""

from typing import Any

from bot.core import fields
from bot.core.steps import context
from bot.model import spec


def decode(raw: Any, path: str, routed: bool) -> spec.SetCanaryScale:  # noqa: FBT001
    if not routed:
        raise fields.Invalid(path, "", "SetCanaryScale requires TrafficRouting to be set")
    body = fields.mapping(raw, path)
    if body.get("matchTrafficWeight"):
        return spec.SetCanaryScale()
    if body.get("replicas") is not None:
        return spec.SetCanaryScale(replicas=fields.count(body, "replicas", path, 0))
    weight = fields.integer(body, "weight", path, 0)
    if not 0 <= weight <= 100:
        raise fields.Invalid(f"{path}.weight", weight, "weight needs to be between 0 and 100")
    return spec.SetCanaryScale(weight=weight)


def evaluate(step: spec.SetCanaryScale, ctx: context.Context) -> context.Outcome:
    if ctx.at_size:
        return context.Done(because=f"the canary has its size ({describe(step)})")
    return context.Wait(because=ctx.size_text)


def describe(step: spec.SetCanaryScale) -> str:
    if step.replicas is not None:
        return f"setCanaryScale{{replicas: {step.replicas}}}"
    if step.weight is not None:
        return f"setCanaryScale{{weight: {step.weight}}}"
    return "setCanaryScale{matchTrafficWeight: true}"
