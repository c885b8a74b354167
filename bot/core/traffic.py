"""Where traffic should go now: the route, and the Services' selectors (spec §2.13, §2.17)."""

from bot.core import draft as draft_module
from bot.core import sizing, weights
from bot.model import status as status_model
from bot.model import world


def desired_weight(d: draft_module.Draft) -> int:
    """The canary's share of the traffic, as far as its pods are there."""
    new, steps = d.family.new, d.spec.canary.steps
    if d.promoted or d.status.abort or d.family.creating or new.available == 0:
        return 0
    known = d.status.weights
    # The weight of an earlier canary is not this one's.
    written = known.canary if known is not None and known.canary_hash == new.hash else 0
    if d.skipping:
        return written
    if weights.held_before_full(d):
        held = weights.held_weight(steps, d.index)
        return held if sizing.at_target(d)[0] else min(written, held)
    if d.show_weight is not None:
        return d.show_weight
    if not steps:
        return 0
    ready, _ = sizing.at_target(d)
    if ready:
        return weights.at_step(steps, d.index)
    return weights.before_step(steps, d.index)


def decide(d: draft_module.Draft) -> world.Route | None:
    """Set the next status' weights; the route to write, or None while the stable is too small."""
    canary, kin = d.spec.canary, d.family
    if not canary.routed or kin.stable is None:
        return None
    weight = desired_weight(d)
    floor = (100 - weight) * d.spec.replicas // 100
    stable_available = kin.new.available if d.promoted else kin.stable.available
    if stable_available < floor and not d.status.abort:
        d.because("stable-floor", f"stable has {stable_available} pods, {floor} are needed")
        return None
    new_weights = status_model.Weights(
        canary=weight,
        stable=100 - weight,
        canary_hash=kin.new.hash,
        stable_hash=kin.stable.hash,
        canary_service=canary.canary_service,
        stable_service=canary.stable_service,
    )
    _announce(d, new_weights)
    d.set(weights=new_weights)
    return world.Route(
        weight=weight,
        canary_hash=kin.new.hash,
        stable_hash=kin.stable.hash,
        canary_service=canary.canary_service,
        stable_service=canary.stable_service,
    )


def _announce(d: draft_module.Draft, now: status_model.Weights) -> None:
    old = d.status.weights
    if old == now:
        return
    details = f"to {now.canary}" if old is None else ""
    if old is not None and old.canary != now.canary:
        details = f"from {old.canary} to {now.canary}"
        d.shifted = True
    d.event("TrafficWeightUpdated", f"Traffic weight updated {details}")


def selectors(d: draft_module.Draft) -> dict[str, str]:
    """The revision each Service should select; one that may not move yet is left out."""
    canary, kin = d.spec.canary, d.family
    if kin.stable is None:
        return {}
    stable = kin.new if d.promoted else kin.stable
    out: dict[str, str] = {}
    if canary.stable_service and _may_take(d, canary.stable_service, stable):
        out[canary.stable_service] = stable.hash
    if not canary.canary_service:
        return out
    if d.status.abort and not d.promoted:
        if canary.canary_service not in d.seen.services:
            return out  # deleted: the route and the stable's Service still go back
        out[canary.canary_service] = stable.hash
    elif not kin.creating and _may_take(d, canary.canary_service, kin.new):
        out[canary.canary_service] = kin.new.hash
    return out


def _may_take(d: draft_module.Draft, service: str, rs: world.ReplicaSet) -> bool:
    """A Service moves to pods that are there: all of them when it is adopted, else one."""
    seen = d.seen.services.get(service)
    if seen is None:
        return False
    if seen.managed_by == "" or not seen.hash:
        return rs.replicas != 0 and rs.available >= rs.replicas
    return rs.available > 0
