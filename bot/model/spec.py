"""What a Rollout asks for: the decoded, validated spec. Defaults are already filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.model import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWeight:
    """Send ``weight`` per cent of the traffic to the canary."""

    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Hold for ``duration_s`` seconds, or until somebody promotes when it is None."""

    duration_s: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Run an analysis and wait for its verdict. ``raw`` is Argo's RolloutAnalysis."""

    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCanaryScale:
    """Size the canary apart from the weight: pods, per cent, or (both None) as the weight."""

    replicas: int | None = None
    weight: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Run pods of both revisions side by side. ``raw`` is Argo's RolloutExperimentStep."""

    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRoute:
    """Send, or copy (``mirrored``), requests that match to the canary; no match: end that.

    ``match`` is in the words of Istio's HTTPMatchRequest.
    """

    name: str
    match: tuple[Mapping[str, Any], ...] = ()
    mirrored: bool = False
    percentage: int = 100


Step = SetWeight | Pause | Analysis | SetCanaryScale | Experiment | SetRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterSpec:
    """One entry of ``trafficRouting``: the router's name and its mapping."""

    kind: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundAnalysis:
    """Analysis beside the steps, from ``starting_step`` on."""

    raw: Mapping[str, Any]
    starting_step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """How many pods are enough to go on: a count, or per cent of those that are wanted."""

    value: int
    percent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PingPong:
    """Two Services that are the canary's and the stable's by turns."""

    ping: str
    pong: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """The canary strategy. ``max_surge`` and ``max_unavailable`` are resolved to pods.

    With ``ping_pong`` the names of the two Services are those of the present turn.

    ``abort_delay_given`` is False where the delay after an abort is the default; ``dynamic``
    means that the stable gives up pods as the canary takes over traffic. ``full`` is the weight
    that is all of the traffic, ``max_traffic_weight`` what the manifest says of it.
    """

    steps: tuple[Step, ...] = ()
    canary_service: str = ""
    stable_service: str = ""
    ping_pong: PingPong | None = None
    max_surge: int = 1
    max_unavailable: int = 0
    routers: tuple[RouterSpec, ...] = ()
    background: BackgroundAnalysis | None = None
    scale_down_delay_s: int = 30
    scale_down_delay_revision_limit: int | None = None
    abort_scale_down_delay_s: int = 30
    abort_delay_given: bool = False
    dynamic: bool = False
    min_pods: int = 0
    threshold: Threshold | None = None
    managed_routes: tuple[str, ...] = ()
    max_traffic_weight: int | None = None

    @property
    def full(self) -> int:
        return 100 if self.max_traffic_weight is None else self.max_traffic_weight

    @property
    def routed(self) -> bool:
        return bool(self.routers)


@dataclass(frozen=True, slots=True, kw_only=True)
class AntiAffinity:
    """Pods of a new revision avoid nodes of the stable: by ``weight``, or always when None."""

    weight: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueGreen:
    """The blue-green strategy. ``preview_replicas`` None: the preview is as large as the active.

    ``pre`` and ``post`` are Argo's RolloutAnalysis; ``scale_down_delay_s`` None is a default of
    30 s that also keeps old pods until the analysis after the promotion has ended.
    """

    active_service: str
    preview_service: str = ""
    preview_replicas: int | None = None
    auto_promotion: bool = True
    auto_promotion_s: int = 0
    max_unavailable: int = 0
    scale_down_delay_s: int | None = None
    scale_down_delay_revision_limit: int | None = None
    abort_scale_down_delay_s: int = 30
    pre: Mapping[str, Any] | None = None
    post: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One Rollout's spec. ``replicas_given`` is False where the manifest leaves it out.

    ``workload_scale_down`` is never, onsuccess or progressively. ``new_marks`` and
    ``stable_marks`` are the labels and annotations that pods carry by role.
    """

    replicas: int
    replicas_given: bool
    selector: Mapping[str, Any]
    template: Mapping[str, Any]
    canary: Canary = field(default_factory=Canary)
    blue_green: BlueGreen | None = None
    rollback_window: int | None = None
    anti_affinity: AntiAffinity | None = None
    new_marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    stable_marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    restart_at: datetime | None = None
    workload_scale_down: str = "never"
    min_ready_s: int = 0
    revision_history_limit: int = 10
    paused: bool = False
    progress_deadline_s: int = 600
    progress_deadline_abort: bool = False
    successful_run_limit: int = 5
    unsuccessful_run_limit: int = 5
    gate_before_full: bool = False
    strict: bool = False
    raw_steps: tuple[Any, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    problem: errors.UserError | None = None

    @property
    def services(self) -> tuple[str, ...]:
        """The Services whose selectors the rollout sets, in the order of their checks."""
        if self.blue_green is not None:
            named = (self.blue_green.active_service, self.blue_green.preview_service)
        else:
            named = (self.canary.stable_service, self.canary.canary_service)
        return tuple(name for name in named if name)

    @property
    def measured(self) -> bool:
        """Whether any metric is looked at on the way; without one, time and people decide."""
        tried = (step for step in self.canary.steps if isinstance(step, Experiment))
        return bool(self.analyses) or any(step.raw.get("analyses") for step in tried)

    @property
    def analyses(self) -> tuple[Mapping[str, Any], ...]:
        """Every analysis that the strategy may run, as Argo's RolloutAnalysis."""
        blue_green, background = self.blue_green, self.canary.background
        if blue_green is not None:
            return tuple(raw for raw in (blue_green.pre, blue_green.post) if raw is not None)
        steps = tuple(step.raw for step in self.canary.steps if isinstance(step, Analysis))
        return steps if background is None else (*steps, background.raw)
