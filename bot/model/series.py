"""Time series as values: what a scrape of ``/metrics`` returns. How it is written is elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One series of a family and its value now."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All series of one name; each of them a gauge."""

    name: str
    help: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseEnd:
    """A rollout's course came to its end: how, and after how many seconds."""

    how: str
    seconds: float
