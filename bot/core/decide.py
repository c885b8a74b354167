"""The one entry of the core: what should be, from what is asked, known and seen.

Reads like a table of contents; the parts are modules of their own. No clock, no await, no log.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import (
    analyses,
    approvals,
    blue_green,
    blue_green_places,
    conditions,
    course,
    gate_limits,
    gatekeeping,
    gates,
    glass,
    intake,
    outcome,
    phases,
    progress,
    references,
    refusals,
    restarts,
    revisions,
    sizing,
    stables,
    standstill,
    stock_writes,
    traffic,
    tries,
    turn,
    unmeasured,
)
from bot.core import draft as draft_module
from bot.model import errors, world
from bot.model import spec as spec_model
from bot.model import status as status_model

REFERENCE_RETRY = timedelta(seconds=20)


def decide(
    spec: spec_model.Spec | errors.UserError,
    status: status_model.Status,
    seen: world.Seen,
    intents: Sequence[status_model.Intent],
    now: datetime,
) -> world.Decision:
    """One pass over one rollout.

    ``spec`` is the decoded spec or the error that decoding it gave. The result holds the whole
    next status and everything that should exist; ``status`` None means that the object is left
    as it is. Never raises on a decodable world.
    """
    if isinstance(spec, errors.UserError):
        return _refused(spec, status, seen, now)
    if spec.problem is not None:
        back = _back_despite(spec.problem, _draft(spec, status, seen, intents, now))
        return back or _refused(spec.problem, status, seen, now)
    if not spec.replicas_given:
        return world.Decision(status=None, desired=world.Desired(replicas_default=True))
    try:
        references.check(spec, status, seen)
    except errors.UserError as problem:
        back = _back_despite(problem, _draft(spec, status, seen, intents, now))
        if back is not None:
            return back
        held = _refused(problem, status, seen, now)
        if isinstance(problem, errors.NotSupported):
            return held
        return replace(held, wake_at=now + REFERENCE_RETRY)
    return _valid(_draft(spec, status, seen, intents, now))


def _refused(
    problem: errors.UserError,
    status: status_model.Status,
    seen: world.Seen,
    now: datetime,
) -> world.Decision:
    if isinstance(problem, errors.NotSupported):
        return refusals.left_alone(problem, status, now)
    return refusals.invalid(problem.sentence, status, seen, now)


def _draft(
    spec: spec_model.Spec,
    status: status_model.Status,
    seen: world.Seen,
    intents: Sequence[status_model.Intent],
    now: datetime,
) -> draft_module.Draft:
    block = replace(status.bot, intents=tuple(intents), not_supported="")
    new = revisions.family(spec, status, seen).new
    known = tries.counted(replace(status, bot=block), seen, new, now)
    named = approvals.named(seen.policy, spec)
    known = stables.true(spec, known, seen, new, named)
    spec, known, seen = turn.true(spec, known, seen, named)
    seen = unmeasured.errors_as_no_verdict(seen)
    return draft_module.Draft(
        spec=spec,
        seen=seen,
        before=replace(status, stable_hash=known.stable_hash),
        status=known,
        claimed=status.stable_hash,
        family=revisions.family(spec, known, seen),
        now=now,
    )


def _back_despite(problem: errors.UserError, d: draft_module.Draft) -> world.Decision | None:
    """An abort works although something that the spec names is missing; None without one.

    Nothing else moves: no step, no new revision, no promotion.
    """
    if d.family.creating or d.before.current_hash != d.family.new.hash:
        # The template was changed and broken at once: what is in flight is the revision before.
        former = revisions.in_flight(d.family, d.before.current_hash)
        if former is None:
            return None
        d.family = former
    course.count(d)
    analyses.judge_step(d)
    intake.take(d)
    analyses.judge(d)
    if not d.status.abort or d.promoted:
        return None
    known = d.before.condition(refusals.INVALID)
    analyses.cancel(d)
    if d.spec.blue_green is not None:
        analyses.judge_beside(d)
    places = _settled(d)
    outcome.record_abort(d)
    d.set(controller_pause=False)
    if known is not None:
        d.set(conditions=(*d.status.conditions, known))
    back = outcome.decision(d, *places)
    if isinstance(problem, errors.NotSupported):
        return back
    marked = refusals.invalid(problem.sentence, back.status, d.seen, d.now)
    return replace(back, status=marked.status)


def _valid(d: draft_module.Draft) -> world.Decision:
    course.begin(d)
    approvals.prepare(d)
    gatekeeping.guard(d)
    stock_writes.found(d)
    intake.take(d)
    course.back_to_stable(d)
    gate_limits.deadline(d)
    glass.settle(d)
    d.cap = _cap(d)
    if d.spec.blue_green is not None:
        analyses.judge_beside(d)
        blue_green.advance(d)
    else:
        analyses.judge(d)
        progress.advance(d)
    course.promote(d)
    analyses.background(d)
    analyses.cancel(d)
    d.evict = restarts.plan(d)
    places = _settled(d)
    gates.settle(d)
    outcome.record_abort(d)
    gatekeeping.settle(d)
    # An order that cannot be followed yet is kept: under ``spec.paused`` or a hold no step may
    # end, and a preview that has just lost a pod is not switched to.
    halted = d.spec.paused or d.bitten is not None
    waiting = d.resumed and not d.status.abort and (d.spec.paused or not d.promoted)
    kept = waiting and (halted or d.spec.blue_green is not None)
    d.set(controller_pause=kept or bool(d.status.pause_conditions))
    phase, message = phases.decide(d)
    d.set(phase=phase, message=message)
    d.reasons.extend(standstill.of(d))
    return outcome.decision(d, *places)


def _cap(d: draft_module.Draft) -> int | None:
    """The most that the canary gets while something that is no step holds it."""
    if d.status.abort or d.promoted or d.spec.blue_green is not None:
        return None
    return d.kept.weight if d.kept is not None else unmeasured.cap(d)


Places = tuple[world.Route | None, dict[str, str], dict[str, world.Size]]


def _settled(d: draft_module.Draft) -> Places:
    """Where traffic, Services and pods should be; conditions may abort before that is known."""
    if d.spec.blue_green is None:
        conditions.settle(d)
        return traffic.decide(d), traffic.selectors(d), sizing.sizes(d)
    blue_green_places.selectors(d)
    blue_green_places.count(d)
    conditions.settle(d)
    return None, blue_green_places.selectors(d), blue_green_places.sizes(d)
