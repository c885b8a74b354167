"""Where traffic should go now: the route, and the Services' selectors (spec §2.13, §2.17)."""

from bot.core import draft as draft_module
from bot.core import gates, giving, shares, sizing, weights
from bot.model import status as status_model
from bot.model import world


def desired_weight(d: draft_module.Draft) -> int:
    """The canary's share of the traffic; under a hold no more than it has."""
    wanted, has = _wanted(d), _has(d)
    if wanted > has and gates.stops(d, gates.present(d)):
        return has
    return wanted


def _has(d: draft_module.Draft) -> int:
    """The weight that was written for this canary: that of an earlier one is not this one's."""
    known = d.status.weights
    return known.canary if known is not None and known.canary_hash == d.family.new.hash else 0


def _wanted(d: draft_module.Draft) -> int:
    """The canary's share of the traffic, as far as its pods are there."""
    new, canary = d.family.new, d.spec.canary
    if d.promoted or d.status.abort:
        return _only_what_stable_cannot_take(d) if canary.dynamic else 0
    if d.family.creating or new.available == 0:
        return 0
    written = _has(d)
    if d.cap is not None:
        return min(written, d.cap)
    if d.skipping:
        most = _available_share(d, new) if canary.dynamic else written
        return min(most, weights.of_size(d))  # its gate before 100 % holds all the same
    if weights.held_before_full(d):
        held = weights.held_weight(canary, d.index)
        return held if sizing.at_target(d)[0] else min(written, held)
    if d.show_weight is not None:
        return d.show_weight
    if not canary.steps:
        return 0
    ready, _ = sizing.at_target(d)
    if ready:
        return weights.at_step(canary, d.index)
    return weights.before_step(canary.steps, d.index)


