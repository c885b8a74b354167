"""The tables, alike in both databases, and an entry as a row of them.

``migrations`` makes the tables; a test holds the two to each other.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.model import records

_FORM = "%Y-%m-%d %H:%M:%S.%f"
_NO_TIME = datetime.min.replace(tzinfo=UTC)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware time in UTC; SQLite, which has no times, keeps a text of fixed form."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if _texts(dialect) else self.impl_instance)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.strftime(_FORM) if _texts(dialect) else utc

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """What is no time any more is one that nobody wrote: the chain then shows it."""
        if value is None or not _texts(dialect):
            return None if value is None else value.astimezone(UTC)
        try:
            return datetime.strptime(str(value), _FORM).replace(tzinfo=UTC)
        except ValueError:
            return _NO_TIME


def _texts(dialect: sa.Dialect) -> bool:
    return dialect.name == "sqlite"


METADATA = sa.MetaData()
_TIMES = ("commit_at", "shipped_at", "bad_since", "detected_at", "zero_at", "restored_at")
_UPDATE = ("commit", *_TIMES)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


RECORDS = sa.Table(
    "rollout_records",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("written_at", Instant, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("cluster", sa.Text, nullable=False),
    _text("namespace"),
    _text("rollout"),
    _text("uid"),
    sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
    _text("hash"),
    _text("actor"),
    _text("actor_id"),
    _text("way"),
    _text("reason"),
    *(
        column
        for side in ("before", "after")
        for column in (
            _text(f"{side}_phase"),
            sa.Column(f"{side}_weight", sa.Integer),
            sa.Column(f"{side}_step", sa.Integer),
        )
    ),
    _text("channel"),
    _text("ts"),
    _text("permalink"),
    _text("gate"),
    _text("about"),
    _text("commit"),
    *(sa.Column(name, Instant) for name in _TIMES),
    sa.UniqueConstraint("id", name="rollout_records_id"),
    sa.Index("rollout_records_by_rollout", "cluster", "namespace", "rollout", "at"),
    sa.Index("rollout_records_by_time", "at"),
)

HEAD = sa.Table(
    "rollout_records_head",
    METADATA,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.CheckConstraint("one = 1", name="rollout_records_head_one"),
)

_PLAIN = (
    "id", "at", "cluster", "namespace", "rollout", "uid", "revision", "hash", "actor",
    "actor_id", "way", "reason", "channel", "ts", "permalink", "gate", "about",
)  # fmt: skip


def to_row(entry: records.Entry) -> dict[str, Any]:
    """The values of one row."""
    record = entry.record
    row = {name: getattr(record, name) for name in _PLAIN}
    for side, stand in (("before", record.before), ("after", record.after)):
        row |= {
            f"{side}_phase": stand.phase,
            f"{side}_weight": stand.weight,
            f"{side}_step": stand.step,
        }
    row |= {name: getattr(record.update, name) for name in _UPDATE}
    return row | {
        "kind": str(record.kind),
        "way": str(record.way),
        "seq": entry.seq,
        "previous": entry.previous,
        "digest": entry.digest,
        "written_at": entry.written_at,
    }


def from_row(row: Mapping[str, Any]) -> records.Entry:
    """The entry that a row holds, whatever somebody has made of it."""
    record = records.Record(
        **{name: row[name] for name in _PLAIN},
        kind=_kind(str(row["kind"])),
        before=_stand(row, "before"),
        after=_stand(row, "after"),
        update=records.Update(**{name: row[name] for name in _UPDATE}),
    )
    return records.Entry(
        seq=row["seq"],
        written_at=row["written_at"],
        previous=row["previous"],
        digest=row["digest"],
        record=record,
    )


def _stand(row: Mapping[str, Any], side: str) -> records.Stand:
    return records.Stand(
        phase=row[f"{side}_phase"], weight=row[f"{side}_weight"], step=row[f"{side}_step"]
    )


def _kind(text: str) -> Any:
    """A kind that this version does not know stays a text: a newer one wrote it."""
    try:
        return records.Kind(text)
    except ValueError:
        return text
