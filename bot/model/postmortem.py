"""What a post-mortem of one abort is made of: facts without wording, nothing secret among them."""

from dataclasses import dataclass
from datetime import datetime

from bot.model import facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened."""

    at: datetime
    what: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One measurement."""

    at: datetime | None
    value: str
    phase: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One metric: how it was asked for, what it had to be, everything that was measured.

    ``left_out`` counts measurements beyond those that are kept.
    """

    run: str
    name: str
    phase: str
    source: str
    query: str
    bound: str
    condition: str
    failed: int
    failure_limit: int | None
    measurements: tuple[Taken, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEvent:
    at: datetime | None
    about: str
    reason: str
    message: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Everything about one abort. ``events`` None: they could not be read.

    ``zero_at`` None: users are not known to be off it. ``helped`` says how the stable did since.
    """

    rollout: facts.RolloutId
    revision: facts.RevisionLabel
    stable: facts.RevisionLabel | None
    cause: str
    by: facts.Person | None
    change: facts.ChangeFact
    weight_from: int
    shipped_at: datetime | None
    bad_since: datetime | None
    decided_at: datetime | None
    zero_at: datetime | None
    committed_at: datetime | None = None
    restored_at: datetime | None = None
    helped: str = ""
    timeline: tuple[Line, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    events: tuple[PodEvent, ...] | None = ()
    actors: tuple[str, ...] = ()
    chart: str = ""
