"""How every ReplicaSet should be sized now, with its scale-down deadline (spec §2.9 to §2.16)."""

from datetime import datetime, timedelta

from bot.core import draft as draft_module
from bot.core import gates, replicas, weights
from bot.model import world


def target(d: draft_module.Draft) -> replicas.Sizes:
    """The sizes that the present step wants, no limits applied."""
    wanted = d.spec.replicas
    if d.promoted or d.family.stable is None:
        return replicas.Sizes(canary=wanted, stable=0)
    found = _asked(d, wanted)
    return found if gates.present(d) is None else _held(d, found)


def kept_back(d: draft_module.Draft) -> bool:
    """Whether a hold keeps the canary from the size that its step asks for."""
    return gates.present(d) is not None and target(d).canary < _asked(d, d.spec.replicas).canary


def _asked(d: draft_module.Draft, wanted: int) -> replicas.Sizes:
    weight = weights.of_size(d)
    if d.spec.canary.routed:
        return _behind_router(d, weight)
    return replicas.approximate(wanted, weight, d.spec.canary.max_surge)


def _held(d: draft_module.Draft, found: replicas.Sizes) -> replicas.Sizes:
    """Under a hold the canary keeps the pods that it has, and those for the weight that it has.

    The stable keeps enough for all the others, also where the whole rollout grows.
    """
    kept = max(_kept(d), d.family.new.replicas)
    canary = min(found.canary, kept)
    if canary == found.canary:
        return found
    stable = found.stable
    if not d.spec.canary.routed:
        stable = max(stable, d.spec.replicas - canary)
    elif d.spec.canary.dynamic:
        full = d.spec.canary.full
        stable = max(stable, replicas.needed(full - _seen_weight(d), 0, d.spec.replicas, full))
    return replicas.Sizes(canary=canary, stable=stable)


def _kept(d: draft_module.Draft) -> int:
    """The pods for the weight that the canary has, however large the rollout is by now."""
    canary, wanted = d.spec.canary, d.spec.replicas
    if not canary.routed:
        before = weights.before_step(canary.steps, d.index)
        return replicas.approximate(wanted, before, canary.max_surge).canary
    seen = _seen_weight(d)
    pods = replicas.routed(seen, wanted, None, seen, canary.full).canary
    return replicas.at_least(pods, min(canary.min_pods, wanted))


def _behind_router(d: draft_module.Draft, weight: int) -> replicas.Sizes:
    canary, explicit = d.spec.canary, _explicit(d)
    least = min(canary.min_pods, d.spec.replicas)
    found = replicas.routed(weight, d.spec.replicas, explicit, _seen_weight(d), canary.full)
    stable = found.stable
    if canary.dynamic:
        full = canary.full
        share = full if explicit is not None or d.status.abort else full - weight
        stable = replicas.needed(share, full - _least_seen(d), d.spec.replicas, full)
        stable = replicas.at_least(stable, least)
    pods = found.canary if explicit is not None else replicas.at_least(found.canary, least)
    return replicas.Sizes(canary=pods, stable=stable)


def _explicit(d: draft_module.Draft) -> int | None:
    """The canary's size by ``setCanaryScale``, where one is in force."""
    if d.skipping and not weights.held_before_full(d):
        return None
    if d.status.abort and d.spec.canary.abort_scale_down_delay_s != 0:
        return None
    scale = weights.canary_scale(d.spec.canary.steps, d.index)
    if scale is None:
        return None
    if scale.replicas is not None:
        return scale.replicas
    full = d.spec.canary.full
    pods = replicas.routed(scale.weight or 0, d.spec.replicas, None, 0, full).canary
    return replicas.at_least(pods, min(d.spec.canary.min_pods, d.spec.replicas))


def _seen_weight(d: draft_module.Draft) -> int:
    """The most that this canary gets: what a route still sends it, or is to send it now.

    A step that is over has set its weight in the very pass in which the next one may lower it.
    """
    written, wanted = d.before.weights, _wanted_weight(d)
    if written is None or written.canary_hash != d.family.new.hash:
        return wanted
    seen = max((view.weight or 0 for view in d.seen.routes), default=written.canary)
    return max(seen, wanted)


def _least_seen(d: draft_module.Draft) -> int:
    """The least that any route sends to this canary, or is to: what is left goes to the stable."""
    written = d.before.weights
    if written is None or written.canary_hash != d.family.new.hash:
        return 0
    seen = min((view.lowest or 0 for view in d.seen.routes), default=written.canary)
    return min(seen, _wanted_weight(d))


def _wanted_weight(d: draft_module.Draft) -> int:
    """What the next status sends to this canary: as before, until the route is decided."""
    wanted = d.status.weights
    return wanted.canary if wanted is not None and wanted.canary_hash == d.family.new.hash else 0


def enough(d: draft_module.Draft, available: int, wanted: int) -> bool:
    """Whether so many available pods do where ``wanted`` are asked for (spec §2.7)."""
    threshold = d.spec.canary.threshold
    if threshold is None:
        return available == wanted
    if threshold.percent:
        return wanted == 0 or available * 100 >= threshold.value * wanted
    return available >= threshold.value


