"""The ``windows`` of a rule: names, zones, days and hours, raw → typed."""

import re
import zoneinfo
from datetime import time
from typing import Any

from bot.core.policies import reading
from bot.model import policy

_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = tuple(name[:3] for name in _NAMES)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_KEYS = ("name", "zone", "days", "from", "to", "closed", "steps")


def windows(raw: Any, path: str) -> tuple[policy.Window, ...]:
    """The windows of the rule at ``path``; an empty list says that every hour is one."""
    return reading.each(raw, f"{path}.windows", _window)


def _window(raw: Any, path: str) -> policy.Window:
    body = reading.mapping(raw, path, _KEYS)
    start, end = _clock(body.get("from"), f"{path}.from"), _clock(body.get("to"), f"{path}.to")
    if start == end:
        raise reading.Mistake(f"{path}.to", "the window is empty: it ends where it begins")
    closed = body.get("closed")
    steps = reading.each(
        body.get("steps"),
        f"{path}.steps",
        lambda one, at: reading.number(one, at, least=1, most=1_000) - 1,
    )
    return policy.Window(
        name=reading.text(body.get("name"), f"{path}.name"),
        zone=_zone(body.get("zone"), f"{path}.zone"),
        days=_days(body.get("days"), f"{path}.days"),
        start=start,
        end=end,
        closed=False if closed is None else reading.boolean(closed, f"{path}.closed"),
        steps=steps,
    )


def _clock(raw: Any, path: str) -> time:
    match = _CLOCK.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise reading.Mistake(
            path, f'{reading.shown(raw)} is no time of day: write it in quotes, like "09:00"'
        )
    return time(int(match[1]), int(match[2]))


def _zone(raw: Any, path: str) -> str:
    name = reading.text(raw, path)
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise reading.Mistake(
            path, f"{reading.shown(name)} is no time zone: write it like Europe/Berlin or UTC"
        ) from None
    return name


def _days(raw: Any, path: str) -> tuple[int, ...]:
    """``[mon-fri, sun]``; left out: every day."""
    if raw is None:
        return tuple(range(7))
    found: set[int] = set()
    for i, one in enumerate(reading.sequence(raw, path)):
        first, dash, last = str(one).casefold().partition("-")
        begin, end = _day(first, f"{path}[{i}]"), _day(last if dash else first, f"{path}[{i}]")
        found.update((begin + n) % 7 for n in range((end - begin) % 7 + 1))
    if not found:
        raise reading.Mistake(path, "no day is named: leave it out for every day")
    return tuple(sorted(found))


def _day(word: str, path: str) -> int:
    plain = word.strip()
    for number, name in enumerate(_NAMES):
        if plain in {name, name[:3]}:
            return number
    raise reading.Mistake(
        path, f"{reading.shown(plain)} is no day. Allowed: {', '.join(DAYS)}, or like mon-fri."
    )
