"""Instants within sentences, written so that they mean the same wherever and whenever one reads.

A sentence of the core lands in a status, an Event, a terminal and a chat. It says its instants
whole ("2026-11-30 09:00 UTC"): who reads it later or elsewhere needs no other date, and a renderer
finds them again and shows each on its reader's own clock.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_MOMENT = re.compile(
    r"(?:[A-Z][a-z]{2} )?"
    r"(\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?) "
    r"(?:(UTC)\b|([+-]\d\d:\d\d) \([\w/+-]{1,40}\))",
    re.ASCII,
)


def utc(at: datetime) -> str:
    """As in "2026-11-30 18:00 UTC"."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def exactly(at: datetime) -> str:
    """The same to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def local(at: datetime, zone: ZoneInfo) -> str:
    """The same on the clock of ``zone``: "Mon 2026-11-30 09:00 +01:00 (Europe/Berlin)"."""
    there = at.astimezone(zone)
    return f"{there:%a %Y-%m-%d %H:%M} {there.isoformat()[-6:]} ({zone.key})"


def parted(text: str) -> Iterator[str | datetime]:
    """The text in its order, each instant in it as one."""
    end = 0
    for found in _MOMENT.finditer(text):
        moment = _instant(found)
        if moment is not None:
            yield text[end : found.start()]
            yield moment
            end = found.end()
    yield text[end:]


def _instant(found: re.Match[str]) -> datetime | None:
    """None where it only looks like one, as the 31st of February does, or is before 1970."""
    day, offset = found[1].replace(" ", "T"), found[3] or "+00:00"
    try:
        moment = datetime.fromisoformat(day + offset).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.timestamp() > 0 else None
