"""Where the message of a record stands, from what the cluster says by now.

Which message tells of a record is ``core.record_places``.
"""

from collections.abc import Callable
from dataclasses import replace

from bot.core import codec_block, record_places
from bot.model import messenger, past, ports, records

_PLACELESS = frozenset({records.Kind.GAP})

Link = Callable[[messenger.Place], str]


def expected(record: records.Record) -> bool:
    """Whether a message of it is worth a moment: it is what people look up."""
    return record.kind in past.DECISIONS - _PLACELESS


def placed(record: records.Record, rollouts: ports.Cache, link: Link) -> records.Record:
    """``record`` with the place of its message and the address of that, where it is known."""
    if record.ts:  # a freeze brings its own
        place = messenger.Place(channel=record.channel, ts=record.ts)
        return replace(record, permalink=link(place))
    rollout = rollouts.get(record.namespace, record.rollout) if record.rollout else None
    if rollout is None or rollout["metadata"].get("uid") != record.uid:
        return record
    block = (rollout.get("status") or {}).get("rolloutBot")
    said = codec_block.decode(block).said
    for key in record_places.places(record, said):
        found = said.get(key)
        if isinstance(found, dict) and found.get("ts") and found.get("channel"):
            place = messenger.Place(channel=str(found["channel"]), ts=str(found["ts"]))
            return replace(record, channel=place.channel, ts=place.ts, permalink=link(place))
    return record
