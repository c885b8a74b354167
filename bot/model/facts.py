"""The small facts that messages are made of: who, which revision, which metric stands how.

Whole messages are in ``messages``, which offers these names too.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class News(StrEnum):
    """What is true of a rollout now, for the first line of its card or row."""

    MOVES = "moves"
    WAITS = "waits"  # at a gate or an indefinite pause: a person must act
    HOLDS = "holds"  # by itself: inconclusive or not enough data
    NOT_READY = "not-ready"
    ROLLING_BACK = "rolling-back"
    ROLLED_BACK = "rolled-back"
    DONE = "done"
    SUPERSEDED = "superseded"
    INVALID = "invalid"
    NOT_RUN = "not-run"  # uses what this version does not support (ruling 7)


class StepState(StrEnum):
    DONE = "done"
    CURRENT = "current"
    COMING = "coming"


class Verdict(StrEnum):
    """Of one metric so far, in Argo's words where it has one."""

    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"
    NO_DATA = "NoData"


class Closing(StrEnum):
    """How a gate was closed."""

    APPROVED = "approved"
    ABORTED = "aborted"
    PROMOTED_ELSEWHERE = "promoted-elsewhere"  # kubectl, Argo CD: no name known
    ABORTED_ELSEWHERE = "aborted-elsewhere"
    ROLLED_BACK = "rolled-back"  # by itself while it waited
    MEASURED_AGAIN = "measured-again"  # no verdict: a person wants another look
    GLASS = "glass"  # two persons passed the policy
    CONTINUED = "continued"  # no verdict: a person goes on without one
    SUPERSEDED = "superseded"  # another revision was shipped
    OVER = "over"  # anything else that ended the wait


class ThreadKind(StrEnum):
    SHIPPED = "shipped"
    WEIGHT = "weight"
    APPROVED = "approved"
    PROMOTED = "promoted"
    ABORTED = "aborted"
    RETRIED = "retried"
    MEASURED_AGAIN = "measured-again"
    CONTINUED = "continued"
    UNDONE = "undone"
    METRIC_FAILED = "metric-failed"
    RESTORED = "restored"
    NOT_RESTORED = "not-restored"  # loud
    REAPPLIED = "reapplied"  # loud: Git brought back what was rolled back
    DONE = "done"
    OTHER = "other"  # ``text`` is the whole fact


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutId:
    cluster: str
    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionLabel:
    """``number`` is what people say: v42 is number 42. ``images`` are whole references."""

    number: int
    hash: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who did something. ``slack_id`` is empty for somebody Slack does not know.

    ``user`` is the name in the cluster of somebody at a terminal. ``guest``: of the workspace, and
    no full member of it; ``unsure``: Slack does not say whether they are one.
    """

    name: str
    slack_id: str = ""
    user: str = ""
    guest: bool = False
    unsure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFact:
    text: str
    state: StepState


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFact:
    """``wanted`` None: measured until the end. ``failure_limit`` None: no failure counts.

    ``query`` is what was asked from ``since`` to ``until``; ``url`` where people can look at it.
    """

    name: str
    value_text: str
    bound_text: str
    stable_text: str | None = None
    verdict: Verdict = Verdict.RUNNING
    taken: int = 0
    wanted: int | None = None
    failed: int = 0
    failure_limit: int | None = 0
    inconclusive: int = 0
    dry_run: bool = False
    message: str = ""
    query: str = ""
    since: datetime | None = None
    until: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodsFact:
    """``trouble`` says why some are not ready: "image cannot be pulled"."""

    ready: int
    wanted: int
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareFact:
    """The share that pods give where no router sets it exactly."""

    percent: float
    canary_pods: int
    all_pods: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PodsPlanFact:
    """What an approval sets going: pods of the new revision, those that come on top of all.

    ``room`` says whether they fit into the quotas; empty where that is not known.
    """

    pods_now: int
    pods_then: int
    more: int = 0
    room: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchFact:
    """Of a blue-green: whether users are on the new revision, where the preview is looked at.

    ``warm`` is the earlier revision while it could take everybody back at once.
    """

    switched: bool
    preview: str = ""
    preview_url: str = ""
    warm: RevisionLabel | None = None
    warm_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EtaFact:
    """What is left: steps, the seconds that machines need, how many approvals.

    ``more``: something in it takes a time that nobody knows; ``done_at`` only without that.
    ``misses``: the window that will have closed before it gets through, and until when.
    """

    steps: int
    machine_s: float = 0.0
    people: int = 0
    more: bool = False
    done_at: datetime | None = None
    misses: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFact:
    """Where a revision comes from, as far as its annotations say; ``author`` is the commit's."""

    by: Person | None = None
    at: datetime | None = None
    commit: str = ""
    commit_url: str = ""
    subject: str = ""
    author: str = ""
    changes: tuple[str, ...] = ()