def _available_share(d: draft_module.Draft, rs: world.ReplicaSet) -> int:
    """The share of the traffic, in whole units of weight, that the available pods can take."""
    full = d.spec.canary.full
    return min(full, rs.available * full // d.spec.replicas) if d.spec.replicas else full


def _only_what_stable_cannot_take(d: draft_module.Draft) -> int:
    """With ``dynamicStableScale`` the stable has given up pods: it gets traffic as they come back.

    The weight never rises on the way (spec §2.14).
    """
    stable, known = d.family.stable, d.status.weights
    canary_hash = _sent_to(d)
    if stable is None or known is None or canary_hash in {"", stable.hash}:
        return 0
    return min(giving.believed(d, known.canary), d.spec.canary.full - _available_share(d, stable))


def _as_pods_return(d: draft_module.Draft, weight: int) -> int:
    """A gate that is shut: an abort that was taken back keeps nobody on the canary for longer.

    A weight that falls is else not written before the stable has the pods for all of it.
    """
    has, stable = giving.held_back(d), d.family.stable
    if not d.spec.canary.dynamic or stable is None or has is None or has <= weight:
        return weight
    return max(weight, min(has, d.spec.canary.full - _available_share(d, stable)))


def _sent_to(d: draft_module.Draft) -> str:
    """The revision that the canary's share goes to, which may be one that was taken back."""
    known = d.status.weights
    if (
        known is None
        or not known.canary
        or not any(rs.hash == known.canary_hash for rs in d.family.all)
    ):
        return ""
    return known.canary_hash


def decide(d: draft_module.Draft) -> world.Route | None:
    """Set the next status' weights; the route to write, or None while the stable is too small."""
    canary, kin = d.spec.canary, d.family
    if not canary.routed or kin.stable is None:
        return None
    weight = _as_pods_return(d, desired_weight(d))
    canary_hash = kin.new.hash
    if canary.dynamic and d.promoted and weight:
        canary_hash = _sent_to(d)
    floor = (canary.full - weight) * d.spec.replicas // canary.full
    stable_available = kin.new.available if d.promoted else kin.stable.available
    enough = stable_available >= floor or (
        canary.threshold is not None and sizing.enough(d, stable_available, d.spec.replicas)
    )
    if not enough and not d.status.abort:
        d.because("stable-floor", f"stable has {stable_available} pods, {floor} are needed")
        return None
    extra = shares.of_experiment(d)
    new_weights = status_model.Weights(
        canary=weight,
        stable=canary.full - weight - sum(one.weight for one in extra),
        additional=tuple(
            status_model.ExtraWeight(weight=one.weight, service=one.service, hash=one.hash)
            for one in extra
        ),
        canary_hash=canary_hash,
        stable_hash=kin.stable.hash,
        canary_service="" if canary.ping_pong else canary.canary_service,
        stable_service="" if canary.ping_pong else canary.stable_service,
    )
    _announce(d, new_weights)
    d.set(weights=new_weights)
    return world.Route(
        weight=weight,
        canary_hash=canary_hash,
        stable_hash=kin.stable.hash,
        canary_service=canary.canary_service,
        stable_service=canary.stable_service,
        extra=extra,
        managed=shares.managed(d),
    )


def _announce(d: draft_module.Draft, now: status_model.Weights) -> None:
    old = d.status.weights
    if old == now:
        return
    details = [f"to {now.canary}"] if old is None else []
    if old is not None and old.canary != now.canary:
        details.append(f"from {old.canary} to {now.canary}")
        d.shifted = True
    if now.additional != (() if old is None else old.additional):
        listed = " ".join(f"{{{x.weight} {x.service} {x.hash}}}" for x in now.additional)
        details.append(f"additional: [{listed}]")
    d.event("TrafficWeightUpdated", f"Traffic weight updated {', '.join(details)}")


def selectors(d: draft_module.Draft) -> dict[str, str]:
    """The revision each Service should select; one that may not move yet is left out."""
    canary, kin = d.spec.canary, d.family
    if canary.ping_pong is not None:
        return _by_turns(d)
    if kin.stable is None:
        return {}
    stable = kin.new if d.promoted else kin.stable
    out: dict[str, str] = {}
    if canary.stable_service and _may_take(d, canary.stable_service, stable):
        out[canary.stable_service] = stable.hash
    if not canary.canary_service:
        return out
    if canary.dynamic and (d.status.abort or d.promoted) and _sent_to(d):
        return out  # it still gets traffic, and keeps the pods that serve it
    if d.status.abort and not d.promoted:
        if canary.canary_service not in d.seen.services:
            return out  # deleted: the route and the stable's Service still go back
        out[canary.canary_service] = stable.hash
    elif (
        not kin.creating
        and _may_take(d, canary.canary_service, kin.new)
        and not giving.keeps_service(d)
    ):
        out[canary.canary_service] = kin.new.hash
    return out


def _by_turns(d: draft_module.Draft) -> dict[str, str]:
    """Ping-pong: the canary's Service follows the canary at once, also to a first revision.

    Nothing is sent to it until the route says so. After a promotion it stays where it was, so
    that no selector moves under traffic that a route is only just taking away.
    """
    canary, kin = d.spec.canary, d.family
    out: dict[str, str] = {}
    stable = kin.new if d.promoted else kin.stable
    if stable is not None and _may_take(d, canary.stable_service, stable):
        out[canary.stable_service] = stable.hash
    if d.promoted or canary.canary_service not in d.seen.services:
        return out
    back = d.status.abort and kin.stable is not None
    if giving.keeps_service(d) if not back else canary.dynamic and _sent_to(d):
        return out  # it still gets traffic, and keeps the pods that serve it
    target = kin.stable if back and kin.stable is not None else kin.new
    out[canary.canary_service] = target.hash
    return out


def _may_take(d: draft_module.Draft, service: str, rs: world.ReplicaSet) -> bool:
    """A Service moves to pods that are there: all of them when it is adopted, else one."""
    seen = d.seen.services.get(service)
    if seen is None:
        return False
    if seen.managed_by == "" or not seen.hash:
        return rs.replicas != 0 and rs.available >= rs.replicas
    return rs.available > 0
