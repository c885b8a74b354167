"""Which try of a revision something under the seal is of.

A seal says that something was decided, not that it still counts: a whole earlier status, put
back by whoever may write the status, bears good seals. So the ReplicaSet of a revision with
named gates bears a guard until it is the stable, out of reach of those who write the status
alone: since when what was decided counts, under which number of revision, beside which stable.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot.core import draft as draft_module
from bot.model import sealed, status, world

GUARD = "rollout-bot.io/guard"

R = TypeVar("R", sealed.Approved, sealed.Passed, sealed.Glass, status.Intent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """``revision`` is the number that the ReplicaSet had then, ``stable`` the hash of another."""

    since: datetime
    revision: int
    stable: str


def guard(rs: world.ReplicaSet | None) -> Guard | None:
    """The one of the present try; what cannot be read counts as none."""
    found = None if rs is None else _decode(rs.annotations.get(GUARD, ""))
    return (
        found if found is not None and rs is not None and found.revision == rs.revision else None
    )


def counted(
    known: status.Status, seen: world.Seen, new: world.ReplicaSet, now: datetime
) -> status.Status:
    """The status with everything of an earlier try as if it bore no seal."""
    floors = _floors(seen, new, now)
    if not floors:
        return known
    bot, held = known.bot, known.bot.shut
    begun = None if held is None else floors.get(held.revision)
    if held is not None and begun is not None and held.start < begun.replace(microsecond=0):
        held = replace(held, signed=False)
    block = replace(
        bot,
        intents=tuple(_of_now(one, floors, new.hash) for one in bot.intents),
        approvals=tuple(_of_now(one, floors, new.hash) for one in bot.approvals),
        passes=tuple(_of_now(one, floors, new.hash) for one in bot.passes),
        glasses=tuple(_of_now(one, floors, new.hash) for one in bot.glasses),
        shut=held,
    )
    return replace(known, bot=block)


def at(d: draft_module.Draft) -> datetime:
    """When what is recorded now happened: in this try, though the clock before ran ahead."""
    return max(d.now, _floors(d.seen, d.family.new, d.now).get(d.family.new.hash, d.now))


def marks(d: draft_module.Draft, rs: world.ReplicaSet, *, named: bool) -> dict[str, str | None]:
    """The guard that a ReplicaSet must have (None: must not have); empty where it stays."""
    if rs.hash == d.status.stable_hash:
        return {GUARD: None} if GUARD in rs.annotations else {}
    if rs.name != d.family.new.name or not named or d.family.stable is None:
        return {}
    former = _decode(rs.annotations.get(GUARD, ""))
    begun = _begun(d, rs)
    since = begun if former is None else max(former.since, begun)
    wanted = {
        "since": since.isoformat(),
        "revision": rs.revision,
        "stable": d.status.stable_hash,
    }
    return {GUARD: json.dumps(wanted, separators=(",", ":"))}


def _begun(d: draft_module.Draft, rs: world.ReplicaSet) -> datetime:
    """When the present try began; with an abort the next one does.

    What the status says of it can be written by anybody, so it never lies ahead.
    """
    if d.status.abort:
        return min(d.now, d.status.aborted_at or d.now)
    if _shipped_now(d.seen, rs):
        return d.now
    if d.status.bot.started is None:
        # It was begun by another controller: only what we have recorded since can count.
        return rs.created if d.status.bot.passes else d.now
    return min(d.now, d.status.bot.started)


def _floors(seen: world.Seen, new: world.ReplicaSet, now: datetime) -> Mapping[str, datetime]:
    """From when on what was decided counts, by revision; no entry: there is no limit."""
    found: dict[str, datetime] = {}
    for rs in seen.replica_sets:
        if (known := _decode(rs.annotations.get(GUARD, ""))) is not None:
            found[rs.hash] = known.since
    if _shipped_now(seen, new):
        found[new.hash] = now
    return found


def _shipped_now(seen: world.Seen, new: world.ReplicaSet) -> bool:
    """Whether it gets its number in this pass, and so begins, whatever the status says."""
    there = next((rs for rs in seen.replica_sets if rs.name == new.name), None)
    return there is None or there.revision != new.revision


def _of_now(one: R, floors: Mapping[str, datetime], mine: str) -> R:
    begun = floors.get(one.revision or mine)
    # What bears no seal and counts was vouched for by the cluster itself, as it was written.
    old = begun is not None and one.seal and one.at < begun
    return replace(one, signed=False) if old else one


def _decode(text: str) -> Guard | None:
    if not text:
        return None
    try:
        got: Any = json.loads(text)
        since = datetime.fromisoformat(got["since"])
        return Guard(
            since=since if since.tzinfo else since.replace(tzinfo=UTC),
            revision=int(got["revision"]),
            stable=str(got["stable"]),
        )
    except (ValueError, TypeError, KeyError):
        return None
