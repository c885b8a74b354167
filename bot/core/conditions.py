"""``status.conditions``, as Argo keeps them (spec §4.2, §4.3), and the progress deadline."""

from dataclasses import replace
from datetime import timedelta

from bot.core import draft as draft_module
from bot.model import spec, status

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
PROGRESSING, AVAILABLE, PAUSED = "Progressing", "Available", "Paused"
COMPLETED, HEALTHY, INVALID = "Completed", "Healthy", "InvalidSpec"
NOT_SUPPORTED = "NotSupported"


def put(d: draft_module.Draft, kind: str, state: str, reason: str, message: str) -> bool:
    """Set one condition; nothing happens where status and reason are the same already."""
    old = d.status.condition(kind)
    if old is not None and old.status == state and old.reason == reason:
        return False
    kept = old is not None and old.status == state
    fresh = status.Condition(
        type=kind,
        status=state,
        reason=reason,
        message=message,
        updated=d.now,
        transitioned=old.transitioned if kept and old is not None else d.now,
    )
    d.set(conditions=(*(c for c in d.status.conditions if c.type != kind), fresh))
    return True


def drop(d: draft_module.Draft, kind: str) -> None:
    if d.status.condition(kind) is not None:
        d.set(conditions=tuple(c for c in d.status.conditions if c.type != kind))


def settle(d: draft_module.Draft) -> None:
    """Bring every condition up to date with the next status; may abort by the deadline."""
    drop(d, INVALID)
    drop(d, NOT_SUPPORTED)
    _turned(d)
    unhealthy = _healthy(d)
    _completed(d)
    _progress(d, became_unhealthy=unhealthy)
    _available(d)
    _failures(d)
    _paused(d)
    _plan_deadline(d)


def _revision_text(d: draft_module.Draft) -> str:
    return str(d.family.new.revision)


def _turned(d: draft_module.Draft) -> None:
    """A pause or an abort that is over leaves its mark before progress is judged."""
    now = d.status.condition(PROGRESSING)
    reason = now.reason if now else ""
    if reason == "RolloutPaused" and not _is_paused(d) and not d.status.abort:
        put(d, PROGRESSING, UNKNOWN, "RolloutResumed", "Rollout is resumed")
    if reason == "RolloutAborted" and not d.status.abort:
        put(d, PROGRESSING, UNKNOWN, "RolloutRetry", "Retrying Rollout after abort")


def _is_paused(d: draft_module.Draft) -> bool:
    return bool(d.status.pause_conditions) or d.spec.paused or _held(d)


def _held(d: draft_module.Draft) -> bool:
    """Whether a hold from outside is all that it waits for; pods that do not come are not."""
    new = d.family.new
    return d.bitten is not None and not d.status.abort and new.available >= new.replicas


def is_healthy(d: draft_module.Draft) -> bool:
    """Argo's test of the Healthy condition (spec §4.2)."""
    s, wanted = d.status, d.spec.replicas
    if d.spec.blue_green is not None:
        served = {s.active, s.preview if d.spec.blue_green.preview_service else s.active}
        pods = s.updated_replicas == wanted == s.available_replicas
        return pods and d.promoted and served == {s.current_hash}
    counts = s.updated_replicas == wanted == s.available_replicas == s.replicas
    return counts and d.promoted and d.finished


def _healthy(d: draft_module.Draft) -> bool:
    if not _is_paused(d) and is_healthy(d):
        put(d, HEALTHY, TRUE, "RolloutHealthy", "Rollout is healthy")
        return False
    old = d.status.condition(HEALTHY)
    if old is None:
        return False
    put(d, HEALTHY, FALSE, "RolloutHealthy", "Rollout is not healthy")
    return old.status == TRUE


def _completed(d: draft_module.Draft) -> None:
    if d.promoted:
        put(d, COMPLETED, TRUE, "RolloutCompleted", "RolloutCompleted")
    else:
        not_completed(d)


def not_completed(d: draft_module.Draft) -> None:
    """Say that an update has begun, once."""
    if put(d, COMPLETED, FALSE, "RolloutCompleted", "RolloutCompleted"):
        d.event(
            "RolloutNotCompleted",
            f"Rollout not completed, started update to revision {_revision_text(d)} "
            f"({d.family.new.hash})",
        )


def _progress(d: draft_module.Draft, *, became_unhealthy: bool) -> None:
    name = d.family.new.name
    if d.status.abort:
        _aborted(d)
        return
    old = d.status.condition(PROGRESSING)
    s = d.status
    settled = (
        s.replicas == s.available_replicas
        and old is not None
        and old.reason == "NewReplicaSetAvailable"
        and old.status != UNKNOWN
    )
    if settled and not became_unhealthy:
        return
    if is_healthy(d):
        text = f'ReplicaSet "{name}" has successfully progressed.'
        put(d, PROGRESSING, TRUE, "NewReplicaSetAvailable", text)
    elif _moved(d) or became_unhealthy:
        _renewed(d, became_unhealthy=became_unhealthy)
    elif timed_out(d):
        text = f'ReplicaSet "{name}" has timed out progressing.'
        changed = put(d, PROGRESSING, FALSE, "ProgressDeadlineExceeded", text)
        if d.spec.progress_deadline_abort and not d.promoted:
            if changed:
                d.event("RolloutAborted", text, warning=True)
            d.abort("")
            d.abort_cause = ""
            d.set_bot(abort={**d.status.bot.abort, "cause": text, "deadline": True})
            _aborted(d)


