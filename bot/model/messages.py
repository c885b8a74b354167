"""What people are told, as facts: no markup, no wording rules, no Slack. ``bot.render`` words it.

Texts in here are plain (a reason, a name, a value with its unit) and need not be escaped.
Times are aware and in UTC. What is decided about a rollout does not belong here.
The parts of messages (``facts``, ``buttons``, ``chart_data``) are offered under this name too.
"""

from dataclasses import dataclass, field
from datetime import datetime
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
    MetricFact,
    News,
    Person,
    PodsFact,
    RevisionLabel,
    RolloutId,
    ShareFact,
    StepFact,
    StepState,
    ThreadKind,
    Verdict,
)

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
    "Direction",
    "Facts",
    "GateDecision",
    "GateFacts",
    "ListFacts",
    "Message",
    "MetricFact",
    "MetricsAway",
    "News",
    "NotInChannel",
    "Person",
    "PodsFact",
    "Point",
    "RevisionLabel",
    "RolloutId",
    "RowFact",
    "SentenceFacts",
    "ShareFact",
    "SlackWasAway",
    "StepFact",
    "StepMark",
    "StepState",
    "ThreadFact",
    "ThreadKind",
    "Verdict",
    "WaitingFacts",
    "decode_value",
    "encode_value",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """The one message of a rollout and revision that is edited in place.

    ``generation`` grows with each edit. ``because`` is why it waits, holds, is not ready, was
    rolled back or is not run. ``next_at`` None with a ``next_what``: nobody knows when.
    ``first``: the quiet line of a first deployment, which nobody can stop or send back.
    ``observing``: another controller drives it, we only look on.
    """

    rollout: RolloutId
    news: News
    revision: RevisionLabel
    stable: RevisionLabel | None
    weight: int
    first: bool = False
    observing: bool = False
    share: ShareFact | None = None
    header_route: str = ""
    steps: tuple[StepFact, ...] = ()
    canary_pods: PodsFact | None = None
    stable_pods: PodsFact | None = None
    metrics: tuple[MetricFact, ...] = ()
    measured: bool = True  # False: no metric anywhere, time alone decides
    next_what: str = ""
    next_at: datetime | None = None
    change: ChangeFact = field(default_factory=ChangeFact)
    because: str = ""
    duration_s: float | None = None
    buttons: tuple[Button, ...] = ()
    gate_url: str = ""
    closing: str = ""
    warnings: tuple[str, ...] = ()
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """``how`` for what happened elsewhere: "with kubectl". ``to`` is the weight it led to."""

    closing: Closing
    at: datetime | None = None
    by: Person | None = None
    how: str = ""
    to: int | None = None
    successor: RevisionLabel | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """A loud request for approval. ``approvers``: "#checkout"; ``asked``: mentioned by id.

    ``inconclusive``: it holds because an analysis gave no verdict; approving measures again.
    """

    gate_id: str
    rollout: RolloutId
    revision: RevisionLabel
    stable: RevisionLabel | None
    weight_from: int
    weight_to: int
    users: str = "users"  # who is meant by 100 %
    inconclusive: bool = False
    stable_warm_s: float | None = None
    so_far_s: float | None = None
    metrics: tuple[MetricFact, ...] = ()
    measured: bool = True
    change: ChangeFact = field(default_factory=ChangeFact)
    approvers: str = ""
    excluded: Person | None = None
    asked: tuple[Person, ...] = ()
    until: datetime | None = None
    decided: GateDecision | None = None
    buttons: tuple[Button, ...] = ()
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFacts:
    """A rollback. Its cause is ``metric``, or ``by``, or neither: then ``because`` (a deadline).

    ``safe``: every user is on the stable again. Until then ``weight_left`` and ``trouble``.
    ``git`` names where Git still wants the revision; empty where nothing manages it.
    """

    rollout: RolloutId
    revision: RevisionLabel
    stable: RevisionLabel | None
    safe: bool
    weight_from: int
    weight_left: int = 0
    trouble: str = ""
    metric: MetricFact | None = None
    by: Person | None = None
    because: str = ""
    decided_at: datetime | None = None
    took_s: float | None = None
    bad_since: datetime | None = None
    requests: int | None = None
    requests_failed: int | None = None
    git: str = ""
    chart_expected: bool = False
    buttons: tuple[Button, ...] = ()
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFact:
    """One rollout in a listing: ``what`` is "approval at 50 %", ``since_s`` how long."""

    rollout: RolloutId
    news: News
    revision: RevisionLabel | None
    what: str
    since_s: float | None = None
    next_at: datetime | None = None
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFacts:
    """Answer to the bare command: what waits for a person first, then what moves."""

    cluster: str
    waiting: tuple[RowFact, ...] = ()
    moving: tuple[RowFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts:
    cluster: str
    namespace: str  # empty: all
    rows: tuple[RowFact, ...] = ()


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
    server: str
    since: datetime
    holding: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A rendered message: ``text`` is a whole sentence, also without the blocks.

    ``broadcast``: a thread reply that the channel must see.
    """

    text: str
    blocks: tuple[dict[str, Any], ...] = ()
    broadcast: bool = False


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
)
