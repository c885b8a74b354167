"""News of a rollout for whoever is not in its channel: a pager, a webhook, a subscriber.

An ``Event`` is derived from the state like any notice; what was handed over is recorded in
``status.rolloutBot.said``. Wording is ``bot.render``'s, sending is an ``Outlet``'s.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.model import facts, ports


class Kind(StrEnum):
    """What can be told, in the words of settings and webhooks."""

    SHIPPED = "shipped"
    STEP_COMPLETED = "step-completed"
    SCALED = "scaled"
    PAUSED = "paused"
    NEEDS_APPROVAL = "needs-approval"
    STILL_WAITS = "still-waits"
    ANALYSIS_RUNNING = "analysis-running"
    ANALYSIS_FAILED = "analysis-failed"
    ANALYSIS_ERROR = "analysis-error"
    ROLLED_BACK = "rolled-back"
    RECOVERED = "recovered"
    DONE = "done"


CRITICAL = frozenset({Kind.NEEDS_APPROVAL, Kind.STILL_WAITS, Kind.ROLLED_BACK})
"""What comes at any hour, whatever was asked to be quiet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """``to`` is as the policy names it; ``named`` may approve, ``barred`` need not be asked."""

    gate: str
    to: str
    named: tuple[str, ...] = ()
    barred: tuple[facts.Person, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``id`` is unique within the revision and the same after a restart.

    ``safe`` is of a rollback: no user is on the revision any more. ``because`` is plain text.
    ``wait`` is of a gate that still waits: whom the policy wants to hear of it.
    """

    kind: Kind
    id: str
    at: datetime
    rollout: facts.RolloutId
    revision: facts.RevisionLabel
    stable: facts.RevisionLabel | None = None
    weight: int = 0
    weight_to: int = 0
    safe: bool = True
    by: facts.Person | None = None
    because: str = ""
    metric: facts.MetricFact | None = None
    wait: Wait | None = None

    @property
    def key(self) -> str:
        """Which revision of which rollout of which cluster: the same for all its events."""
        one = self.rollout
        return f"{one.cluster}/{one.namespace}/{one.name}/{one.uid}/{self.revision.hash}"


class Outlet(Protocol):
    """One way out. Raises ``bot.model.errors`` only; ``Unavailable`` is tried again."""

    @property
    def name(self) -> str:
        """Short and the same after a restart: it stands in the cluster."""

    @property
    def timeout_s(self) -> float: ...

    def follows(self, rollout: ports.Object) -> bool:
        """Whether anything of this rollout could be wanted."""

    def targets(self, event: Event, rollout: ports.Object) -> tuple[str, ...]:
        """To whom, where one event goes to several; ``("",)`` where there is one receiver."""

    def due(self, event: Event, target: str, now: datetime) -> datetime:
        """Not before when; what is due together is handed over together."""

    async def deliver(self, events: tuple[Event, ...], target: str) -> None: ...
