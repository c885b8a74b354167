"""The course of the steps: which one is present, what ends it, what holds it (spec §2.6, §2.8)."""

from bot.core import (
    analyses,
    approvals,
    gatekeeping,
    gates,
    phases,
    sizing,
    steps,
    trials,
    unmeasured,
    weights,
)
from bot.core import draft as draft_module
from bot.core.steps import context
from bot.model import holds, spec, status

KEPT = "kubectl"
"""What an order that could not be followed at once looks like in a later pass."""
FULL_GATE = "the gate before 100 % waits for an approval"


def advance(d: draft_module.Draft) -> None:
    """Move through every step that is over now; stop at the first that is not."""
    if d.status.abort or d.promoted or not d.status.stable_hash or d.spec.paused:
        return
    if unmeasured.held(d):
        unmeasured.hold(d)
        return
    if d.kept is not None:
        gatekeeping.stay(d)
        return
    for _ in range(len(d.spec.canary.steps) + 1):
        if weights.held_before_full(d):
            if not _pass_full_gate(d):
                return
            continue
        if d.status.bot.full_gate_since is not None:
            d.set_bot(full_gate_since=None)  # the course was moved back
        if d.skipping:
            if not gates.stops(d, gates.present(d)):
                _skip_all(d)
            return
        if d.finished or not _one_step(d):
            return


def _pass_full_gate(d: draft_module.Draft) -> bool:
    """Hold before 100 %, or note who opened the gate."""
    if d.status.bot.full_gate_since is None:
        # A gate of its own: what was said to the pause that it follows does not open it.
        d.set_bot(full_gate_since=d.now)
        others = (p for p in d.status.pause_conditions if p.reason != status.PauseReason.STEP)
        d.set(pause_conditions=tuple(others))
    elif d.resumed:
        opened(d, weights.FULL)
        d.set_bot(full_gate_since=None)
        d.resumed = False
        return True
    hold(d, status.PauseReason.STEP)
    d.because("gate-before-full", FULL_GATE)
    return False


def opened(d: draft_module.Draft, step: int) -> None:
    """Remember who opened a gate, and how; an order that was kept has lost its name by then."""
    by, how = d.by
    if how == KEPT and _kept(d, step):
        return
    d.set_bot(
        opened=status.Opened(revision=d.family.new.hash, step=step, by=by, how=how, at=d.now)
    )
    if not approvals.passed(d, step):
        gatekeeping.record(d, step, (by,), how)


def _kept(d: draft_module.Draft, step: int) -> bool:
    """Whether it may be an earlier order: of this gate, or given while ``spec.paused`` was set."""
    known = d.status.bot.opened
    if known is None or known.revision != d.family.new.hash:
        return False
    return known.step == step or d.before.message == phases.MANUALLY


def hold(d: draft_module.Draft, reason: status.PauseReason) -> None:
    """Begin a pause, unless it has begun already."""
    if any(pause.reason == reason for pause in d.status.pause_conditions):
        return
    start = d.now.replace(microsecond=0)
    pause = status.PauseCondition(reason=reason, start=start)
    d.set(pause_conditions=(*d.status.pause_conditions, pause))
    d.event("RolloutPaused", f"Rollout is paused ({reason})")


def _skip_all(d: draft_module.Draft) -> None:
    _release(d)
    total = len(d.spec.canary.steps)
    d.set(step_index=total or None, step_run=None)
    why = "asked for" if d.status.promote_full else "the revision is within its rollback window"
    d.because("promote-full", f"all steps that are left are skipped: {why}")


def _release(d: draft_module.Draft) -> None:
    if d.status.pause_conditions:
        d.set(pause_conditions=())
        d.event("RolloutResumed", "Rollout is resumed")


def _one_step(d: draft_module.Draft) -> bool:
    """Evaluate the present step once; True when it is over and the next may be looked at."""
    step, index = d.spec.canary.steps[d.index], d.index
    if _not_begun(d, step) and gates.stops(d, gates.at(d, index)):
        return False
    if gatekeeping.begins(d):
        d.resumed = False  # what was written before the course stood here opens no named gate
    if isinstance(step, spec.Analysis):
        analyses.want_step_run(d, step)
    elif isinstance(step, spec.Experiment):
        trials.want(d, step)
    ready, missing = sizing.at_target(d)
    pause = next(
        (p for p in d.status.pause_conditions if p.reason == status.PauseReason.STEP), None
    )
    outcome = steps.evaluate(
        step,
        context.Context(
            now=d.now,
            index=index,
            at_size=ready,
            size_text=missing,
            pause=pause,
            resumed=d.resumed,
            run=analyses.step_run(d),
            labels=d.seen.labels,
            experiment=trials.present(d),
        ),
    )
    d.because(f"step-{index}", f"{steps.describe(step)}: {outcome.because}")
    if isinstance(outcome, context.Done) and gates.stops(d, _hold_of_end(d, step)):
        if d.resumed:
            opened(d, index)
        return False
    return _settle(d, step, outcome)


def _not_begun(d: draft_module.Draft, step: spec.Step) -> bool:
    """Whether the step measures something and has not begun to: what it found would be stale."""
    if isinstance(step, spec.Analysis):
        return analyses.step_run(d) is None
    return isinstance(step, spec.Experiment) and trials.present(d) is None


def _hold_of_end(d: draft_module.Draft, step: spec.Step) -> holds.Hold | None:
    """What keeps the step from its end: leave for the next, and for what it does itself."""
    acts = not isinstance(step, spec.Pause | spec.Analysis)
    return (gates.at(d, d.index) if acts else None) or gates.at(d, d.index + 1)


def _settle(d: draft_module.Draft, step: spec.Step, outcome: context.Outcome) -> bool:
    match outcome:
        case context.Done():
            return _complete(d, step)
        case context.Wait():
            d.wake(outcome.until)
        case context.Hold():
            hold(d, outcome.reason)
            d.wake(outcome.until)
        case context.Failed():
            d.abort(outcome.because)
    return False


def _complete(d: draft_module.Draft, step: spec.Step) -> bool:
    total, index = len(d.spec.canary.steps), d.index
    elapsed = isinstance(step, spec.Pause) and bool(d.status.pause_conditions) and not d.resumed
    if isinstance(step, spec.Pause) and d.resumed:
        opened(d, index)
        d.resumed = False
    d.set(
        step_index=index + 1,
        step_run=None,
        pause_conditions=tuple(
            p for p in d.status.pause_conditions if p.reason != status.PauseReason.STEP
        ),
    )
    text = steps.describe(step)
    d.event("RolloutStepCompleted", f"Rollout step {index + 1}/{total} completed ({text})")
    if elapsed:
        d.event("RolloutResumed", "Rollout is resumed")
    return not _must_show(d, step)


def _must_show(d: draft_module.Draft, step: spec.Step) -> bool:
    """Whether the weight just reached must be written before the next one is looked at.

    Without this, `[setWeight 80]` at the end would go from 50 to 100 and never be at 80.
    """
    if not isinstance(step, spec.SetWeight) or not d.spec.canary.routed:
        return False
    written = d.before.weights.canary if d.before.weights else 0
    later = weights.at_step(d.spec.canary, d.index)
    if step.weight in (written, later):
        return False
    d.show_weight = step.weight
    d.wake(d.now)
    return True
