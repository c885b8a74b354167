"""The messages that stand in a channel and are edited there, as facts: card, gate, alert.

Everything else that is said is in ``messages``, which offers these names too.
"""

from dataclasses import dataclass, field
from datetime import datetime

from bot.model.buttons import Button
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
    SwitchFact,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """The one message of a rollout and revision that is edited in place.

    ``generation`` grows with each edit. ``because`` is why it waits, holds, is not ready, was
    rolled back or is not run. ``next_at`` None with a ``next_what``: nobody knows when.
    ``first``: the quiet line of a first deployment, which nobody can stop or send back.
    ``observing``: another controller drives it, we only look on. ``switch``: a blue-green's.
    """

    rollout: RolloutId
    news: News
    revision: RevisionLabel
    stable: RevisionLabel | None
    weight: int
    first: bool = False
    observing: bool = False
    share: ShareFact | None = None
    switch: SwitchFact | None = None
    eta: EtaFact | None = None
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
    """``how`` for what happened elsewhere: "with kubectl". ``to`` is the weight it led to.

    ``others`` approved before ``by``, where several had to.
    """

    closing: Closing
    at: datetime | None = None
    by: Person | None = None
    others: tuple[Person, ...] = ()
    how: str = ""
    to: int | None = None
    successor: RevisionLabel | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """A loud request for approval. ``approvers``: "#checkout"; ``asked``: mentioned by id.

    ``quorum``: how many must and have, where one is not enough. ``excluded`` shipped it and may
    not approve; ``nameless``: nobody knows who did, so nobody may.
    ``then`` is what happens at ``until``, or that there is no limit.
    ``inconclusive``: it holds because an analysis gave no verdict, and ``because`` says which.
    """

    gate_id: str
    rollout: RolloutId
    revision: RevisionLabel
    stable: RevisionLabel | None
    weight_from: int
    weight_to: int
    users: str = "users"  # who is meant by 100 %
    inconclusive: bool = False
    because: str = ""
    switch: SwitchFact | None = None
    header_route: str = ""
    plan: PodsPlanFact | None = None
    stable_warm_s: float | None = None
    so_far_s: float | None = None
    metrics: tuple[MetricFact, ...] = ()
    measured: bool = True
    change: ChangeFact = field(default_factory=ChangeFact)
    approvers: str = ""
    quorum: str = ""
    excluded: tuple[Person, ...] = ()
    nameless: bool = False
    asked: tuple[Person, ...] = ()
    until: datetime | None = None
    then: str = ""
    decided: GateDecision | None = None
    buttons: tuple[Button, ...] = ()
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFacts:
    """A rollback. Its cause is ``metric``, or ``by``, or neither: then ``because`` (a deadline).

    ``ordered``: somebody asked for it, though nobody may be known by name (``by`` None).
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
    ordered: bool = False
    because: str = ""
    decided_at: datetime | None = None
    took_s: float | None = None
    bad_since: datetime | None = None
    requests: int | None = None
    requests_failed: int | None = None
    git: str = ""
    git_url: str = ""
    git_app: str = ""  # as Argo CD calls it
    chart_expected: bool = False
    buttons: tuple[Button, ...] = ()
    generation: int = 0
