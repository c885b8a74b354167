"""What happens to a rollout that cannot be run: InvalidSpec, or left alone (ruling 7)."""

from dataclasses import replace
from datetime import datetime

from bot.model import errors, world
from bot.model import status as status_model

INVALID = "InvalidSpec"
NOT_SUPPORTED = "NotSupported"
NOT_CREATED = "ReplicaSetCreateError"
PROGRESSING = "Progressing"


def left_alone(
    problem: errors.NotSupported, status: status_model.Status, now: datetime
) -> world.Decision:
    """Nothing is scaled and no phase changes: one Warning event, and a mark for the listings.

    A Rollout that nobody has worked on yet gets a condition that says it, too: Argo CD's rule for
    its health fails on a status that has neither phase nor conditions.
    """
    reason = world.Reason(rule="not-supported", sentence=problem.sentence)
    known = status.bot.not_supported == problem.sentence
    if known and not status.bot.intents:
        return world.Decision(status=None, reasons=(reason,))
    marked = replace(status, bot=replace(status.bot, not_supported=problem.sentence))
    if all(one.type == NOT_SUPPORTED for one in status.conditions):
        fresh = _condition(status, NOT_SUPPORTED, problem.sentence, now)
        marked = replace(marked, conditions=(fresh,))
    event = world.Event(reason=NOT_SUPPORTED, message=problem.sentence, warning=True)
    return world.Decision(
        status=_answered(marked, problem.sentence, now),
        events=() if known else (event,),
        reasons=(reason,),
    )


def _answered(status: status_model.Status, why: str, now: datetime) -> status_model.Status:
    """Nobody waits in vain: what was asked of a rollout that cannot be run is refused."""
    if not status.bot.intents:
        return status
    refused = tuple(
        status_model.Handled(
            id=intent.id,
            kind=intent.kind,
            accepted=False,
            sentence=f"Nothing was changed: {why}",
            actor=intent.actor,
            at=now,
        )
        for intent in status.bot.intents
    )
    handled = (*status.bot.handled, *refused)[-32:]
    return replace(status, bot=replace(status.bot, intents=(), handled=handled))


def invalid(
    sentence: str, status: status_model.Status, seen: world.Seen, now: datetime
) -> world.Decision:
    """Degraded with the sentence; everything else of the status stays, and so do the pods."""
    text = f'The Rollout "{seen.name}" is invalid: {sentence}'
    fresh = _condition(status, INVALID, text, now)
    others = tuple(c for c in status.conditions if c.type not in {INVALID, NOT_SUPPORTED})
    return world.Decision(
        status=replace(
            _answered(status, sentence, now),
            conditions=(*others, fresh),
            observed_generation=str(seen.generation),
            phase=status_model.Phase.DEGRADED,
            message=f"{INVALID}: {text}",
        ),
        reasons=(world.Reason(rule="invalid-spec", sentence=sentence),),
    )


def not_created(
    name: str,
    problem: str,
    status: status_model.Status,
    planned: status_model.Status,
    now: datetime,
) -> world.Decision:
    """The ReplicaSet ``name`` of a revision may not be made (spec §1.12); said once a sentence.

    ``planned`` is the status that the pass would have led to.
    """
    text = f'Failed to create new replica set "{name}": {problem}'
    reason = world.Reason(rule="not-created", sentence=text)
    old = status.condition(PROGRESSING)
    if old is not None and old.message == text:
        return world.Decision(status=status, reasons=(reason,))
    instant = now.replace(microsecond=0)
    fresh = status_model.Condition(
        type=PROGRESSING,
        status="False",
        reason=NOT_CREATED,
        message=text,
        updated=instant,
        transitioned=old.transitioned if old is not None and old.status == "False" else instant,
    )
    others = tuple(c for c in status.conditions if c.type != PROGRESSING)
    late = planned.phase == status_model.Phase.DEGRADED
    event = world.Event(reason=NOT_CREATED, message=text, warning=True)
    return world.Decision(
        status=replace(
            status,
            conditions=(*others, fresh),
            observed_generation=planned.observed_generation,
            phase=status_model.Phase.PROGRESSING if late else planned.phase,
            message="more replicas need to be updated" if late else planned.message,
        ),
        events=(event,),
        reasons=(reason,),
    )


def _condition(
    status: status_model.Status, kind: str, text: str, now: datetime
) -> status_model.Condition:
    """The condition as it is, or a new one where it says something else."""
    old = status.condition(kind)
    if old is not None and old.message == text:
        return old
    instant = now.replace(microsecond=0)
    return status_model.Condition(
        type=kind, status="True", reason=kind, message=text, updated=instant, transitioned=instant
    )