def at_target(d: draft_module.Draft) -> tuple[bool, str]:
    """Whether pods are as the present step wants them (spec §2.7), and what is missing."""
    want, new, stable = target(d), d.family.new, d.family.stable
    there = new.replicas == want.canary and enough(d, new.available, want.canary)
    if d.family.creating or not there:
        return False, f"canary {new.available} of {want.canary} pods available"
    if stable is None:
        return False, "there is no stable revision"
    if d.spec.canary.dynamic:
        return True, ""
    if not d.promoted and (stable.replicas != want.stable or stable.current != want.stable):
        return False, f"stable has {stable.current} pods, should have {want.stable}"
    if not d.spec.canary.routed and any(rs.available for rs in d.family.retired):
        return False, "retired revisions still have pods"
    return True, ""


def sizes(d: draft_module.Draft) -> dict[str, world.Size]:
    """The size of every ReplicaSet of the rollout, by name."""
    if d.spec.paused:
        return {rs.name: _still(rs) for rs in d.family.all}
    found = _routed(d) if d.spec.canary.routed else _basic(d)
    return {rs.name: found.get(rs.name) or _still(rs) for rs in d.family.all}


def _still(rs: world.ReplicaSet) -> world.Size:
    return world.Size(
        replicas=rs.replicas, deadline=rs.deadline, keep_deadline=True, min_ready_s=rs.min_ready_s
    )


def _basic(d: draft_module.Draft) -> dict[str, world.Size]:
    spec, kin = d.spec, d.family
    limits = replicas.Limits(
        replicas=spec.replicas,
        surge=spec.canary.max_surge,
        unavailable=spec.canary.max_unavailable,
    )
    stable = None if d.promoted else kin.stable
    found = replicas.limited(target(d), limits, kin.new, stable, kin.retired)
    out = {kin.new.name: world.Size(replicas=found.canary)}
    if stable is not None:
        out[stable.name] = world.Size(replicas=found.stable)
    available = sum(rs.available for rs in kin.all)
    for name, size in replicas.retired_down(kin.retired, limits, available).items():
        out[name] = world.Size(replicas=size)
    return out


def _routed(d: draft_module.Draft) -> dict[str, world.Size]:
    kin, want = d.family, target(d)
    out: dict[str, world.Size] = {}
    if d.promoted:
        out[kin.new.name] = world.Size(replicas=d.spec.replicas)
    else:
        if kin.stable is not None:
            out[kin.stable.name] = world.Size(replicas=want.stable)
        out[kin.new.name] = _canary(d, want.canary)
    return out | _retired(d)


def _canary(d: draft_module.Draft, wanted: int) -> world.Size:
    """The canary's size; after an abort it stays warm for its delay (spec §2.17)."""
    new, delay = d.family.new, d.spec.canary.abort_scale_down_delay_s
    follows = d.spec.canary.dynamic and not d.spec.canary.abort_delay_given
    if not d.status.abort or delay == 0 or follows:
        return world.Size(replicas=wanted)
    stable = d.family.stable
    if new.deadline is None:
        if new.replicas == 0 or stable is None or stable.available < d.spec.replicas:
            return world.Size(replicas=new.replicas)
        until = _seconds(d.now + timedelta(seconds=delay))
        d.wake(until)
        return world.Size(replicas=new.replicas, deadline=until)
    if d.now < new.deadline:
        d.wake(new.deadline)
        return world.Size(replicas=new.replicas, deadline=new.deadline)
    return world.Size(replicas=0, deadline=new.deadline)


def _retired(d: draft_module.Draft) -> dict[str, world.Size]:
    """Retired ReplicaSets behind a router: unready pods go; referenced ones stay (§2.16)."""
    out: dict[str, world.Size] = {}
    kin, counted = d.family, 0
    least = d.spec.replicas - d.spec.canary.max_unavailable
    enough = sum(rs.available for rs in kin.all) > least
    for rs in sorted(kin.retired, key=lambda rs: -rs.revision):
        ready = min(rs.replicas, rs.available)
        if rs.replicas == 0:
            out[rs.name] = world.Size(replicas=0)
        elif not enough or _referenced(d, rs):
            out[rs.name] = world.Size(replicas=ready, deadline=rs.deadline)
        elif d.promoted or rs.deadline is not None:
            out[rs.name] = _delayed(d, rs, ready, counted)
            counted += out[rs.name].deadline is not None
        else:
            out[rs.name] = world.Size(replicas=0)
    return out


def _delayed(d: draft_module.Draft, rs: world.ReplicaSet, ready: int, counted: int) -> world.Size:
    """The delay before a former stable goes: newest revisions first, up to the limit."""
    canary = d.spec.canary
    limit = canary.scale_down_delay_revision_limit
    at_once = canary.scale_down_delay_s == 0 or canary.dynamic
    if (limit is not None and counted >= limit) or at_once:
        return world.Size(replicas=0)
    until = rs.deadline or _seconds(d.now + timedelta(seconds=canary.scale_down_delay_s))
    if d.now >= until:
        return world.Size(replicas=0)
    d.wake(until)
    return world.Size(replicas=ready, deadline=until)


def _referenced(d: draft_module.Draft, rs: world.ReplicaSet) -> bool:
    # After a turn of a ping-pong the canary's Service names the former stable, and gets nothing.
    idle = d.spec.canary.canary_service if d.spec.canary.ping_pong and d.promoted else ""
    named = {service.hash for name, service in d.seen.services.items() if name != idle}
    weights_now = d.status.weights
    if weights_now is not None:
        named |= {weights_now.canary_hash if weights_now.canary else "", weights_now.stable_hash}
    return rs.hash in named


def _seconds(instant: datetime) -> datetime:
    """Annotations hold whole seconds: compare what will be read back."""
    return instant.replace(microsecond=0)
