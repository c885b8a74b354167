"""Durations as Go writes them, and the forms that a pause accepts (spec §1.5)."""

import functools
import re
from datetime import timedelta
from fractions import Fraction

_UNITS = {
    "ns": Fraction(1, 1_000_000_000),
    "us": Fraction(1, 1_000_000),
    "µs": Fraction(1, 1_000_000),
    "μs": Fraction(1, 1_000_000),
    "ms": Fraction(1, 1_000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
}
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_MOST_S = 2**31 - 1
_MOST = Fraction(2**63 - 1, 1_000_000_000)
"""Seconds that Go can hold, about 292 years; within it no instant of ours overflows."""


def parse_go(text: str) -> timedelta:
    """``time.ParseDuration``: ``1m30s``, ``0.5h``, ``-3s``, ``0``; a day is no unit there.

    Raises:
        ValueError: the text is no duration, or a longer one than can be held.

    """
    return timedelta(microseconds=int(_seconds(text) * 1_000_000))


@functools.lru_cache(maxsize=4096)
def _seconds(text: str) -> Fraction:
    sign = -1 if text.startswith("-") else 1
    body = text[1:] if text[:1] in {"-", "+"} else text
    if body == "0":
        return Fraction(0)
    total, at = Fraction(0), 0
    while at < len(body):
        part = _PART.match(body, at)
        if part is None:
            break
        total += Fraction(part[1] + ("0" if part[1].endswith(".") else "")) * _UNITS[part[2]]
        at = part.end()
    if at == 0 or at != len(body) or total > _MOST:
        raise ValueError(f'time: invalid duration "{text[:80]}"')
    return sign * total


def parse_pause(raw: object) -> int | None:
    """Seconds of a pause: None for none, -1 for what is no duration (as Argo has it)."""
    if raw is None:
        return None
    if isinstance(raw, bool):
        return -1
    if isinstance(raw, int):
        return raw if 0 <= raw <= _MOST_S else -1
    if not isinstance(raw, str):
        return -1
    if raw.isascii() and raw.isdigit():
        return int(raw) if len(raw) <= 10 and int(raw) <= _MOST_S else -1
    try:
        seconds = int(_seconds(raw))
    except ValueError:
        return -1
    return seconds if 0 <= seconds <= _MOST_S else -1


def span(seconds: int) -> str:
    """As in "30 min"."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
