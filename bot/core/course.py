"""How an update begins, and how it ends: reset, skip, promotion (spec §2.5, §2.12)."""

from dataclasses import replace

from bot.core import blue_green, codec_ping_pong, conditions, gates, revisions, sizing, weights
from bot.core import draft as draft_module
from bot.core.hashing import hashes
from bot.model import status

_BACKS = 4


def begin(d: draft_module.Draft) -> None:
    """Count what is there; start over where the template or the steps have changed."""
    count(d)
    step_hash = _step_hash(d)
    template_changed = d.before.current_hash not in {"", d.family.new.hash}
    steps_changed = d.before.step_hash != step_hash
    d.set(current_hash=d.family.new.hash, step_hash=step_hash)
    d.set(observed_generation=str(d.seen.generation))
    d.set(workload_generation=d.seen.workload.generation if d.seen.workload else "")
    if d.seen.revision != d.family.new.revision:
        d.event("RolloutUpdated", f"Rollout updated to revision {d.family.new.revision}")
        for sentence in d.spec.warnings:
            d.event("AcceptedHere", sentence, warning=True)
    if d.family.creating:
        _created(d)
    if template_changed and d.before.abort:
        _remember(d)
    if template_changed or steps_changed:
        _reset(d)
    _forget_other_strategy(d)


def _step_hash(d: draft_module.Draft) -> str:
    """A blue-green has no steps, and no hash of them."""
    if d.spec.blue_green is not None:
        return ""
    return hashes.of_steps(d.spec.raw_steps)


def _forget_other_strategy(d: draft_module.Draft) -> None:
    """What a rollout left behind when its strategy was changed."""
    if d.spec.blue_green is None:
        d.set(active="", preview="", checkpoint=False, pre_run=None, post_run=None)
    else:
        d.set(
            weights=None,
            stable_ping_pong="",
            step_run=None,
            background_run=None,
            step_index=None,
        )


def count(d: draft_module.Draft) -> None:
    """The pods that are there, as the status shows them."""
    everyone = d.family.all
    d.set(
        replicas=sum(rs.current for rs in everyone),
        updated_replicas=d.family.new.current,
        ready_replicas=sum(rs.ready for rs in everyone),
        available_replicas=sum(rs.available for rs in everyone),
        hpa_replicas=sum(rs.current for rs in everyone),
        selector=_selector_text(d),
    )


def _selector_text(d: draft_module.Draft) -> str:
    """The label selector as Kubernetes prints it: labels by name, then expressions."""
    labels = d.spec.selector.get("matchLabels") or {}
    parts = [f"{key}={value}" for key, value in sorted(labels.items())]
    for entry in d.spec.selector.get("matchExpressions") or ():
        values = ",".join(sorted(entry.get("values") or ()))
        match entry.get("operator"):
            case "In":
                parts.append(f"{entry.get('key')} in ({values})")
            case "NotIn":
                parts.append(f"{entry.get('key')} notin ({values})")
            case "Exists":
                parts.append(f"{entry.get('key')}")
            case _:
                parts.append(f"!{entry.get('key')}")
    return ",".join(parts)


def _created(d: draft_module.Draft) -> None:
    new = d.family.new
    if d.seen.workload is None or new.revision > 1:
        text = f"Created ReplicaSet {new.name} (revision {new.revision})"
        d.event("NewReplicaSetCreated", text)
    conditions.put(
        d,
        conditions.PROGRESSING,
        conditions.TRUE,
        "NewReplicaSetCreated",
        f'Created new replica set "{new.name}"',
    )


def _remember(d: draft_module.Draft) -> None:
    """Which revision was rolled back, so that it is known when somebody brings it back."""
    known = {k: v for k, v in d.status.bot.rolled_back.items() if k != d.before.current_hash}
    kept = dict([*known.items(), (d.before.current_hash, d.now.isoformat())][-_BACKS:])
    d.set_bot(rolled_back=kept)


