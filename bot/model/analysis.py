"""Analysis as values: what is due, what came back, what a pass over a run came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.model import ports, world


class Verdict(StrEnum):
    """Phases of a measurement, a metric and a run."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"


DONE = frozenset({"Successful", "Failed", "Inconclusive", "Error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A measurement to be taken now: of which metric, by which provider, with what.

    ``state`` is that of a lasting one that has begun already; ``number`` counts the metric's
    measurements from 1, ``keep`` is how many of them stay.
    """

    metric: str
    provider: str
    config: Mapping[str, Any]
    number: int = 1
    keep: int = 10
    state: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A measurement that was taken: a sample, an ending, or the error's text.

    A lasting one that has only begun has none of them, no ``finished`` and its ``state``.
    """

    started: datetime
    finished: datetime | None
    sample: ports.Sample | None = None
    ending: ports.Ending | None = None
    error: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDecision:
    """What a pass over a run came to. ``status`` None: nothing to write.

    ``stop`` are lasting measurements to be ended before their time.
    """

    status: Mapping[str, Any] | None = None
    due: tuple[Due, ...] = ()
    stop: tuple[Due, ...] = ()
    secrets: frozenset[tuple[str, str]] = frozenset()
    wake_at: datetime | None = None
    events: tuple[world.Event, ...] = ()
    delete: bool = False
