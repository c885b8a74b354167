"""Where a blue-green's pods and Services should be now (spec §3.3, §3.6, §3.7, §3.9)."""

from datetime import datetime, timedelta

from bot.core import blue_green, revisions
from bot.core import draft as draft_module
from bot.model import spec as spec_model
from bot.model import world

DEFAULT_DELAY_S = 30


def selectors(d: draft_module.Draft) -> dict[str, str]:
    """The revision each Service should select; also kept in the next status."""
    chosen = blue_green.strategy(d)
    out: dict[str, str] = {}
    active = _active(d)
    if active and chosen.active_service in d.seen.services:
        out[chosen.active_service] = active
    preview = _preview(d)
    if preview and chosen.preview_service in d.seen.services:
        out[chosen.preview_service] = preview
    d.set(active=active, preview=preview)
    return out


def _active(d: draft_module.Draft) -> str:
    """The revision for production. An abort goes first: back once one stable pod is there."""
    now, stable = blue_green.active_hash(d), d.family.stable
    if d.status.abort and not d.promoted:
        return stable.hash if stable is not None and stable.available > 0 else now
    held = blue_green.halted(d) or not (blue_green.at_target(d) and blue_green.saturated(d))
    if not held and (blue_green.fast_tracked(d) or d.cleared):
        return d.family.new.hash
    if not now and stable is not None and not d.promoted and stable.available > 0:
        return stable.hash  # somebody stripped the hash: nothing is promoted by that
    return now


def _preview(d: draft_module.Draft) -> str:
    name = blue_green.strategy(d).preview_service
    if not name:
        return ""
    if blue_green.halted(d) and name in d.seen.services:
        return d.seen.services[name].hash
    return d.family.new.hash


def count(d: draft_module.Draft) -> None:
    """The status shows what serves: the pods of the active revision (spec §3.9)."""
    found = next((rs for rs in d.family.all if rs.hash == d.status.active), None)
    if found is None:
        return
    d.set(
        ready_replicas=found.ready,
        available_replicas=found.available,
        hpa_replicas=found.current,
        selector=f"{d.status.selector},{revisions.HASH}={found.hash}",
    )


def sizes(d: draft_module.Draft) -> dict[str, world.Size]:
    """The size of every ReplicaSet of the rollout, by name."""
    kin = d.family
    out = {kin.new.name: _new(d)}
    if kin.stable is not None and not d.promoted:
        out[kin.stable.name] = world.Size(replicas=d.spec.replicas)
    return out | _retired(d)


def _new(d: draft_module.Draft) -> world.Size:
    new = d.family.new
    if not d.status.abort or d.promoted:
        keep = new.deadline if blue_green.way_back(d) == "Fast rollback" else None
        switched = blue_green.active_hash(d) == new.hash
        return world.Size(
            replicas=blue_green.target(d), deadline=None if d.promoted or switched else keep
        )
    return _aborted(d)


def _aborted(d: draft_module.Draft) -> world.Size:
    """The preview stays for its delay after an abort; a delay of 0 keeps it (spec §3.8)."""
    new, stable = d.family.new, d.family.stable
    delay = blue_green.strategy(d).abort_scale_down_delay_s
    serves = blue_green.active_hash(d) == new.hash
    safe = stable is not None and stable.available >= d.spec.replicas and not serves
    if new.deadline is None:
        if delay == 0 or new.replicas == 0 or not safe:
            return world.Size(replicas=new.replicas)
        until = _seconds(d.now + timedelta(seconds=delay))
        d.wake(until)
        return world.Size(replicas=new.replicas, deadline=until)
    if serves or d.now < new.deadline:
        d.wake(new.deadline)
        return world.Size(replicas=new.replicas, deadline=new.deadline)
    return world.Size(replicas=0, deadline=new.deadline)


def _retired(d: draft_module.Draft) -> dict[str, world.Size]:
    """Old revisions: warm for their delay after the promotion, newest first (spec §3.7)."""
    out: dict[str, world.Size] = {}
    chosen, counted = blue_green.strategy(d), 0
    waits = blue_green.halted(d) or (
        chosen.post is not None and chosen.scale_down_delay_s is None and not d.promoted
    )
    for rs in sorted(d.family.retired, key=lambda rs: -rs.revision):
        if waits or rs.replicas == 0 or _referenced(d, rs) or not _leaves(d, rs):
            out[rs.name] = world.Size(replicas=rs.replicas, deadline=rs.deadline)
            continue
        out[rs.name] = _delayed(d, rs, counted)
        counted += out[rs.name].deadline is not None
    return out


def _leaves(d: draft_module.Draft, rs: world.ReplicaSet) -> bool:
    return d.promoted or rs.deadline is not None


def warm_s(chosen: spec_model.BlueGreen) -> int:
    """How long the former active keeps its pods after a promotion."""
    delay = chosen.scale_down_delay_s
    return DEFAULT_DELAY_S if delay is None else delay


def _delayed(d: draft_module.Draft, rs: world.ReplicaSet, counted: int) -> world.Size:
    chosen = blue_green.strategy(d)
    limit = chosen.scale_down_delay_revision_limit
    delay = warm_s(chosen)
    if (limit is not None and counted >= limit) or delay == 0:
        return world.Size(replicas=0)
    until = rs.deadline or _seconds(d.now + timedelta(seconds=delay))
    if d.now >= until:
        return world.Size(replicas=0)
    d.wake(until)
    return world.Size(replicas=d.spec.replicas, deadline=until)


def _referenced(d: draft_module.Draft, rs: world.ReplicaSet) -> bool:
    named = {service.hash for service in d.seen.services.values()}
    return rs.hash in named | {d.status.active, d.status.preview}


def _seconds(instant: datetime) -> datetime:
    """Annotations hold whole seconds: compare what will be read back."""
    return instant.replace(microsecond=0)
