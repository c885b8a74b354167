"""The hash chain of the history: what an entry's digest covers, and where a chain breaks.

SHA-256 over the digest before it and canonical JSON. Empty values are left out, so that a column
that a later version adds does not change what earlier ones have written.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.model import records

START = "0" * 64
"""What stands before the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first entry that is not what was written; ``id`` is empty where it is gone."""

    seq: int
    id: str
    sentence: str


def entry(
    record: records.Record, *, seq: int, previous: str, written_at: datetime
) -> records.Entry:
    """``record`` as the entry after the one with the digest ``previous``."""
    return records.Entry(
        seq=seq,
        written_at=written_at,
        previous=previous,
        digest=digest(record, seq=seq, previous=previous, written_at=written_at),
        record=record,
    )


def digest(record: records.Record, *, seq: int, previous: str, written_at: datetime) -> str:
    """What an entry's digest must be."""
    value = {"seq": seq, "writtenAt": stamp(written_at), **flat(record)}
    return hashlib.sha256(f"{previous}\n{canonical(value)}".encode()).hexdigest()


def flat(record: records.Record) -> dict[str, Any]:
    """The record as plain values: texts, whole numbers, times in UTC; empty ones left out."""
    found: dict[str, Any] = {}
    for one in dataclasses.fields(record):
        value = getattr(record, one.name)
        if dataclasses.is_dataclass(value):
            for inner in dataclasses.fields(value):
                found[f"{one.name}_{inner.name}"] = _plain(getattr(value, inner.name))
        else:
            found[one.name] = _plain(value)
    return {key: value for key, value in found.items() if value not in (None, "")}


def canonical(value: Any) -> str:
    """One text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def stamp(at: datetime) -> str:
    """An instant to the microsecond, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: Any) -> Any:
    """Somebody may have put anything into a table: it is then another value, and no error."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, str):
        return str(value)
    return value if value is None or isinstance(value, int | float) else repr(value)


@dataclass(slots=True, kw_only=True)
class Walker:
    """Follows a chain from its start. ``head`` is the newest entry as it was kept apart.

    ``head`` must have been read before the entries: what was added since is only followed.
    ``noted`` is an entry that somebody wrote down elsewhere: a chain that was made anew lacks it.
    """

    head: records.Head
    noted: records.Head | None = None
    seq: int = 0
    previous: str = START
    _since: dict[int, tuple[str, str]] = field(default_factory=dict)

    def follow(self, entries: Iterable[records.Entry]) -> Broken | None:
        """Go on over the next entries; the first that is wrong, if one is."""
        for one in entries:
            if (sentence := self._wrong(one)) is not None:
                return Broken(seq=one.seq, id=one.record.id, sentence=sentence)
            self.seq, self.previous = one.seq, one.digest
            if one.seq > self.head.seq:
                self._since[one.seq] = one.record.id, one.digest
        return None

    def end(self, head: records.Head | None = None) -> Broken | None:
        """Whether the chain reaches as far as it once did, and no farther than it may.

        ``head`` was read after the last entry: the writer moves it with each that it adds.
        """
        if head is not None:
            for seq, (record, digest) in self._since.items():
                if seq > head.seq or (seq == head.seq and digest != head.digest):
                    sentence = "it was not added by the writer: the head does not know it"
                    return Broken(seq=seq, id=record, sentence=sentence)
        last = max(self.head.seq, self.noted.seq if self.noted is not None else 0)
        if self.seq >= last:
            return None
        gone = f"entries {self.seq + 1} to {last} are gone from the end"
        return Broken(seq=self.seq + 1, id="", sentence=gone)

    def _wrong(self, one: records.Entry) -> str | None:
        if not isinstance(one.seq, int) or one.seq <= self.seq:
            return "no entry can stand there"
        if one.seq != self.seq + 1:
            return f"entry {self.seq + 1} is gone before it"
        if one.previous != self.previous:
            return "it does not follow the entry before it"
        wanted = digest(one.record, seq=one.seq, previous=one.previous, written_at=one.written_at)
        if one.digest != wanted:
            return "it was changed after it was written"
        if one.seq == self.head.seq and one.digest != self.head.digest:
            return "it is not the entry that the head of the chain names"
        if (
            self.noted is not None
            and one.seq == self.noted.seq
            and one.digest != self.noted.digest
        ):
            return "it is not the entry that was noted: the chain was made anew"
        return None
