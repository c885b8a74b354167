"""Instants in sentences that are read anywhere: the day only where it is not today."""

from datetime import datetime
from zoneinfo import ZoneInfo


def utc(at: datetime, now: datetime) -> str:
    """As in "18:00 UTC", or "Mon 30 Nov 09:00 UTC"."""
    return f"{at:%H:%M} UTC" if at.date() == now.date() else f"{at:%a %d %b %H:%M} UTC"


def local(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """The same on the clock of ``zone``: "Mon 30 Nov 09:00 (Europe/Berlin)"."""
    there, here = at.astimezone(zone), now.astimezone(zone)
    text = f"{there:%H:%M}" if there.date() == here.date() else f"{there:%a %d %b %H:%M}"
    return f"{text} ({zone.key})"
