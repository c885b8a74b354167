"""What people are told, as facts: no markup, no wording rules, no Slack. ``bot.render`` words it.

Texts in here are plain (a reason, a name, a value with its unit) and need not be escaped.
Times are aware and in UTC. What is decided about a rollout does not belong here.
The parts of messages (``facts``, ``buttons``, ``chart_data``) and those that stand and are
edited (``notice_facts``) are offered under this name too.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.model.buttons import (
    ACTION_PREFIX,
    VALUE_LIMIT,
    Button,
    ButtonKind,
    ButtonValue,
    decode_value,
    encode_value,
)
from bot.model.chart_data import (
    ChartData,
    Direction,
    Point,
    StepMark,
)
from bot.model.facts import (
    ChangeFact,
    Closing,
    EtaFact,
    MetricFact,
    News,
    Person,
    PodsFact,
    PodsPlanFact,
    RevisionLabel,
    RolloutId,
    ShareFact,
    StepFact,
    StepState,
    SwitchFact,
    ThreadKind,
    Verdict,
)
from bot.model.freeze_facts import FreezeFacts
from bot.model.glass_facts import GlassFacts
from bot.model.notice_facts import AlertFacts, CardFacts, GateDecision, GateFacts
from bot.model.plan_facts import PlanFacts, StageFact
from bot.model.trial_facts import TrialFacts, TrialRow, TrialSide

__all__ = [
    "ACTION_PREFIX",
    "VALUE_LIMIT",
    "AlertFacts",
    "Button",
    "ButtonKind",
    "ButtonValue",
    "CardFacts",
    "ChangeFact",
    "ChartData",
    "Closing",
    "DigestCause",
    "DigestFacts",
    "Direction",
    "EtaFact",
    "Facts",
    "FreezeFacts",
    "GateDecision",
    "GateFacts",
    "GlassFacts",
    "ListFacts",
    "Message",
    "MetricFact",
    "MetricsAway",
    "News",
    "NotInChannel",
    "Person",
    "PlanFacts",
    "PodsFact",
    "PodsPlanFact",
    "Point",
    "RevisionLabel",
    "RolloutId",
    "RowFact",
    "SentenceFacts",
    "ShareFact",
    "SlackWasAway",
    "StageFact",
    "StepFact",
    "StepMark",
    "StepState",
    "SwitchFact",
    "ThreadFact",
    "ThreadKind",
    "TrialFacts",
    "TrialRow",
    "TrialSide",
    "Verdict",
    "WaitingFacts",
    "decode_value",
    "encode_value",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFact:
    """One rollout in a listing: ``what`` is "approval at 50 %", ``since_s`` how long.

    ``url`` is of a message that stands for it alone, where there is one.
    """

    rollout: RolloutId
    news: News
    revision: RevisionLabel | None
    what: str
    since_s: float | None = None
    next_at: datetime | None = None
    url: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFacts:
    """Answer to the bare command: what waits for who asks, what for others, what moves."""

    cluster: str
    waiting: tuple[RowFact, ...] = ()
    others: tuple[RowFact, ...] = ()
    moving: tuple[RowFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts:
    cluster: str
    namespace: str  # empty: all
    rows: tuple[RowFact, ...] = ()


class DigestCause(StrEnum):
    """What the rollouts of a digest have in common."""

    IMAGE = "image"
    COMMIT = "commit"
    HELD = "held"
    BURST = "burst"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestFacts:
    """Rollouts that have no card of their own; ``what``: image, commit or hold."""

    cluster: str
    cause: DigestCause
    what: str = ""
    rows: tuple[RowFact, ...] = ()
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceFacts:
    """Any other answer: whole plain sentences (``why``: what is, then what would change it)."""

    sentences: tuple[str, ...]
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadFact:
    """One line of a thread; ``at`` becomes the reader's own time. Fill what the kind needs."""

    kind: ThreadKind
    at: datetime
    by: Person | None = None
    revision: RevisionLabel | None = None
    stable: RevisionLabel | None = None
    weight: int | None = None
    steps: int | None = None
    metric: MetricFact | None = None
    took_s: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotInChannel:
    """We are not in ``channel``; ``meanwhile`` gets the messages of ``rollout``, or nobody."""

    channel: str
    rollout: str
    meanwhile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackWasAway:
    """One catch-up: ``lines`` are sentences without the dot, one a rollout."""

    since: datetime
    until: datetime
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsAway:
    """``holding`` rollouts are measured by it; so many of them go back if it stays away.

    ``moving``: that many go on unmeasured, because nothing they wait for is measured by it.
    """

    server: str
    since: datetime
    holding: int
    until: datetime | None = None
    aborting: int = 0
    moving: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A rendered message: ``text`` is a whole sentence, also without the blocks.

    ``broadcast``: a thread reply that the channel must see. ``mark``: what this message is,
    unique in the workspace, so that it can be known again; empty where nobody will look.
    """

    text: str
    blocks: tuple[dict[str, Any], ...] = ()
    broadcast: bool = False
    mark: str = ""


Facts = (
    CardFacts
    | GateFacts
    | AlertFacts
    | WaitingFacts
    | ListFacts
    | SentenceFacts
    | ThreadFact
    | NotInChannel
    | SlackWasAway
    | MetricsAway
    | FreezeFacts
    | GlassFacts
    | PlanFacts
    | TrialFacts
    | DigestFacts
)
