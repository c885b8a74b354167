"""What a person says to an analysis that came to no verdict: measure again, or go on without one.

Both are bound to a pause that an inconclusive analysis or experiment began. What a verdict does
is ``analyses`` and ``trials``.
"""

from bot.core import draft as draft_module
from bot.model import spec as spec_model
from bot.model import status, world

MEASURE_AGAIN, CONTINUE = "measure-again", "continue"
KINDS = frozenset({MEASURE_AGAIN, CONTINUE})
REASONS = frozenset({status.PauseReason.INCONCLUSIVE, status.PauseReason.INCONCLUSIVE_EXPERIMENT})
_KEPT = 4


def answer(d: draft_module.Draft, intent: status.Intent) -> tuple[bool, str]:
    """Carry out one of ``KINDS``: whether it counts, and what to say."""
    held = tuple(p for p in d.before.pause_conditions if p.reason in REASONS)
    if not held:
        return False, "No analysis is inconclusive now; nothing was changed."
    if d.resumed or d.again:
        return False, "Somebody else has just decided this; nothing was changed."
    left = tuple(p for p in d.status.pause_conditions if p.reason not in REASONS)
    d.set(pause_conditions=left)
    d.by = (intent.actor, "slack")
    if intent.kind == MEASURE_AGAIN:
        d.again = True
        return True, "It is measured again."
    _overrule(d, held)
    return True, f"v{d.family.new.revision} goes on without a verdict."


def _overrule(d: draft_module.Draft, held: tuple[status.PauseCondition, ...]) -> None:
    """Go past the step that has no verdict; let runs beside the steps not hold it any more."""
    reasons = {pause.reason for pause in held}
    inconclusive = {run.name for run in d.seen.runs if run.phase == "Inconclusive"}
    refs = (d.status.background_run, d.status.pre_run, d.status.post_run)
    beside = tuple(ref.name for ref in refs if ref is not None and ref.name in inconclusive)
    d.set_bot(overruled=(*d.status.bot.overruled, *beside)[-_KEPT:])
    step = None if d.finished else d.spec.canary.steps[d.index]
    run = d.status.step_run
    measured = isinstance(step, spec_model.Analysis) and run is not None
    tried = status.PauseReason.INCONCLUSIVE_EXPERIMENT in reasons
    if (measured and run is not None and run.name in inconclusive) or (
        tried and isinstance(step, spec_model.Experiment)
    ):
        d.set(step_index=d.index + 1, step_run=None)


def overruled(known: status.Status, run: world.Run | status.RunRef) -> bool:
    """Whether a person has said that this run need not come to a verdict."""
    return run.name in known.bot.overruled
