"""What an update will go through, as people are told before it does."""

from dataclasses import dataclass
from datetime import datetime

from bot.model.facts import RevisionLabel, RolloutId


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFact:
    """One step to come; ``at``: not before, None where nobody knows. ``held``: why so late."""

    text: str
    weight: int
    canary: int
    stable: int
    at: datetime | None = None
    held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """``revision`` None: of the next version, whatever it will be. ``sides``: of a blue-green."""

    rollout: RolloutId
    revision: RevisionLabel | None
    stages: tuple[StageFact, ...]
    now: datetime
    sides: tuple[str, str] = ("canary", "stable")
    problem: str = ""
