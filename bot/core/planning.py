"""What an update will go through from here, or the next one from its first step.

Steps, weights, pods, and when at the earliest; nothing of it has been asked of the cluster yet.
Times count what the manifest and the policy fix (waits, windows, freezes); pods that come up and
analyses take time that is not known, and after somebody is waited for there are no times.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core import draft as draft_module
from bot.core import revisions, sizing, weights
from bot.core.gates import freezes, unread, windows
from bot.core.notices import way
from bot.model import policy, world
from bot.model import spec as spec_model

STAGES_LIMIT = 40
_HOPS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step to come. ``at``: not before; None where nobody knows. ``held``: what it waits for.

    ``weight`` is in per cents; ``canary`` and ``stable`` are pods, None where they stay.
    """

    text: str
    weight: int
    canary: int
    stable: int
    at: datetime | None
    held: str = ""


def of(d: draft_module.Draft) -> tuple[Stage, ...]:
    """The stages that are left of the update in flight; of the next one where none is."""
    sheet, seen = _sheet(d), _frozen(d)
    found = _switch(sheet, seen) if sheet.spec.blue_green is not None else _steps(sheet, seen)
    return tuple(itertools.islice(found, STAGES_LIMIT))


def in_flight(d: draft_module.Draft) -> bool:
    return not (d.promoted or d.status.abort or not d.status.stable_hash)


def _frozen(d: draft_module.Draft) -> world.Seen:
    """The world without the freezes that the update in flight was let through."""
    if not in_flight(d):
        return d.seen
    mine = freezes.lifted(f"{d.seen.namespace}/{d.seen.name}", d.family.new.hash)
    return replace(
        d.seen,
        freezes=tuple(one for one in d.seen.freezes if mine not in one.lifted_for),
        freezes_unread=unread.of(d),
    )


def _sheet(d: draft_module.Draft) -> draft_module.Draft:
    """A world without holds, where the update is the one that is planned."""
    free = replace(
        d.seen,
        freezes=(),
        freezes_unread=None,
        waiting=(),
        partial=False,
        policy=policy.Effective(),
        routes=(),
    )
    calm = replace(d.status, abort=False, weights=None, promote_full=False)
    if in_flight(d):
        return replace(d, seen=free, before=calm, status=calm, gated={})
    stable = d.family.stable or d.family.new
    new = replace(stable, name="next", hash="next", replicas=0, current=0, ready=0, available=0)
    calm = replace(calm, stable_hash=stable.hash, current_hash="next", step_index=0,
                   pause_conditions=())  # fmt: skip
    kin = revisions.Family(new=new, creating=False, stable=stable, retired=())
    spec = replace(d.spec, rollback_window=None)
    return replace(d, spec=spec, seen=free, before=calm, status=calm, family=kin, gated={})


def _steps(d: draft_module.Draft, seen: world.Seen) -> Iterator[Stage]:
    at: datetime | None = d.now
    first, full, asked = d.index, d.spec.canary.full, False
    for index in range(first, len(d.spec.canary.steps) + 1):
        begun = index == first and bool(d.status.pause_conditions)
        at, held = (at, "") if begun else _begin(seen, index, at)
        last = index == len(d.spec.canary.steps)
        if not asked and d.spec.gate_before_full and weights.is_full_point(d.spec.canary, index):
            yield _stage(d, max(first, index - 1), "approval", at)
            asked, at = True, None
        step = None if last else d.spec.canary.steps[index]
        text = "all users: it is the stable then" if step is None else way.step_text(step, full)
        yield replace(_stage(d, index, text, at), held=held)
        at = _end(d, step, at, begun=begun)
        # An approval right before the end counts for the gate before 100 % too.
        asked = isinstance(step, spec_model.Pause) and step.duration_s is None


def _begin(seen: world.Seen, index: int, at: datetime | None) -> tuple[datetime | None, str]:
    """When step ``index`` may come about, if its turn is at ``at``; and what it waits for."""
    held = ""
    for _ in range(_HOPS):
        if at is None:
            return None, held
        hold = _hold(seen, index, at)
        if hold is None:
            return at, held
        until, words = hold
        at, held = until, held or words
    return None, held


def _hold(seen: world.Seen, index: int, at: datetime) -> tuple[datetime | None, str] | None:
    if seen.freezes_unread is not None:
        return None, unread.words(seen.freezes_unread)
    found = freezes.applying(seen.freezes, seen.namespace, seen.name, at)
    if found:
        ends = [one.until for one in found]
        known = [one for one in ends if one is not None]
        return (max(known) if len(known) == len(ends) else None), freezes.words(found[0])
    hold = windows.closed_at(seen.policy.windows, index, at)
    return None if hold is None else (hold.until, hold.sentence)


def _stage(d: draft_module.Draft, index: int, text: str, at: datetime | None) -> Stage:
    """The pods and the weight that step ``index`` asks for, once it is its turn."""
    opened = replace(d.spec, gate_before_full=False)  # its approval is a stage of its own
    there = replace(d, spec=opened, status=replace(d.status, step_index=index), gated={})
    pods = sizing.target(there)
    full = d.spec.canary.full
    return Stage(
        text=text,
        weight=weights.of_size(there) * 100 // full,
        canary=pods.canary,
        stable=pods.stable,
        at=at,
    )


def _end(
    d: draft_module.Draft, step: spec_model.Step | None, at: datetime | None, *, begun: bool
) -> datetime | None:
    match step:
        case spec_model.Pause(duration_s=int()):
            start = d.status.pause_conditions[0].start if begun else at
            ends = start + timedelta(seconds=step.duration_s or 0) if start else None
            return max(ends, d.now) if ends is not None else None
        case spec_model.Pause() | spec_model.Analysis() | spec_model.Experiment():
            return None
        case _:
            return at


def _switch(d: draft_module.Draft, seen: world.Seen) -> Iterator[Stage]:
    """A blue-green: the preview, what is waited for, the switch of everybody."""
    chosen, wanted = d.spec.blue_green, d.spec.replicas
    if chosen is None:
        return
    preview = wanted if chosen.preview_replicas is None else chosen.preview_replicas
    at: datetime | None = d.now
    stage = Stage(text="preview", weight=0, canary=preview, stable=wanted, at=at)
    yield stage
    if chosen.pre is not None:
        yield replace(stage, text="analysis of the preview")
        at = None
    if not chosen.auto_promotion or d.spec.gate_before_full:
        yield replace(stage, text="approval", at=at)
        at = None
    elif chosen.auto_promotion_s and at is not None:
        at += timedelta(seconds=chosen.auto_promotion_s)
    at, held = _begin(seen, 0, at)
    after = replace(stage, weight=100, canary=wanted, at=at)
    yield replace(after, text="switch of all users", held=held)
    if chosen.post is not None:
        yield replace(after, text="analysis after the switch", at=None)
