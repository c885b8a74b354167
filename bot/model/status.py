"""What is known of a rollout: Argo's status fields, and our one extension block."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.model import sealed
from bot.model import stock as stock_model


class Phase(StrEnum):
    """Argo's four words."""

    PROGRESSING = "Progressing"
    PAUSED = "Paused"
    HEALTHY = "Healthy"
    DEGRADED = "Degraded"


class PauseReason(StrEnum):
    """Why the controller itself holds."""

    STEP = "CanaryPauseStep"
    BLUE_GREEN = "BlueGreenPause"
    INCONCLUSIVE = "InconclusiveAnalysisRun"
    INCONCLUSIVE_EXPERIMENT = "InconclusiveExperiment"


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseCondition:
    """One reason to hold, since ``start``."""

    reason: str
    start: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One entry of ``status.conditions``."""

    type: str
    status: str
    reason: str
    message: str
    updated: datetime
    transitioned: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRef:
    """What the rollout's status says of an analysis run."""

    name: str
    status: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraWeight:
    """What an experiment's Service gets, per cent."""

    weight: int
    service: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The traffic split as it was last written, per cent."""

    canary: int
    stable: int
    canary_hash: str = ""
    stable_hash: str = ""
    canary_service: str = ""
    stable_service: str = ""
    additional: tuple[ExtraWeight, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a person asked of a rollout, bound to the revision and step they saw.

    ``signed``: it bears the bot's seal, so whoever asked was let in.
    ``kind`` is promote, promote-full, abort, retry, measure-again, continue. ``gate`` is the
    gate id of a button.
    """

    id: str
    kind: str
    revision: str
    step: int | None
    actor: str
    at: datetime
    gate: str = ""
    reason: str = ""
    expires: datetime | None = None
    seal: str = ""
    signed: bool = False


class Outcome(StrEnum):
    """What an accepted intent came to; what another version wrote may be none of these."""

    UNKNOWN = ""
    DONE = "done"
    VOTED = "voted"  # one approval of several that a gate needs
    OPENED = "opened"  # a gate or a pause
    SKIPPED = "skipped"  # the present step


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What became of an intent. ``outcome`` is an ``Outcome`` or a newer bot's word for one."""

    id: str
    kind: str
    accepted: bool
    sentence: str
    actor: str
    at: datetime
    outcome: str = Outcome.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A gate that was passed by a decision: which pause of which revision, by whom, how."""

    revision: str
    step: int
    by: str
    how: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Since when a rollout waits for a freeze or a window, for which, and until when.

    ``freed`` is when that ended, where it was not at ``until`` and others go first.
    """

    since: datetime
    rule: str
    until: datetime | None = None
    freed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WentOn:
    """That a rollout which was held since ``since`` went on: those behind it count on it."""

    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BotBlock:
    """``status.rolloutBot``: intents, decisions and where messages stand.

    ``said`` maps a message key to its place (channel, ts); ``extra`` keeps what a newer bot
    wrote and this one does not know. ``overruled`` are inconclusive runs that a person let pass.
    ``approvals``, ``passes``, ``shut`` and ``glasses`` bear seals; ``kept`` tells of the last
    write that would have passed a gate, and was taken back.
    ``rolled_back`` maps revisions that were aborted and replaced to when that was; ``stock`` is
    what other tools wrote.
    """

    intents: tuple[Intent, ...] = ()
    handled: tuple[Handled, ...] = ()
    opened: Opened | None = None
    hurried: Opened | None = None
    full_gate_since: datetime | None = None
    held: Held | None = None
    went_on: WentOn | None = None
    abort: Mapping[str, Any] = field(default_factory=dict)
    started: datetime | None = None
    shipped_by: str = ""
    previous_stable: str = ""
    not_supported: str = ""
    overruled: tuple[str, ...] = ()
    approvals: tuple[sealed.Approved, ...] = ()
    passes: tuple[sealed.Passed, ...] = ()
    shut: sealed.Held | None = None
    glasses: tuple[sealed.Glass, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)
    rolled_back: Mapping[str, Any] = field(default_factory=dict)
    stock: stock_model.Stock = field(default_factory=stock_model.Stock)
    said: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """The clock of an update; ``waited_s`` is what people were waited for, ``how`` it ended.

    ``how`` is Promoted, FastPromoted, Aborted, RolledBack, FastRolledBack, or still empty.
    """

    started: datetime
    waiting_since: datetime | None = None
    waited_s: int = 0
    finished: datetime | None = None
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The whole status of a Rollout.

    ``active`` and ``preview`` are the hashes that the Services of a blue-green select;
    ``checkpoint`` says that the preview may grow to its full size.
    """

    abort: bool = False
    aborted_at: datetime | None = None
    pause_conditions: tuple[PauseCondition, ...] = ()
    controller_pause: bool = False
    current_hash: str = ""
    step_hash: str = ""
    step_index: int | None = None
    stable_hash: str = ""
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    hpa_replicas: int = 0
    selector: str = ""
    collision_count: int | None = None
    observed_generation: str = ""
    conditions: tuple[Condition, ...] = ()
    phase: str = ""
    message: str = ""
    promote_full: bool = False
    weights: Weights | None = None
    stable_ping_pong: str = ""
    step_run: RunRef | None = None
    background_run: RunRef | None = None
    experiment: str = ""
    active: str = ""
    preview: str = ""
    checkpoint: bool = False
    workload_generation: str = ""
    restarted_at: datetime | None = None
    pre_run: RunRef | None = None
    post_run: RunRef | None = None
    duration: Duration | None = None
    bot: BotBlock = field(default_factory=BotBlock)

    @property
    def paused(self) -> bool:
        return bool(self.pause_conditions)

    def condition(self, kind: str) -> Condition | None:
        return next((c for c in self.conditions if c.type == kind), None)
