"""The course of a blue-green: preview, pause, switch of the active Service, promotion (spec §3).

Where pods and selectors should be is ``blue_green_places``. Two defects of the peer are mended
here (spec §10.1): a resume counts as a promotion also with ``autoPromotionSeconds``, and a
missing hash on the active Service opens no gate after the first deployment.
"""

from datetime import timedelta

from bot.core import analyses, gatekeeping, gates, inconclusive, progress, revisions, weights
from bot.core import draft as draft_module
from bot.model import holds, status
from bot.model import spec as spec_model

PAUSE = status.PauseReason.BLUE_GREEN


def strategy(d: draft_module.Draft) -> spec_model.BlueGreen:
    """The strategy of a rollout that is known to be blue-green."""
    found = d.spec.blue_green
    if found is None:
        raise TypeError("not a blue-green rollout")
    return found


def active_hash(d: draft_module.Draft) -> str:
    """The revision that production traffic reaches now, as seen."""
    service = d.seen.services.get(strategy(d).active_service)
    return "" if service is None else service.hash


def target(d: draft_module.Draft) -> int:
    """The pods that the new revision should have now (spec §3.3)."""
    count, wanted = strategy(d).preview_replicas, d.spec.replicas
    if count is None or fast_tracked(d) or d.status.checkpoint:
        return wanted
    return count


def at_target(d: draft_module.Draft) -> bool:
    new, wanted = d.family.new, target(d)
    return not d.family.creating and new.replicas == wanted == new.available


def saturated(d: draft_module.Draft) -> bool:
    """Whether the new revision has all its pods, ready to take everything."""
    new, wanted = d.family.new, d.spec.replicas
    return not d.family.creating and new.replicas == wanted == new.available


def halted(d: draft_module.Draft) -> bool:
    inconclusive = status.PauseReason.INCONCLUSIVE
    return d.spec.paused or any(p.reason == inconclusive for p in d.status.pause_conditions)


def fast_tracked(d: draft_module.Draft) -> bool:
    """Whether nothing more has to be waited for: first, back, within a window, or switched."""
    active = active_hash(d)
    if d.promoted or active == d.family.new.hash or not d.status.stable_hash:
        return True
    if weights.held_before_full(d) or d.status.abort:
        return False
    return (d.status.promote_full and hold(d) is None) or way_back(d) != ""


def hold(d: draft_module.Draft) -> holds.Hold | None:
    """What holds the switch from outside; never one that goes back to an earlier revision."""
    return None if way_back(d) else gates.present(d)


def way_back(d: draft_module.Draft) -> str:
    """Why an earlier revision may come back at once; empty where it may not (spec §2.19)."""
    if revisions.GUARD in d.family.new.annotations:
        return ""  # it has never been the stable
    if revisions.in_window(d.family, d.spec.rollback_window):
        return "Rollback within window"
    retried = d.before.aborted_at is not None
    return "Fast rollback" if revisions.warm(d.family.new, d.now) and not retried else ""


def advance(d: draft_module.Draft) -> None:
    """Analyses and pauses; afterwards ``d.cleared`` says whether the switch may be made."""
    if d.status.abort or d.promoted or not d.status.stable_hash:
        return
    if d.status.promote_full and not weights.held_before_full(d) and hold(d) is None:
        d.set(pause_conditions=())
    if d.spec.paused:
        return
    _analyze(d)
    if halted(d) or not at_target(d):
        return
    _hold(d)
    if d.cleared and strategy(d).preview_replicas is not None and not d.status.checkpoint:
        d.set(checkpoint=True)


def _analyze(d: draft_module.Draft) -> None:
    active, new, chosen = active_hash(d), d.family.new, strategy(d)
    # An analysis before the switch looks at the preview as it is, however small it was asked for.
    if chosen.pre is not None and active not in {"", new.hash} and not fast_tracked(d):
        analyses.want_beside(d, "pre_run", chosen.pre, analyses.PRE, may_start=at_target(d))
    skipped = d.status.promote_full or way_back(d) != ""
    if chosen.post is not None and active == new.hash and not skipped:
        analyses.want_beside(d, "post_run", chosen.post, analyses.POST, may_start=saturated(d))


def _passed(d: draft_module.Draft, ref: status.RunRef | None) -> bool:
    """Whether an analysis need not be waited for: it succeeded, or a person let it pass."""
    return ref is not None and (
        ref.status == "Successful" or inconclusive.overruled(d.status, ref)
    )


def _hold(d: draft_module.Draft) -> None:
    if d.kept is not None:
        gatekeeping.stay(d)
        return
    chosen = strategy(d)
    gate = weights.held_before_full(d)
    if fast_tracked(d) or (d.status.checkpoint and not gate):
        _release(d)
        return
    if chosen.pre is not None and not _passed(d, d.status.pre_run):
        d.because("pre-promotion", "the analysis before the switch has not succeeded yet")
        return
    timed = chosen.auto_promotion and not gate
    if timed and chosen.auto_promotion_s == 0:
        _release(d)
        return
    if d.resumed:
        if not gates.stops(d, hold(d)):
            progress.opened(d, weights.FULL)
            _release(d)
        return
    _wait(d, chosen.auto_promotion_s if timed else None)


def _wait(d: draft_module.Draft, seconds: int | None) -> None:
    """Pause until a person promotes, or for ``seconds``."""
    progress.hold(d, PAUSE)
    pause = next(p for p in d.status.pause_conditions if p.reason == PAUSE)
    if seconds is None:
        d.because("blue-green-pause", "the switch waits until somebody promotes")
        return
    until = pause.start + timedelta(seconds=seconds)
    if d.now > until:
        _release(d)
        if d.cleared:
            d.event("RolloutResumed", "Rollout is resumed")
        return
    d.because("blue-green-pause", f"the switch is made {seconds} s after the preview was ready")
    d.wake(until + timedelta(milliseconds=1))


def _release(d: draft_module.Draft) -> None:
    if gates.stops(d, hold(d)):
        return
    d.cleared, d.resumed = True, False
    left = tuple(p for p in d.status.pause_conditions if p.reason != PAUSE)
    if left != d.status.pause_conditions:
        d.set(pause_conditions=left)


def reason_to_promote(d: draft_module.Draft) -> str:
    """Why the new revision is the stable one from now on; empty while it is not (spec §3.7)."""
    if not d.status.stable_hash or d.family.stable is None:
        return "Initial deploy"
    if d.status.abort or d.promoted or d.spec.paused or active_hash(d) != d.family.new.hash:
        return ""
    if (back := way_back(d)) != "":
        return back
    why = _why_promote(d)
    return "" if why and gates.stops(d, hold(d)) else why


def _why_promote(d: draft_module.Draft) -> str:
    if d.status.promote_full:
        return "Full promotion requested"
    if strategy(d).post is not None and not _passed(d, d.status.post_run):
        d.because("post-promotion", "the analysis after the switch has not succeeded yet")
        return ""
    return "Completed blue-green update"
