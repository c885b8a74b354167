"""What happens to a rollout that cannot be run: InvalidSpec, or left alone (ruling 7)."""

from dataclasses import replace
from datetime import datetime

from bot.model import errors, world
from bot.model import status as status_model

INVALID = "InvalidSpec"


def left_alone(problem: errors.NotSupported, status: status_model.Status) -> world.Decision:
    """Nothing is scaled and no phase changes: one Warning event, and a mark for the listings."""
    reason = world.Reason(rule="not-supported", sentence=problem.sentence)
    if status.bot.not_supported == problem.sentence:
        return world.Decision(status=None, reasons=(reason,))
    marked = replace(status, bot=replace(status.bot, not_supported=problem.sentence))
    event = world.Event(reason="NotSupported", message=problem.sentence, warning=True)
    return world.Decision(status=marked, events=(event,), reasons=(reason,))


def invalid(
    sentence: str, status: status_model.Status, seen: world.Seen, now: datetime
) -> world.Decision:
    """Degraded with the sentence; everything else of the status stays, and so do the pods."""
    text = f'The Rollout "{seen.name}" is invalid: {sentence}'
    old = status.condition(INVALID)
    instant = now.replace(microsecond=0)
    fresh = status_model.Condition(
        type=INVALID,
        status="True",
        reason=INVALID,
        message=text,
        updated=instant,
        transitioned=instant,
    )
    if old is not None and old.message == text:
        fresh = old
    others = tuple(c for c in status.conditions if c.type != INVALID)
    return world.Decision(
        status=replace(
            status,
            conditions=(*others, fresh),
            observed_generation=str(seen.generation),
            phase=status_model.Phase.DEGRADED,
            message=f"{INVALID}: {text}",
        ),
        reasons=(world.Reason(rule="invalid-spec", sentence=sentence),),
    )
