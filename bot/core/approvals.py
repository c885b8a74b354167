"""Which gates a rollout has, and how the policy wants each to be opened. Look-ups only."""

from bot.core import draft as draft_module
from bot.core import stables, weights
from bot.model import policy, status
from bot.model import spec as spec_model


def gates(spec: spec_model.Spec) -> tuple[int, ...]:
    """The steps that wait for a person, in order; ``weights.FULL`` is the one before 100 %.

    Of a blue-green the one gate is the one before its switch, under that number too.
    """
    if spec.blue_green is not None:
        manual = not spec.blue_green.auto_promotion or spec.gate_before_full
        return (weights.FULL,) if manual else ()
    found = [
        index
        for index, step in enumerate(spec.canary.steps)
        if isinstance(step, spec_model.Pause) and step.duration_s is None
    ]
    return (*found, weights.FULL) if spec.gate_before_full else tuple(found)


def named(effective: policy.Effective, spec: spec_model.Spec) -> tuple[int, ...]:
    """The gates that only named people open."""
    return tuple(gate for gate in gates(spec) if of(effective, spec, gate).named)


def of(effective: policy.Effective, spec: spec_model.Spec, gate: int) -> policy.Approval:
    """How one gate is opened: the first entry that names it, else as every gate."""
    for one in effective.steps:
        if _names(one, spec, gate):
            return one.approval
    return effective.approval


def _names(one: policy.StepApproval, spec: spec_model.Spec, gate: int) -> bool:
    if one.name is policy.StepName.PREVIEW:
        return spec.blue_green is not None
    if one.name is policy.StepName.LAST:
        every = gates(spec)
        return not every or gate == every[-1]
    if spec.blue_green is not None or gate == weights.FULL:
        return False
    if one.index is not None:
        return one.index == gate
    return one.weight == weights.at_step(spec.canary, gate) * 100 // (spec.canary.full or 100)


def rule(d: draft_module.Draft, gate: int) -> policy.Approval:
    """How a gate of this rollout is opened."""
    return of(d.seen.policy, d.spec, gate)


def passed(d: draft_module.Draft, gate: int) -> bool:
    """Whether a record under the bot's seal says that this try has passed the gate."""
    started = d.status.bot.started
    return any(
        one.signed
        and one.revision == d.family.new.hash
        and one.step == gate
        and (started is None or one.at >= started)
        for one in d.status.bot.passes
    )


def prepare(d: draft_module.Draft) -> None:
    """Put into the draft what the seals say of its gates; to be done before it is asked."""
    named = rule(d, weights.FULL).named
    d.full_passed = passed(d, weights.FULL) if named else None
    held = d.status.bot.shut
    d.kept = None
    if held is None or not held.signed or held.revision != d.family.new.hash:
        return
    if held.step == stables.AHEAD:
        return
    gone = held.steps != d.status.step_hash or held.step not in gates(d.spec)
    if gone and rule(d, held.step).named and not passed(d, held.step):
        d.kept = held


def present(d: draft_module.Draft) -> int | None:
    """The gate that the rollout stands at now; None where it stands at none."""
    if d.status.abort or d.promoted or not d.before.pause_conditions:
        return None
    if d.kept is not None:
        return d.kept.step
    reasons = {pause.reason for pause in d.before.pause_conditions}
    if d.spec.blue_green is not None:
        waits = status.PauseReason.BLUE_GREEN in reasons and bool(gates(d.spec))
        return weights.FULL if waits else None
    if status.PauseReason.STEP not in reasons:
        return None
    if weights.held_before_full(d):
        return weights.FULL
    return d.index if d.index in gates(d.spec) else None


def now(d: draft_module.Draft) -> policy.Approval | None:
    """How the gate that it stands at now is opened."""
    gate = present(d)
    return None if gate is None else rule(d, gate)
