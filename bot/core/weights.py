"""How much traffic the canary should get, by the steps alone (spec §2.10). Pure look-ups."""

from bot.core import draft as draft_module
from bot.model import spec


def at_step(canary: spec.Canary, index: int) -> int:
    """The nearest ``setWeight`` at or before ``index``; all past the end, 0 where none is."""
    if index >= len(canary.steps):
        return canary.full
    for step in reversed(canary.steps[: index + 1]):
        if isinstance(step, spec.SetWeight):
            return step.weight
    return 0


def before_step(steps: tuple[spec.Step, ...], index: int) -> int:
    """The nearest ``setWeight`` strictly before ``index``; 0 where there is none."""
    for step in reversed(steps[:index]):
        if isinstance(step, spec.SetWeight):
            return step.weight
    return 0


def canary_scale(steps: tuple[spec.Step, ...], index: int) -> spec.SetCanaryScale | None:
    """The ``setCanaryScale`` in force at ``index``; None when the size follows the weight."""
    if index >= len(steps):
        return None
    for step in reversed(steps[: index + 1]):
        if isinstance(step, spec.SetCanaryScale):
            return step if (step.replicas is not None or step.weight is not None) else None
    return None


def held_before_full(d: "draft_module.Draft") -> bool:
    """Whether the gate before 100 % holds the rollout at its present place."""
    if not d.spec.gate_before_full or d.promoted or not d.status.stable_hash or d.status.abort:
        return False
    if not (d.skipping or is_full_point(d.spec.canary, d.index)):
        return False
    if d.full_passed is not None:
        return not d.full_passed
    opened = d.status.bot.opened
    if opened is None or opened.revision != d.family.new.hash:
        return True
    return not _opens_full(d.spec.canary, opened.step, d.index, full=d.skipping)


FULL = -1
"""The step number under which an opened gate before 100 % is remembered."""


def _opens_full(canary: spec.Canary, opened: int, index: int, *, full: bool) -> bool:
    """An approval counts for 100 % if it was given for it, or at the pause right before it."""
    if opened == FULL:
        return True
    start, steps = full_start(canary, index), canary.steps
    if start is None:
        return False
    if opened >= start:
        return True  # an earlier approval let the course come to here
    at_end = full and start >= len(steps)
    return not at_end and opened == start - 1 and _indefinite(steps, opened)


def _indefinite(steps: tuple[spec.Step, ...], index: int) -> bool:
    step = steps[index] if 0 <= index < len(steps) else None
    return isinstance(step, spec.Pause) and step.duration_s is None


def is_full_point(canary: spec.Canary, index: int) -> bool:
    """Whether the canary has all traffic at ``index``, whichever way the course came there."""
    return full_start(canary, index) is not None


def full_start(canary: spec.Canary, index: int) -> int | None:
    """The step from which on all traffic goes to the canary at ``index``; None below 100 %.

    It is the end of the steps where no ``setWeight: 100`` comes before it. A client may move the
    course past that step, so looking only at the step of ``index`` would let it pass the gate.
    """
    steps = canary.steps
    start = len(steps) if index >= len(steps) else None
    for at in range(min(index, len(steps) - 1), -1, -1):
        step = steps[at]
        if not isinstance(step, spec.SetWeight):
            continue
        if step.weight != canary.full:
            break
        start = at
    return start


def held_weight(canary: spec.Canary, index: int) -> int:
    """The weight at which the gate before 100 % holds: the nearest one below it."""
    for step in reversed(canary.steps[: index + 1]):
        if isinstance(step, spec.SetWeight) and step.weight != canary.full:
            return step.weight
    return 0


def of_size(d: "draft_module.Draft") -> int:
    """The weight that the canary's size follows at the present step."""
    canary = d.spec.canary
    if d.promoted or not d.status.stable_hash:
        return canary.full
    if d.status.abort:
        return 0
    if d.cap is not None:
        return d.cap
    if held_before_full(d):
        return held_weight(canary, d.index)
    if d.skipping:
        return canary.full
    return at_step(canary, d.index)
