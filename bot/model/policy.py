"""What a company allows: who may do what, how many must agree, when nothing may move.

Read from one policy file (``bot.core.policies.codec``); what counts for one rollout is resolved
in ``bot.core.policies.resolve``. A *who* is a text: ``U…`` or ``@handle`` (a person),
``group:NAME`` (a group of the file), ``channel`` (the members of the rollout's channel),
``user:NAME`` (a Kubernetes user at a terminal), ``anyone``. ``people`` says who is who, and
lets nobody in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from bot.model import messenger

Who = tuple[str, ...]


class Action(StrEnum):
    """What somebody wants of a rollout, or of everything in a scope. ``READ`` changes nothing."""

    READ = "read"
    PROMOTE = "promote"
    PROMOTE_FULL = "promote-full"
    MEASURE_AGAIN = "measure-again"
    CONTINUE = "continue"
    ABORT = "abort"
    RETRY = "retry"
    UNDO = "undo"
    SET_IMAGE = "set-image"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    STOP_THE_LINE = "stop-the-line"
    BREAK_GLASS = "break-glass"


class OnTimeout(StrEnum):
    """What becomes of a gate that nobody answered in time."""

    HOLD = "hold"
    ABORT = "abort"
    PROMOTE = "promote"


class OnMetricError(StrEnum):
    """What an analysis that could not be measured does: Argo aborts."""

    ABORT = "abort"
    HOLD = "hold"


class StepName(StrEnum):
    """Gates that a rule can name besides a step's number."""

    LAST = "last"  # the last one before the canary has all traffic
    PREVIEW = "preview"  # before a blue-green switches


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Named people. ``slack`` is a user group's id; ``members`` count where it cannot be read."""

    slack: str = ""
    members: Who = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One person by each way in: ids of Slack, users as the cluster knows them."""

    name: str
    slack: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which rollouts: every list that is not empty must have a glob that fits."""

    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """After ``after_s`` of waiting: ``to`` is ``thread``, ``approvers``, ``#channel``, who."""

    after_s: int
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """How a gate is opened. ``approvers`` empty: whoever may promote.

    ``also``, if not empty, are those among whom an approver must be too (an annotation's word).
    ``four_eyes``: not by whoever shipped it. ``expires_s`` None: it waits for ever; when it is
    over, ``on_timeout`` happens.
    """

    approvers: Who = ()
    also: Who = ()
    quorum: int = 1
    four_eyes: bool = False
    expires_s: int | None = None
    on_timeout: OnTimeout = OnTimeout.HOLD
    escalations: tuple[Escalation, ...] = ()

    @property
    def named(self) -> bool:
        """Whether an approval must be signed: somebody else's write must not pass the gate."""
        return bool(self.approvers or self.also) or self.quorum > 1 or self.four_eyes


@dataclass(frozen=True, slots=True, kw_only=True)
class StepApproval:
    """Other approvers for one gate: a step's 0-based index, a weight, or a name."""

    approval: Approval
    index: int | None = None
    weight: int | None = None
    name: StepName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Hours in which a rollout may move forward; days are 0 (Monday) to 6.

    ``end`` before ``start`` goes over midnight and belongs to the day of its start.
    ``closed`` turns it round: nothing moves within it.
    """

    name: str
    zone: str
    days: tuple[int, ...]
    start: time
    end: time
    closed: bool = False
    steps: tuple[int, ...] = ()  # empty: each step; else only before these indices


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass:
    """Who may pass policy with a reason (``who``), and who must agree (``second``)."""

    who: Who = ()
    second: Who = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What holds for the rollouts that match; None: this rule says nothing of it."""

    path: str  # where it stands in the file, for messages: ``rules[2]``
    match: Match
    may: Mapping[str, Who] = field(default_factory=dict)  # action: who
    approval: Approval | None = None
    steps: tuple[StepApproval, ...] = ()
    windows: tuple[Window, ...] | None = None
    break_glass: BreakGlass | None = None
    require_analysis: bool | None = None
    on_metric_error: OnMetricError | None = None
    access_review: bool | None = None  # ask the cluster about people at a terminal
    message_budget: int | None = None  # messages a channel and hour, critical ones exempt
    terminal_approvals: bool | None = None  # the cluster vouches for the name in a request


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole file. Of each setting the first rule that matches and says it counts."""

    groups: Mapping[str, Group] = field(default_factory=dict)
    people: tuple[Identity, ...] = ()
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What counts for one rollout, annotations (which only tighten) included.

    ``sources`` names for each setting the rule or annotation it came from; ``problems`` are
    sentences about annotations that say nothing that can be read.
    """

    may: Mapping[str, Who] = field(default_factory=dict)
    approval: Approval = field(default_factory=Approval)
    steps: tuple[StepApproval, ...] = ()
    windows: tuple[Window, ...] = ()
    break_glass: BreakGlass = field(default_factory=BreakGlass)
    require_analysis: bool = False
    on_metric_error: OnMetricError = OnMetricError.ABORT
    access_review: bool = False
    message_budget: int | None = None
    terminal_approvals: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    people: tuple[Identity, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a freeze covers: globs; an empty text is everything."""

    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Nothing in ``scope`` moves forward until ``until`` (None: until it is lifted).

    ``stop`` marks a stop-the-line. Aborts are never held. It lives in the cluster, in one
    ConfigMap beside the lease. ``lifted_for`` are rollouts that go on (``namespace/name``; with
    ``@hash`` one revision of it alone).
    ``by`` and ``lifted_by`` are persons as intents carry them; one that was lifted holds nothing
    any more and stands there only until people have been told. ``told`` names who were told what,
    the two places are where that was said first.
    """

    id: str
    scope: Scope
    reason: str
    by: str
    at: datetime
    until: datetime | None = None
    stop: bool = False
    lifted_for: tuple[str, ...] = ()
    lifted_by: str = ""
    lifted_at: datetime | None = None
    told: tuple[str, ...] = ()
    begun_place: messenger.Place | None = None
    ended_place: messenger.Place | None = None
