"""Windows: the hours in which something may move forward, on the clocks of their time zones.

Of several windows one that is open is enough; one that is ``closed`` wins over all of them.
A window is a span between two instants of each of its days. Where the clock jumps over a time,
the moment of the jump counts; a time that comes twice begins with its first and, so that the
careful side wins, ends with its first where it opens and with its last where it closes.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core import broken, moments
from bot.core import draft as draft_module
from bot.model import holds, policy

HORIZON_DAYS = 35
"""How far the next opening is looked for."""
_DAY = timedelta(days=1)


def held(d: draft_module.Draft, index: int) -> holds.Hold | None:
    """Whether the windows of the policy are closed for step ``index``."""
    if broken.since(d) is not None:
        return None
    return closed_at(d.seen.policy.windows, index, d.now)


def closed_at(every: Sequence[policy.Window], index: int, now: datetime) -> holds.Hold | None:
    """What keeps step ``index`` from moving at ``now``; None while it may."""
    mine = tuple(one for one in every if not one.steps or index in one.steps)
    bar = _bar(mine, now)
    if bar is None:
        return None
    until = opening(mine, now)
    what = f"within {bar.name or 'closed hours'}" if bar.closed else f"outside {_named(mine)}"
    if until is None:
        never = f"It never goes on: no window opens within {HORIZON_DAYS} days."
        return holds.Hold(rule=f"window:{bar.name}", sentence=what, frees=never)
    text = moments.local(until, _zone(bar.zone) or ZoneInfo("UTC"))
    return holds.Hold(
        rule=f"window:{bar.name}",
        sentence=f"{what}, until {text}",
        frees=f"It goes on by itself at {text}.",
        until=until,
    )


def _named(mine: Sequence[policy.Window]) -> str:
    return " and ".join(one.name or "its window" for one in mine if not one.closed)


def _bar(mine: Sequence[policy.Window], now: datetime) -> policy.Window | None:
    """The window that keeps things closed at ``now``; None where they are open."""
    for one in mine:
        if one.closed and within(one, now):
            return one
    opens = [one for one in mine if not one.closed]
    if not opens or any(within(one, now) for one in opens):
        return None
    return opens[0]


def within(window: policy.Window, now: datetime) -> bool:
    """Whether ``now`` lies in one of the window's spans."""
    zone = _zone(window.zone)
    if zone is None:
        return False  # validated elsewhere: an unknown clock opens nothing
    today = now.astimezone(zone).date()
    return any(start <= now < end for start, end in _spans(window, zone, today - 2 * _DAY, 4))


def opening(mine: Sequence[policy.Window], now: datetime) -> datetime | None:
    """The first instant after ``now`` at which nothing keeps things closed."""
    edges = sorted({edge for one in mine for edge in _edges(one, now) if edge > now})
    return next((edge for edge in edges if _bar(mine, edge) is None), None)


def _edges(window: policy.Window, now: datetime) -> Iterator[datetime]:
    """When the window could let something begin: its starts, or its ends where it closes."""
    zone = _zone(window.zone)
    if zone is None:
        return
    first = now.astimezone(zone).date() - 2 * _DAY
    for start, end in _spans(window, zone, first, HORIZON_DAYS):
        yield end if window.closed else start


def _spans(
    window: policy.Window, zone: ZoneInfo, first: date, days: int
) -> Iterator[tuple[datetime, datetime]]:
    for number in range(days):
        day = first + number * _DAY
        if day.weekday() in window.days:
            over = window.end <= window.start
            end = day + _DAY if over else day
            yield (
                instant(day, window.start, zone),
                instant(end, window.end, zone, last=window.closed),
            )


@lru_cache(maxsize=4096)
def instant(day: date, at: time, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """The moment at which the clock of ``zone`` shows ``at`` on ``day``.

    Of a time that comes twice the first, or the ``last``; of one that is skipped the jump.
    """
    local = datetime.combine(day, at.replace(tzinfo=None), zone).replace(fold=int(last))
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return found
    low, high = (local.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
