"""Which message tells of a record: the keys under which its place may be kept."""

from collections.abc import Iterable

from bot.core import loose_records
from bot.core.notices import glassing
from bot.model import records
from bot.model.records import Kind

_OF_ALERTS = frozenset({
    Kind.ABORTED, Kind.ROLLED_BACK, Kind.WEIGHT_ZERO, Kind.RESTORED, Kind.NOT_RESTORED,
    Kind.EXPLAINED,
})  # fmt: skip
_OF_GLASSES = frozenset({Kind.GLASS_ASKED, Kind.GLASS_BROKEN, Kind.GLASS_REFUSED})


def places(record: records.Record, said: Iterable[str]) -> tuple[str, ...]:
    """Under which keys the message of a record may stand, the nearest first."""
    mine = f"card:{record.hash}:{record.revision}"
    if record.gate:
        return (f"gate:{record.gate}", mine)
    if record.kind in _OF_ALERTS:
        stamps = [key for key in said if key.startswith(f"alert:{record.hash}:")]
        return (*sorted(stamps, reverse=True), mine)
    if record.kind in _OF_GLASSES:
        return (*(key for key in said if _of_glass(record, key)), mine)
    return (mine,)


def _of_glass(record: records.Record, key: str) -> bool:
    """Whether the message under ``key`` is of the request that ``record`` is of."""
    prefix, glass = glassing.PREFIX, key.removeprefix(glassing.PREFIX)
    marks = (f"{record.cluster}|{record.uid}|{what}|{glass}" for what in ("glass", "glass-end"))
    return key.startswith(prefix) and record.id in map(loose_records.digest, marks)
