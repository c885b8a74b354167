"""The arithmetic of axes: which stretch to show, where ticks stand. Nothing is drawn here."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


LARGEST = 1e300
"""Beyond it sums of floats become infinite; no metric means such a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Values from ``low`` to ``high`` to pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, part)) * (self.end - self.start)


def value_range(values: Sequence[float], *, ceiling: float | None) -> tuple[float, float]:
    """A stretch with air around the values; not above ``ceiling`` unless a value is."""
    near = [min(LARGEST, max(-LARGEST, value)) for value in values]
    low, high = (min(near), max(near)) if near else (0.0, 1.0)
    air = (high - low) * 0.1 or abs(high) * 0.05 or 0.5
    top = high + air
    if ceiling is not None and high <= ceiling < top:
        top = ceiling + (ceiling - low) * 0.03
    bottom = low - air
    if low >= 0 > bottom:
        bottom = 0.0
    return (bottom, top) if top > bottom else (bottom, bottom + 1.0)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers within a stretch: 1, 2 or 5 times a power of ten apart."""
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((power * m for m in (1, 2, 5) if power * m >= raw), power * 10)
    first = math.ceil(low / step - 1e-9)
    found = [(first + i) * step for i in range(12)]
    return [value for value in found if low - step * 1e-6 <= value <= high + step * 1e-6]


def digits(values: Sequence[float]) -> int:
    """How many decimals tell neighboring ticks apart."""
    gap = min((b - a for a, b in itertools.pairwise(values)), default=1.0)
    if gap <= 0:
        return 0
    return min(6, max(0, -math.floor(math.log10(gap) + 1e-9)))


def time_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round times (seconds since the epoch) within a stretch."""
    raw = (high - low) / wanted
    days = math.ceil(raw / 86_400) * 86_400
    step = next((item for item in STEPS_S if item >= raw), days)
    first = math.ceil(low / step) * step
    found = [first + i * step for i in range(wanted + 2)]
    return [moment for moment in found if moment <= high]


def clock(moment: float, *, seconds: bool) -> str:
    """A time of day in UTC, as ticks and alt texts show it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S" if seconds else "%H:%M")


def thinned(count: int, most: int) -> list[int]:
    """Indexes to keep so that at most ``most`` remain, the last always among them."""
    if count <= most:
        return list(range(count))
    stride = math.ceil(count / (most - 1))
    kept = list(range(0, count, stride))
    return kept if kept[-1] == count - 1 else [*kept, count - 1]