def _reset(d: draft_module.Draft) -> None:
    """Everything that belonged to the former template or steps goes."""
    total = len(d.spec.canary.steps)
    had_pause = bool(d.before.pause_conditions)
    d.set(
        pause_conditions=(),
        controller_pause=False,
        abort=False,
        aborted_at=None,
        promote_full=False,
        step_run=None,
        background_run=None,
        pre_run=None,
        post_run=None,
        restarted_at=d.spec.restart_at,
        checkpoint=False,
        step_index=0 if total else None,
    )
    d.before = _without_pause(d.before)
    d.set_bot(opened=None, abort={}, overruled=(), started=d.now, full_gate_since=None, held=None)
    d.set_bot(approvals=(), passes=(), hurried=None)
    d.because("reset", "the pod template or the steps have changed")
    if d.promoted and total:
        d.set(step_index=total)
        d.event("SkipSteps", "Rollback to stable ReplicaSets")
    elif d.skipping and total and d.family.new.replicas:
        d.set(step_index=total)
        d.event("SkipSteps", "Rollback to active ReplicaSets within RollbackWindow")
        conditions.not_completed(d)
    elif not d.promoted:
        conditions.not_completed(d)
    if had_pause:
        d.event("RolloutResumed", "Rollout is resumed")


def _without_pause(before: status.Status) -> status.Status:
    """What was paused or aborted was another update: it must not count as a decision on this."""
    return replace(
        before, controller_pause=False, pause_conditions=(), abort=False, aborted_at=None
    )


def back_to_stable(d: draft_module.Draft) -> None:
    """Where the present template is the stable one there is nothing to go through."""
    if not d.promoted:
        return
    total = len(d.spec.canary.steps)
    d.set(
        abort=False,
        aborted_at=None,
        promote_full=False,
        pause_conditions=(),
        step_index=total or None,
    )
    d.resumed = False


def promote(d: draft_module.Draft) -> None:
    """Make the new revision the stable, once everything that was asked is seen to be so."""
    if d.spec.blue_green is not None:
        if why := blue_green.reason_to_promote(d):
            _promoted(d, why)
        return
    if d.status.abort or d.promoted:
        return
    if not d.status.stable_hash or d.family.stable is None:
        _promoted(d, "Initial deploy")
        return
    if d.family.creating or d.spec.paused or d.cap is not None:
        return
    if weights.held_before_full(d):
        return
    if (d.skipping or d.finished) and gates.stops(d, gates.present(d)):
        return
    if not _enough(d):
        return
    if d.status.promote_full:
        _promoted(d, "Full promotion requested")
    elif d.skipping:
        _promoted(d, "Rollback within window")
    elif d.finished and _all_traffic(d):
        total = len(d.spec.canary.steps)
        _promoted(d, f"Completed all {total} canary steps")


def _enough(d: draft_module.Draft) -> bool:
    """All pods of the new revision, or as many as the manifest says are enough."""
    wanted, available = d.spec.replicas, d.family.new.available
    given = d.spec.canary.threshold is not None
    return available >= wanted or (given and sizing.enough(d, available, wanted))


def _all_traffic(d: draft_module.Draft) -> bool:
    """With a router, promotion needs all traffic to be seen on the canary (design rule 2)."""
    if not d.spec.canary.routed or not d.spec.canary.steps:
        return True
    written = d.before.weights
    if (
        written is None
        or written.canary_hash != d.family.new.hash
        or written.canary != d.spec.canary.full
    ):
        return False
    stable = d.seen.services.get(d.spec.canary.stable_service)
    if stable is not None and stable.hash == d.family.new.hash:
        # A promotion had begun and its status was not saved: going back would flap the route.
        return True
    return all(view.lowest == d.spec.canary.full for view in d.seen.routes)


def _promoted(d: draft_module.Draft, why: str) -> None:
    new, total = d.family.new, len(d.spec.canary.steps)
    if d.spec.canary.ping_pong is not None and not d.promoted:
        _swap_services(d)
    d.set(
        stable_hash=new.hash,
        pause_conditions=(),
        abort=False,
        aborted_at=None,
        promote_full=False,
        step_run=None,
        checkpoint=False,
        step_index=total or None,
    )
    former = d.family.stable
    retired = d.family.retired
    if former is not None and former.hash != new.hash:
        retired = (former, *retired)
    d.family = revisions.Family(new=new, creating=d.family.creating, stable=new, retired=retired)
    d.event(
        "RolloutCompleted",
        f"Rollout completed update to revision {new.revision} ({new.hash}): {why}",
    )
    d.because("promotion", why)


def _swap_services(d: draft_module.Draft) -> None:
    """The Service that all traffic goes to becomes the stable's: no selector, no route moves."""
    canary = d.spec.canary
    d.set(stable_ping_pong=codec_ping_pong.after_promotion(d.status.stable_ping_pong))
    swapped = replace(
        canary, canary_service=canary.stable_service, stable_service=canary.canary_service
    )
    d.spec = replace(d.spec, canary=swapped)
