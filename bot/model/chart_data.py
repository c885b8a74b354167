"""What a chart shows: one metric of one rollout over time. How it looks is ``bot.render``'s."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Direction(StrEnum):
    """On which side of the bound a metric is good."""

    AT_LEAST = "at-least"
    AT_MOST = "at-most"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    at: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMark:
    """From ``at`` on the canary had this weight; ``label`` is what is drawn: "25 %"."""

    at: datetime
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartData:
    """One metric of one rollout over time. Values are in ``unit`` ("%", "ms", "")."""

    title: str  # "checkout v42 · prod-eu"
    metric: str
    unit: str
    bound: float | None
    direction: Direction
    canary_name: str  # "canary v42"
    stable_name: str  # "stable v41"
    canary: tuple[Point, ...]
    stable: tuple[Point, ...] = ()
    failing: tuple[Point, ...] = ()
    marks: tuple[StepMark, ...] = ()
    ended_at: datetime | None = None  # when the traffic went back
