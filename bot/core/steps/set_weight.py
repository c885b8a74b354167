"""``setWeight``: over when the pods for it are there (then the route follows in the same pass)."""

from typing import Any

from bot.core import fields
from bot.core.steps import context
from bot.model import spec


def decode(raw: Any, path: str, routed: bool) -> spec.SetWeight:  # noqa: ARG001, FBT001
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise fields.Invalid(path, raw, "SetWeight needs to be between 0 and 100")
    return spec.SetWeight(weight=raw)  # how much is all of it is known to the strategy


def evaluate(step: spec.SetWeight, ctx: context.Context) -> context.Outcome:
    if ctx.at_size:
        return context.Done(because=f"the pods for {step.weight} % are available")
    return context.Wait(because=ctx.size_text)


def describe(step: spec.SetWeight) -> str:
    return f"setWeight: {step.weight}"
