"""Which revision is the stable while a named gate holds another back, whatever is written.

Sealed from the begin of an update on: who writes another stable before the gate would pass it too.
"""

from dataclasses import replace

from bot.core import draft as draft_module
from bot.model import sealed, status, world

AHEAD = -2
"""The step of a ``Held`` whose gate has not been reached."""


def true(known: status.Status, seen: world.Seen) -> status.Status:
    """While a gate holds a revision back, nobody makes it the stable by writing so.

    Where the former stable is not there any more nothing is left to go back to.
    """
    held = known.bot.shut
    if held is None or not held.signed or not held.stable or held.stable == held.revision:
        return known
    if known.stable_hash != held.revision or all(
        one.hash != held.stable for one in seen.replica_sets
    ):
        return known
    return replace(known, stable_hash=held.stable)


def undone(d: draft_module.Draft) -> list[str]:
    """What somebody wrote that is not so."""
    found = (d.seen.raw.get("status") or {}).get("stableRS")
    held = d.status.bot.shut
    wrote = held is not None and held.signed and found == held.revision
    return ["stableRS"] if wrote and d.before.stable_hash != found else []


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
