"""What a step may look at, and what it can come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.model import status, world


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The step is over."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The step goes on by itself: at ``until``, or when the world changes."""

    because: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A pause begins or lasts; ``reason`` is Argo's word, ``until`` None means a person."""

    because: str
    reason: status.PauseReason
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The step takes the rollout back; ``because`` is the cause in the abort's message."""

    because: str


Outcome = Done | Wait | Hold | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Facts for one step. ``at_size`` says that pods are as the step wants them."""

    now: datetime
    index: int
    at_size: bool
    size_text: str
    pause: status.PauseCondition | None
    resumed: bool
    run: world.Run | None
    labels: Mapping[str, str]
    experiment: world.Experiment | None = None
