"""Records that are of no one rollout (gaps of the history, freezes), and what every record has.

What a rollout's status shows is ``chronicle``'s.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from bot.core import codec_status
from bot.core.gates import freeze_codec, freezes
from bot.core.notices import people
from bot.model import facts, messenger, policy, records
from bot.model.records import Kind, Way


def digest(text: str) -> str:
    """The id of a record: the same for the same ``text``, whenever and by whom it is derived."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def by(record: records.Record, person: facts.Person | None, way: str = "") -> records.Record:
    """``record`` with who did it: a person, else the tool that is known to have written it."""
    if person is None:
        tool = f"{way}{records.TOOL}" if way not in {"", *Way} else ""
        return replace(record, actor=tool, actor_id="", way=way or Way.STOCK)
    came = way or (Way.SLACK if person.slack_id else Way.MANIFEST)
    if person.user:
        came = Way.TERMINAL
    return replace(record, actor=person.name, actor_id=person.slack_id, way=came)


def gap(cluster: str, since: datetime, until: datetime, *, reason: str) -> records.Record:
    """That nothing could be recorded for a while."""
    return records.Record(
        id=digest(f"{cluster}|gap|{codec_status.stamp(since)}"),
        kind=Kind.GAP,
        at=until,
        cluster=cluster,
        reason=reason,
    )


def of_freeze(cluster: str, one: policy.Freeze, now: datetime) -> Iterator[records.Record]:
    """Its begin and, once it is over, its end: by a person, or by itself at its time.

    Of an end that nobody was told of, the message of the begin is the one to look at.
    """
    what = "stop-the-line" if one.stop else "freeze"
    scope = f"{freeze_codec.shown(one.scope)} ({what} {one.id})"
    until = f" until {codec_status.stamp(one.until)}" if one.until is not None else ""
    because = f": {one.reason}" if one.reason else ""
    begun = f"{scope}{until}{because}"
    moving, held = records.Stand(phase="moving"), records.Stand(phase="held")
    begin = _of_freeze(cluster, one, Kind.FROZEN, one.at, begun, one.by)
    yield _at(replace(begin, before=moving, after=held), one.begun_place)
    last = one.ended_place or one.begun_place
    if one.lifted_at is not None:
        end = _of_freeze(cluster, one, Kind.UNFROZEN, one.lifted_at, scope, one.lifted_by)
        yield _at(replace(end, before=held, after=moving), last)
    elif one.until is not None and not freezes.in_force(one, now):
        ended = f"{scope}: its time is over"
        end = _of_freeze(cluster, one, Kind.UNFROZEN, one.until, ended, "")
        yield _at(replace(end, before=held, after=moving), last)


def _at(record: records.Record, place: messenger.Place | None) -> records.Record:
    return record if place is None else replace(record, channel=place.channel, ts=place.ts)


def _of_freeze(  # noqa: PLR0917 - one record, all of it
    cluster: str, one: policy.Freeze, kind: Kind, at: datetime, reason: str, who: str
) -> records.Record:
    """The id is that of the freeze: whichever replica finds it makes the same record."""
    mark = f"{cluster}|{kind}|{one.id}|{codec_status.stamp(one.at)}"
    made = records.Record(
        id=digest(mark),
        kind=kind,
        at=at,
        cluster=cluster,
        namespace=one.scope.namespace,
        reason=reason,
    )
    person = people.decode(who)
    return by(made, person) if person is not None else made