def _aborted(d: draft_module.Draft) -> None:
    text = f"Rollout aborted update to revision {_revision_text(d)}"
    if d.abort_cause:
        text = f"{text}: {d.abort_cause}"
    if put(d, PROGRESSING, FALSE, "RolloutAborted", text):
        d.event("RolloutAborted", text, warning=True)


def _renewed(d: draft_module.Draft, *, became_unhealthy: bool) -> None:
    """Progress was made: the condition is new, only a lasting True keeps its transition."""
    old = d.status.condition(PROGRESSING)
    lost = d.promoted and became_unhealthy
    fresh = status.Condition(
        type=PROGRESSING,
        status=TRUE,
        reason="ReplicaSetNotAvailable" if lost else "ReplicaSetUpdated",
        message="Replicas are not available"
        if lost
        else f'ReplicaSet "{d.family.new.name}" is progressing.',
        updated=d.now,
        transitioned=old.transitioned if old is not None and old.status == TRUE else d.now,
    )
    d.set(conditions=(*(c for c in d.status.conditions if c.type != PROGRESSING), fresh))


def _moved(d: draft_module.Draft) -> bool:
    """Argo's test of progress: counts grew, old pods went, or the course moved on."""
    old, new = d.before, d.status
    return (
        new.updated_replicas != old.updated_replicas
        or new.replicas - new.updated_replicas < old.replicas - old.updated_replicas
        or new.ready_replicas > old.ready_replicas
        or new.available_replicas > old.available_replicas
        or new.stable_hash != old.stable_hash
        or new.step_index != old.step_index
        or new.step_hash != old.step_hash
        or (new.active, new.preview) != (old.active, old.preview)
    )


def timed_out(d: draft_module.Draft) -> bool:
    """Whether the progress deadline has passed."""
    old = d.status.condition(PROGRESSING)
    if old is None or _is_paused(d) or old.reason in {"RolloutAborted", "RolloutPaused"}:
        return False
    if old.reason == "ProgressDeadlineExceeded":
        return True
    if _untimed_step(d) or any(rs.deadline for rs in d.family.retired):
        return False
    return d.now > old.updated + timedelta(seconds=d.spec.progress_deadline_s)


def _plan_deadline(d: draft_module.Draft) -> None:
    """Look again when the deadline will have passed; a rollout at rest needs no timer."""
    old = d.status.condition(PROGRESSING)
    if old is None or d.status.abort or _is_paused(d) or _untimed_step(d) or is_healthy(d):
        return
    limit = old.updated + timedelta(seconds=d.spec.progress_deadline_s + 1)
    if limit > d.now:
        d.wake(limit)


def _untimed_step(d: draft_module.Draft) -> bool:
    if d.finished:
        return False
    return isinstance(d.spec.canary.steps[d.index], spec.Analysis | spec.Experiment | spec.Pause)


def _available(d: draft_module.Draft) -> None:
    if _enough(d):
        put(d, AVAILABLE, TRUE, "AvailableReason", "Rollout has minimum availability")
    else:
        text = "Rollout does not have minimum availability"
        put(d, AVAILABLE, FALSE, "AvailableReason", text)


def _enough(d: draft_module.Draft) -> bool:
    """A blue-green serves from its active revision alone, and needs all of that."""
    if d.spec.blue_green is None:
        return d.status.available_replicas >= d.spec.replicas
    active = next((rs for rs in d.family.all if rs.hash == d.status.active), None)
    return active is not None and active.available >= d.spec.replicas


def _failures(d: draft_module.Draft) -> None:
    """A ReplicaSet that cannot make its pods says so on the rollout."""
    failure = next((rs.failure for rs in d.family.all if rs.failure), None)
    if failure is None:
        drop(d, "ReplicaFailure")
        return
    reason, text = str(failure.get("reason", "")), str(failure.get("message", ""))
    put(d, "ReplicaFailure", TRUE, reason, text)


def _paused(d: draft_module.Draft) -> None:
    """Pauses are marked on both conditions, but an abort leaves what stands (§4.3)."""
    if d.status.abort:
        return
    now = d.status.condition(PAUSED)
    marked = now is not None and now.status == TRUE
    if _is_paused(d):
        if not d.promoted:
            put(d, PROGRESSING, UNKNOWN, "RolloutPaused", "Rollout is paused")
        put(d, PAUSED, TRUE, "RolloutPaused", "Rollout is paused")
    elif marked:
        put(d, PAUSED, FALSE, "RolloutPaused", "Rollout is paused")


def without_microseconds(value: status.Status) -> status.Status:
    """The status as it will be read back: times are whole seconds."""
    return replace(
        value,
        conditions=tuple(
            replace(
                c,
                updated=c.updated.replace(microsecond=0),
                transitioned=c.transitioned.replace(microsecond=0),
            )
            for c in value.conditions
        ),
        aborted_at=value.aborted_at.replace(microsecond=0) if value.aborted_at else None,
    )
