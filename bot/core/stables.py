"""Which revision is the stable while a named gate holds another back, whatever is written.

Sealed from the begin of an update on: who writes another stable before the gate would pass it too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core import draft as draft_module
from bot.core import tries, writers
from bot.model import sealed, status, world

AHEAD = -2
"""The step of a ``Held`` whose gate has not been reached."""


def true(
    known: status.Status, seen: world.Seen, new: world.ReplicaSet, named: Sequence[int]
) -> status.Status:
    """The status with the stable that is one: nobody makes another so by writing it.

    ``new`` is the revision that is rolled out, ``named`` its gates that only named people open.
    Where the former stable is not there any more nothing is left to go back to.
    """
    sets = {rs.hash: rs for rs in seen.replica_sets if not rs.deleting}
    was = _held_back(known, sets)
    if not was and named:
        was = _never_passed(known, sets, named) or _missing(known, sets, new)
    return replace(known, stable_hash=was) if was else known


def _held_back(known: status.Status, sets: Mapping[str, world.ReplicaSet]) -> str:
    """The seal names the stable beside the revision that is said to be it."""
    held = _sealed(known)
    if held is None or held.stable == held.revision or known.stable_hash != held.revision:
        return ""
    return held.stable if held.stable in sets else ""


def _never_passed(
    known: status.Status, sets: Mapping[str, world.ReplicaSet], named: Sequence[int]
) -> str:
    """It still bears its guard, and the former stable serves as before.

    Where that one has no pods left another controller has completed the update meanwhile.
    """
    claimed = known.stable_hash
    found = tries.guard(sets.get(claimed))
    if found is None or all(_passed(known, claimed, gate) for gate in named):
        return ""
    former = sets.get(found.stable)
    return found.stable if former is not None and former.available else ""


def _missing(
    known: status.Status, sets: Mapping[str, world.ReplicaSet], new: world.ReplicaSet
) -> str:
    """No revision is named that is there, but others serve: it is no first deployment."""
    if known.stable_hash in sets:
        return ""
    held, found = _sealed(known), tries.guard(sets.get(new.hash))
    told = [held.stable] if held is not None and held.revision == new.hash else []
    told += [found.stable] if found is not None else []
    if there := next((one for one in told if one in sets), ""):
        return there
    others = [rs for rs in sets.values() if rs.hash != new.hash and rs.replicas]
    others = [rs for rs in others if tries.guard(rs) is None]
    serving = max(others, key=lambda rs: (rs.replicas, rs.revision), default=None)
    return serving.hash if serving is not None else ""


def _sealed(known: status.Status) -> sealed.Held | None:
    held = known.bot.shut
    return held if held is not None and held.signed and held.stable else None


def _passed(known: status.Status, revision: str, gate: int) -> bool:
    passes = known.bot.passes
    return any(p.signed and p.revision == revision and p.step == gate for p in passes)


def undone(d: draft_module.Draft) -> list[str]:
    """What somebody wrote that is not so."""
    return ["stableRS"] if d.claimed not in {None, d.before.stable_hash} else []


def tell(d: draft_module.Draft) -> None:
    """Say so where no gate does: none holds the update, or there is none."""
    if not (wrote := undone(d)):
        return
    by = writers.of_status(d.seen.raw, wrote, since=None) or writers.UNKNOWN
    sentence = f"{by} wrote stableRS: {d.before.stable_hash} is the stable all the same"
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
