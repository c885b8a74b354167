"""Which revision is the stable where gates have named approvers, whatever is written.

Sealed from the begin of an update on: who writes another stable before the gate would pass it too.
Between updates its ReplicaSet is marked, out of reach of those who write the status alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.core import draft as draft_module
from bot.core import revisions, tries, turn, writers
from bot.model import sealed, status, world
from bot.model import spec as spec_model

AHEAD = -2
"""The step of a ``Held`` whose gate has not been reached."""


def true(
    spec: spec_model.Spec,
    known: status.Status,
    seen: world.Seen,
    new: world.ReplicaSet,
    named: Sequence[int],
) -> status.Status:
    """The status with the stable that is one: nobody makes another so by writing it.

    ``new`` is the revision that is rolled out, ``named`` its gates that only named people open.
    Where the former stable is not there any more nothing is left to go back to.
    """
    sets = {rs.hash: rs for rs in seen.replica_sets if not rs.deleting}
    was = _held_back(known, seen, sets)
    if not was and named:
        was = (
            _beside(known, sets, new)
            or _marked(spec, known, seen, sets)
            or _never_passed(known, seen, sets, named)
            or _missing(known, sets, new)
        )
    return replace(known, stable_hash=was) if was else known


Sets = Mapping[str, world.ReplicaSet]


def _held_back(known: status.Status, seen: world.Seen, sets: Sets) -> str:
    """The seal names the stable beside the revision that is said to be it."""
    held = _sealed(known)
    if held is None or held.stable == held.revision or known.stable_hash != held.revision:
        return ""
    return held.stable if _serves(held.stable, seen, sets) else ""


def _serves(pod_hash: str, seen: world.Seen, sets: Sets) -> bool:
    """Whether the former stable has pods, or a Service still leads to it.

    Where neither is so another controller has completed the update meanwhile.
    """
    there = sets.get(pod_hash)
    led = any(service.hash == pod_hash for service in seen.services.values())
    return there is not None and (led or there.replicas > 0)


def _beside(known: status.Status, sets: Sets, new: world.ReplicaSet) -> str:
    """While a guarded revision is under way the stable is the one that its guard names."""
    found = tries.guard(sets.get(new.hash))
    if found is None or found.revision != new.revision:
        return ""
    if known.stable_hash in {found.stable, new.hash}:
        return ""
    return found.stable if found.stable in sets else ""


def _marked(spec: spec_model.Spec, known: status.Status, seen: world.Seen, sets: Sets) -> str:
    """The one that was the last to be promoted, unless another controller promoted since.

    Whether a claimed one that still bears its guard has passed its gates is asked elsewhere: what
    is seen of ReplicaSets and Services may be older than the status.
    """
    found = [rs for rs in sets.values() if revisions.STABLE in rs.annotations]
    claimed = sets.get(known.stable_hash)
    if len(found) != 1 or found[0] is claimed:
        return ""
    led, (mine,) = _led(spec, seen), found
    if claimed is not None and (led == claimed.hash or tries.guard(claimed) is not None):
        return ""
    # A canary of another controller may bear it from an earlier time.
    return mine.hash if led == mine.hash or claimed is None or not claimed.replicas else ""


def _led(spec: spec_model.Spec, seen: world.Seen) -> str:
    """The revision that the stable's Service leads to; empty where that does not tell."""
    canary, switched = spec.canary, spec.blue_green
    if canary.ping_pong is not None:
        return ""  # which of the two it is the status says
    name = canary.stable_service if switched is None else switched.active_service
    service = seen.services.get(name)
    return "" if service is None else service.hash


def _never_passed(known: status.Status, seen: world.Seen, sets: Sets, named: Sequence[int]) -> str:
    """It still bears its guard: users are on the former stable, or on what serves by now."""
    claimed = known.stable_hash
    found = tries.guard(sets.get(claimed))
    if found is None or all(_passed(known, claimed, gate) for gate in named):
        return ""
    return found.stable if _serves(found.stable, seen, sets) else _serving(sets.values())


def _missing(known: status.Status, sets: Sets, new: world.ReplicaSet) -> str:
    """No revision is named that is there, but others serve: it is no first deployment."""
    if known.stable_hash in sets:
        return ""
    held = _sealed(known)
    if held is not None and held.revision == new.hash and held.stable in sets:
        return held.stable
    return _serving(rs for rs in sets.values() if rs.hash != new.hash)


def _serving(among: Iterable[world.ReplicaSet]) -> str:
    """The one with most pods of those that no guard keeps from being the stable."""
    free = (rs for rs in among if rs.replicas and tries.guard(rs) is None)
    found = max(free, key=lambda rs: (rs.replicas, rs.revision), default=None)
    return found.hash if found is not None else ""


def _sealed(known: status.Status) -> sealed.Held | None:
    held = known.bot.shut
    return held if held is not None and held.signed and held.stable else None


def _passed(known: status.Status, revision: str, gate: int) -> bool:
    passes = known.bot.passes
    return any(p.signed and p.revision == revision and p.step == gate for p in passes)


def marks(d: draft_module.Draft, rs: world.ReplicaSet, *, named: bool) -> dict[str, str | None]:
    """The mark that a ReplicaSet must have (None: must not have); empty where it stays.

    It goes in the pass of another's promotion and comes in the one after: a pass that is lost in
    between leaves none rather than one that is wrong. An abort is no time for it: whoever refuses
    the mark would refuse the pods that come in the same patch.
    """
    there = revisions.STABLE in rs.annotations
    if rs.hash != d.status.stable_hash:
        return {revisions.STABLE: None} if there else {}
    settled = named and rs.hash == d.before.stable_hash and not (there or d.status.abort)
    return {revisions.STABLE: "true"} if settled else {}


def undone(d: draft_module.Draft) -> list[str]:
    """What somebody wrote that is not so."""
    stable = ["stableRS"] if d.claimed not in {None, d.before.stable_hash} else []
    return [*stable, *turn.undone(d)]


def tell(d: draft_module.Draft) -> None:
    """Say so where no gate does: none holds the update, or there is none."""
    if not (wrote := undone(d)):
        return
    by = writers.of_status(d.seen.raw, wrote, since=None) or writers.UNKNOWN
    what = ", ".join(wrote)
    sentence = f"{by} wrote {what}: {d.before.stable_hash} is the stable all the same"
    d.event("StableKept", sentence, warning=True)
    d.because("stable-kept", sentence)


def keep(d: draft_module.Draft, *, shut: bool) -> None:
    """Where no gate holds now: remember the stable as long as one that is ``shut`` is ahead."""
    known, stable, mine = d.status.bot.shut, d.status.stable_hash, d.family.new.hash
    if not shut or d.promoted or not stable:
        if known is not None:
            d.set_bot(shut=None)
        return
    if known is not None and known.signed and known.step == AHEAD and known.revision == mine:
        return
    start = d.now.replace(microsecond=0)
    held = sealed.Held(
        revision=mine, step=AHEAD, start=start, steps="", weight=0, stable=stable, signed=True
    )
    d.set_bot(shut=held)
