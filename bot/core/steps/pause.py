"""``pause``: timed or until somebody promotes (spec §2.8)."""

from datetime import timedelta
from typing import Any

from bot.core import durations, fields
from bot.core.steps import context
from bot.model import spec, status


def decode(raw: Any, path: str, routed: bool) -> spec.Pause:  # noqa: ARG001, FBT001
    body = fields.mapping(raw, path)
    duration = body.get("duration")
    seconds = durations.parse_pause(duration)
    if seconds is not None and seconds < 0:
        raise fields.Invalid(f"{path}.duration", duration, "Duration needs to be greater than 0")
    return spec.Pause(duration_s=seconds, text="" if duration is None else str(duration))


def evaluate(step: spec.Pause, ctx: context.Context) -> context.Outcome:
    if ctx.resumed:
        return context.Done(because="somebody promoted")
    reason = status.PauseReason.STEP
    start = ctx.now if ctx.pause is None else ctx.pause.start
    if step.duration_s is None:
        return context.Hold(because="the pause lasts until somebody promotes", reason=reason)
    until = start + timedelta(seconds=step.duration_s)
    if ctx.pause is not None and ctx.now > until:
        return context.Done(because=f"the pause of {step.duration_s} s is over")
    # One instant past the end: Argo's test is "now is after", and times are whole seconds.
    return context.Hold(
        because=f"the pause lasts {step.duration_s} s",
        reason=reason,
        until=until + timedelta(milliseconds=1),
    )


def describe(step: spec.Pause) -> str:
    return f"pause: {step.text}" if step.text else "pause"
