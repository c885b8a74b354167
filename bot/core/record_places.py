"""Which message tells of a record: the keys under which its place may be kept."""

from collections.abc import Iterable

from bot.model import records
from bot.model.records import Kind

_OF_ALERTS = frozenset({
    Kind.ABORTED, Kind.ROLLED_BACK, Kind.WEIGHT_ZERO, Kind.RESTORED, Kind.NOT_RESTORED
})  # fmt: skip


def places(record: records.Record, said: Iterable[str]) -> tuple[str, ...]:
    """Under which keys the message of a record may stand, the nearest first."""
    mine = f"card:{record.hash}:{record.revision}"
    if record.gate:
        return (f"gate:{record.gate}", mine)
    if record.kind in _OF_ALERTS:
        stamps = [key for key in said if key.startswith(f"alert:{record.hash}:")]
        return (*sorted(stamps, reverse=True), mine)
    return (mine,)
