"""How many pods each revision should have (spec §2.9, §2.11). Arithmetic only."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bot.core import amounts
from bot.model import world


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Pods of the canary and of the stable."""

    canary: int
    stable: int


def approximate(replicas: int, weight: int, surge: int) -> Sizes:
    """The split of pods nearest to ``weight`` per cent, without a router.

    The candidates are the rounded-up and rounded-down canary of ``replicas`` pods and, with a
    surge, of one pod more; the first with the smallest distance to the weight wins. Neither side
    is empty for 1 to 99 %, where more than one pod can be had. Source: spec §2.9, with its
    deliberate fix: where Argo finds no candidate and takes the canary to 0, one stable pod stays.
    """
    if replicas == 0:
        return Sizes(canary=0, stable=0)
    exact = Fraction(replicas * weight, 100)
    low, high = int(exact), -int(-exact // 1)
    zero_allowed = weight in {0, 100} or (replicas == 1 and surge == 0)
    candidates = _candidates(replicas, weight, high, low, zero_allowed=zero_allowed)
    if surge > 0:
        one_more = replicas + 1
        candidates.append((high, one_more))
        if not _tie(one_more, weight) and (low != 0 or zero_allowed):
            candidates.append((low, one_more))
    if not candidates:
        return Sizes(canary=replicas - 1, stable=1)
    best = min(candidates, key=lambda c: abs(Fraction(c[0] * 100, c[1]) - weight))
    return Sizes(canary=best[0], stable=best[1] - best[0])


def _candidates(
    replicas: int, weight: int, high: int, low: int, *, zero_allowed: bool
) -> list[tuple[int, int]]:
    found = []
    if high < replicas or zero_allowed:
        found.append((high, replicas))
    if not _tie(replicas, weight) and (low != 0 or zero_allowed):
        found.append((low, replicas))
    return found


def _tie(total: int, weight: int) -> bool:
    """Whether ``weight`` per cent of ``total`` ends in exactly one half."""
    return Fraction(total * weight, 100) % 1 == Fraction(1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``maxSurge`` and ``maxUnavailable`` in pods, beside the number wanted."""

    replicas: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        return self.replicas + self.surge

    @property
    def least_available(self) -> int:
        return self.replicas - self.unavailable


def limited(
    target: Sizes,
    limits: Limits,
    canary: world.ReplicaSet,
    stable: world.ReplicaSet | None,
    retired: Sequence[world.ReplicaSet],
) -> Sizes:
    """The sizes that may be asked for now, on the way to ``target`` (spec §2.9).

    Up as far as the surge allows, the stable first; down only when no retired pods are left and
    only so far that enough pods stay available.
    """
    stable_now = stable.replicas if stable else 0
    total = canary.replicas + stable_now + sum(rs.replicas for rs in retired)
    budget = max(0, limits.most - total)
    stable_next = stable_now + min(budget, max(0, target.stable - stable_now))
    budget -= stable_next - stable_now
    canary_next = canary.replicas + min(budget, max(0, target.canary - canary.replicas))
    if any(rs.replicas > 0 for rs in retired):
        return Sizes(canary=canary_next, stable=stable_next)
    return _drained(target, limits, canary, stable, Sizes(canary=canary_next, stable=stable_next))


def _drained(
    target: Sizes,
    limits: Limits,
    canary: world.ReplicaSet,
    stable: world.ReplicaSet | None,
    raised: Sizes,
) -> Sizes:
    growing = target.canary >= canary.replicas
    spare = _spare(canary, ignore=not growing) + _spare(stable, ignore=growing)
    if spare <= limits.least_available:
        return raised
    allowed = spare - limits.least_available
    if growing:
        drained = _down(stable, target.stable, allowed, raised.stable)
        drained, kept = _within(stable, canary, drained, raised.canary, limits)
        return Sizes(canary=kept, stable=drained)
    drained = _down(canary, target.canary, allowed, raised.canary)
    drained, kept = _within(canary, stable, drained, raised.stable, limits)
    return Sizes(canary=drained, stable=kept)


def _spare(rs: world.ReplicaSet | None, *, ignore: bool) -> int:
    """The pods that count as capacity; ``ignore`` availability for the side being drained."""
    if rs is None:
        return 0
    return rs.replicas if ignore else min(rs.replicas, rs.available)


def _down(rs: world.ReplicaSet | None, target: int, allowed: int, current: int) -> int:
    if rs is None or rs.replicas <= target:
        return current
    return max(target, rs.replicas - allowed)


def _within(
    drained_rs: world.ReplicaSet | None,
    kept_rs: world.ReplicaSet | None,
    drained: int,
    kept: int,
    limits: Limits,
) -> tuple[int, int]:
    """Keep the sum below the limit without losing pods that availability needs."""
    over = max(0, drained + kept - limits.most)
    lowered = max(0, kept - over)
    kept_available = kept_rs.available if kept_rs else 0
    drained_available = drained_rs.available if drained_rs else 0
    lost = max(0, min(kept, kept_available) - min(lowered, kept_available))
    have = min(lowered, kept_available) + min(drained, drained_available)
    give_back = min(lost, max(0, limits.least_available - have))
    return max(0, drained - give_back), lowered + give_back


def retired_down(
    retired: Sequence[world.ReplicaSet], limits: Limits, available: int
) -> dict[str, int]:
    """Sizes of retired ReplicaSets without a router: unready pods go, then newest first."""
    sizes = {rs.name: min(rs.replicas, rs.available) for rs in retired}
    spare = available - limits.least_available
    for rs in sorted(retired, key=lambda rs: -rs.revision):
        if spare <= 0:
            break
        taken = min(spare, sizes[rs.name])
        sizes[rs.name] -= taken
        spare -= taken
    return sizes


def routed(
    target_weight: int, replicas: int, explicit: int | None, seen_weight: int, full: int = 100
) -> Sizes:
    """Sizes with a router: the canary as its weight of ``full`` needs, the stable whole (§2.11).

    ``seen_weight`` is what the route still sends: pods go only after their traffic did (a
    deliberate fix: Argo removes pods first when a weight is lowered).
    """
    wanted = amounts.share_of(target_weight, replicas, full) if explicit is None else explicit
    needed = amounts.share_of(seen_weight, replicas, full) if explicit is None else 0
    return Sizes(canary=max(wanted, needed), stable=replicas)


def needed(share: int, seen_share: int, replicas: int, full: int) -> int:
    """The pods of a stable that shrinks: for what it should get, and for what it still gets."""
    wanted = amounts.share_of(share, replicas, full)
    return max(wanted, amounts.share_of(seen_share, replicas, full))


def at_least(pods: int, least: int) -> int:
    """``minPodsPerReplicaSet``: none stays none (spec §2.11)."""
    return 0 if pods == 0 else max(pods, least)
