"""Which try of a revision something under the seal is of.

A seal says that something was decided, not that it still counts: a whole earlier status, put
back by whoever may write the status, bears good seals. So the ReplicaSet of a revision with
named gates bears a guard until it is the stable, out of reach of those who write the status
alone: which try this is, and since when what was decided counts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot.core import draft as draft_module
from bot.core import revisions
from bot.model import sealed, status, world

LENGTH_MOST = 1_000

R = TypeVar("R", sealed.Approved, sealed.Passed, sealed.Glass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What one try is, by what only the bot and a new decision change.

    ``revision`` is the number that the ReplicaSet had, ``stable`` the hash of the one beside it,
    ``steps`` the hash of the steps. What was decided counts from ``since`` on; a gate that holds,
    from ``begun`` on: it outlives a change of the steps.
    """

    since: datetime
    begun: datetime
    revision: int
    stable: str
    steps: str
    aborted: bool


def guard(rs: world.ReplicaSet | None) -> Guard | None:
    """The one of the present number of revision; what cannot be read counts as none."""
    found = _read(rs)
    return (
        found if found is not None and rs is not None and found.revision == rs.revision else None
    )


def counted(
    known: status.Status, seen: world.Seen, new: world.ReplicaSet, now: datetime
) -> status.Status:
    """The status without what was decided in an earlier try.

    Requests of it are kept, to be answered, as if they bore no seal.
    """
    floors = _floors(seen, new, now)
    if not floors:
        return known
    bot = known.bot
    block = replace(
        bot,
        intents=tuple(_asked(one, floors, new.hash) for one in bot.intents),
        approvals=_of_now(bot.approvals, floors),
        passes=_of_now(bot.passes, floors),
        glasses=_of_now(bot.glasses, floors),
        shut=_held(bot.shut, floors),
    )
    return replace(known, bot=block)


def at(d: draft_module.Draft) -> datetime:
    """When what is decided now happens: in this try, though the clock before ran ahead."""
    floor = _floors(d.seen, d.family.new, d.now).get(d.family.new.hash)
    return d.now if floor is None else max(d.now, floor[0])


def stamp(sheet: draft_module.Draft | None, now: datetime) -> datetime:
    """The same for a request that is made out of a pass."""
    return now if sheet is None else max(now, at(sheet))


def marks(d: draft_module.Draft, rs: world.ReplicaSet, *, named: bool) -> dict[str, str | None]:
    """The guard that a ReplicaSet must have (None: must not have); empty where it stays."""
    if rs.hash == d.status.stable_hash:
        return {revisions.GUARD: None} if revisions.GUARD in rs.annotations else {}
    if rs.name != d.family.new.name or not named or d.family.stable is None:
        return {}
    former = _read(rs)
    if former is None and _way_back(d, rs):
        return {}
    since, begun = _times(d, rs, former)
    wanted = {
        "since": since.isoformat(),
        "begun": begun.isoformat(),
        "revision": rs.revision,
        "stable": d.status.stable_hash,
        "steps": d.status.step_hash,
        "aborted": d.status.abort,
    }
    return {revisions.GUARD: json.dumps(wanted, separators=(",", ":"))}


def _times(
    d: draft_module.Draft, rs: world.ReplicaSet, former: Guard | None
) -> tuple[datetime, datetime]:
    """Since when decisions, and held gates, count. No time of the status moves them."""
    if former is None:
        first = _first(d, rs)
        return first, first
    now = max(former.since, d.now)
    if (former.revision, former.aborted) != (rs.revision, d.status.abort):
        return now, now
    return (former.since if former.steps == d.status.step_hash else now), former.begun


def _first(d: draft_module.Draft, rs: world.ReplicaSet) -> datetime:
    """Where there was no guard until now: what the bot before has recorded counts on."""
    started = d.status.bot.started
    if d.status.abort or _shipped_now(d.seen, rs):
        return d.now
    if started is None:
        return rs.created if d.status.bot.passes else d.now
    return min(d.now, started)


def _way_back(d: draft_module.Draft, rs: world.ReplicaSet) -> bool:
    """Whether an earlier stable returns by a way on which no gate stands."""
    warm = d.spec.blue_green is not None and revisions.warm(rs, d.now)
    return warm or revisions.in_window(d.family, d.spec.rollback_window)


Floors = Mapping[str, tuple[datetime, datetime]]


def _floors(seen: world.Seen, new: world.ReplicaSet, now: datetime) -> Floors:
    """``since`` and ``begun`` by revision; no entry: there is no limit."""
    read = ((rs.hash, _read(rs)) for rs in seen.replica_sets)
    found = {pod_hash: (one.since, one.begun) for pod_hash, one in read if one is not None}
    if _shipped_now(seen, new):
        found[new.hash] = (now, now)
    return found


def _shipped_now(seen: world.Seen, new: world.ReplicaSet) -> bool:
    """Whether it gets its number in this pass, and so begins, whatever the status says."""
    there = next((rs for rs in seen.replica_sets if rs.name == new.name), None)
    return there is None or there.revision != new.revision


def _of_now(records: tuple[R, ...], floors: Floors) -> tuple[R, ...]:
    return tuple(r for r in records if r.revision not in floors or r.at >= floors[r.revision][0])


def _asked(one: status.Intent, floors: Floors, mine: str) -> status.Intent:
    floor = floors.get(one.revision or mine)
    # What bears no seal and counts was vouched for by the cluster itself, as it was written.
    old = floor is not None and one.seal and one.at < floor[0]
    return replace(one, signed=False) if old else one


def _held(held: sealed.Held | None, floors: Floors) -> sealed.Held | None:
    """A pause begins at a whole second."""
    floor = None if held is None else floors.get(held.revision)
    if held is None or floor is None or held.start >= floor[1].replace(microsecond=0):
        return held
    return None


def _read(rs: world.ReplicaSet | None) -> Guard | None:
    text = "" if rs is None else rs.annotations.get(revisions.GUARD, "")
    if not text or len(text) > LENGTH_MOST:
        return None
    try:
        got: Any = json.loads(text)
        return Guard(
            since=_instant(got["since"]),
            begun=_instant(got["begun"]),
            revision=int(got["revision"]),
            stable=str(got["stable"]),
            steps=str(got["steps"]),
            aborted=got["aborted"] is True,
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
