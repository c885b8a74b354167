"""Times and durations as Go has them, as far as conditions use them. Reads no clock."""

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from bot.core.expr.errors import ExprError

_UNITS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9,
    "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_PART = re.compile(r"([0-9]{0,20})(?:\.([0-9]{0,20}))?(ns|us|µs|μs|ms|s|m|h)")
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:([ T])(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_LAST_NS = (1 << 63) - 1
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Duration:
    """Nanoseconds, as ``time.Duration``."""

    ns: int

    @classmethod
    def between(cls, start: datetime, end: datetime) -> "Duration":
        return cls((end - start) // timedelta(microseconds=1) * 1000)

    @property
    def delta(self) -> timedelta:
        return timedelta(microseconds=self.ns / 1000)

    def __str__(self) -> str:
        """Go's form: ``1h30m0s``, ``1.5s``, ``20ms``."""
        rest, sign = abs(self.ns), "-" if self.ns < 0 else ""
        if rest == 0:
            return "0s"
        for unit in ("ns", "µs", "ms"):
            if rest < _UNITS[unit] * 1000:
                return f"{sign}{_decimal(rest, _UNITS[unit])}{unit}"
        hours, rest = divmod(rest, _UNITS["h"])
        minutes, rest = divmod(rest, _UNITS["m"])
        head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
        return f"{sign}{head}{_decimal(rest, _UNITS['s'])}s"


@dataclass(frozen=True, slots=True)
class Location:
    """A time zone, as ``*time.Location``."""

    name: str
    zone: tzinfo

    def __str__(self) -> str:
        return self.name


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    fraction = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{fraction}" if fraction else str(whole)


def duration(text: str) -> Duration:
    """Go's ``time.ParseDuration``: no days, no weeks."""
    refusal = ExprError(f'time: invalid duration "{text}"')
    body = text[1:] if text[:1] in {"+", "-"} else text
    if body == "0":
        return Duration(0)
    total, at = 0, 0
    while at < len(body):
        part = _PART.match(body, at)
        if part is None or not (part[1] or part[2]):
            raise refusal
        unit = _UNITS[part[3]]
        total += int(part[1] or 0) * unit
        total += int(part[2] or 0) * unit // 10 ** len(part[2] or "")
        at = part.end()
    if not body or total > _LAST_NS:
        raise refusal
    return Duration(-total if text.startswith("-") else total)


def location(name: str) -> Location:
    try:
        return Location(name or "UTC", zoneinfo.ZoneInfo(name or "UTC"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ExprError(f"unknown time zone {name}") from None


def date(args: list[Any]) -> datetime:
    """``date(text)`` or ``date(zone, text)``; other layouts than ISO's are refused."""
    zone: tzinfo = UTC
    if args and isinstance(args[0], Location):
        zone, args = args[0].zone, args[1:]
    if len(args) != 1 or not isinstance(args[0], str):
        raise ExprError("date() with a layout is not supported")
    found = _DATE.fullmatch(args[0])
    if not found or (found[4] == "T" and not found[9]) or (found[4] == " " and found[9]):
        raise ExprError(f"invalid date {args[0]}")
    numbers = [int(found[i] or 0) for i in (1, 2, 3, 5, 6, 7)]
    micro = int((found[8] or "0").ljust(6, "0")[:6])
    try:
        if found[9]:
            return datetime.fromisoformat(args[0])
        return datetime(*numbers, micro, tzinfo=zone)  # type: ignore[arg-type,misc]
    except ValueError:
        raise ExprError(f"invalid date {args[0]}") from None


_OF_DURATION: dict[str, Callable[[Duration], Any]] = {
    "Hours": lambda d: d.ns / _UNITS["h"],
    "Minutes": lambda d: d.ns / _UNITS["m"],
    "Seconds": lambda d: d.ns / _UNITS["s"],
    "Milliseconds": lambda d: int(d.ns / _UNITS["ms"]),
    "Microseconds": lambda d: int(d.ns / _UNITS["us"]),
    "Nanoseconds": lambda d: d.ns,
    "Abs": lambda d: Duration(abs(d.ns)),
    "String": str,
}
_OF_TIME: dict[str, Callable[[datetime], Any]] = {
    "Unix": lambda t: (t - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1),
    "UnixMilli": lambda t: (t - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1),
    "Year": lambda t: t.year,
    "Month": lambda t: t.month,
    "Day": lambda t: t.day,
    "Hour": lambda t: t.hour,
    "Minute": lambda t: t.minute,
    "Second": lambda t: t.second,
    "YearDay": lambda t: t.timetuple().tm_yday,
    "Weekday": lambda t: t.isoweekday() % 7,
    "UTC": lambda t: t.astimezone(UTC),
}
_OF_TWO_TIMES: dict[str, Callable[[datetime, datetime], Any]] = {
    "Before": lambda t, u: t < u,
    "After": lambda t, u: t > u,
    "Equal": lambda t, u: t == u,
    "Sub": lambda t, u: Duration.between(u, t),
}


def has_method(kind: str, name: str) -> bool:
    if kind == "time.Duration":
        return name in _OF_DURATION
    return kind == "time.Time" and (name in _OF_TIME or name in _OF_TWO_TIMES or name == "Add")


def call(value: Any, name: str, args: list[Any]) -> Any:
    """``value.name(args)`` of a time or a duration; nothing else has methods."""
    try:
        if isinstance(value, Duration) and name in _OF_DURATION and not args:
            return _OF_DURATION[name](value)
        if isinstance(value, datetime):
            if name in _OF_TIME and not args:
                return _OF_TIME[name](value)
            match args:
                case [datetime() as other] if name in _OF_TWO_TIMES:
                    return _OF_TWO_TIMES[name](value, other)
                case [Duration() as other] if name == "Add":
                    return value + other.delta
                case _:
                    pass
    except OverflowError:
        raise ExprError("time out of range") from None
    raise ExprError(f"cannot call {name} with these arguments")
