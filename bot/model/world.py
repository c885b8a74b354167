"""What is seen of one rollout's surroundings, and what should be there: mirror images."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.model import holds, ports
from bot.model import policy as policy_model


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSet:
    """One revision's ReplicaSet. ``replicas`` is asked for, the other counts are seen."""

    name: str
    hash: str
    revision: int
    replicas: int
    current: int = 0
    ready: int = 0
    available: int = 0
    created: datetime
    template: Mapping[str, Any]
    annotations: Mapping[str, str] = field(default_factory=dict)
    uid: str = ""
    resource_version: str = ""
    min_ready_s: int = 0
    deadline: datetime | None = None
    deleting: bool = False
    observed: bool = True
    failure: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One pod of a revision."""

    name: str
    hash: str
    created: datetime
    deleting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service's selector, and which revision and rollout it belongs to."""

    name: str
    selector: Mapping[str, str]
    managed_by: str = ""

    @property
    def hash(self) -> str:
        return self.selector.get("rollouts-pod-template-hash", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The object that a Rollout takes its pod template from. ``replicas``: of a Deployment only.

    ``template_path`` is where the template stands in it, as a JSON pointer.
    """

    kind: ports.Kind
    name: str
    generation: str
    replicas: int | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)
    resource_version: str = ""
    template_path: str = "/spec/template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What an experiment's Service gets of the traffic, in per cent, taken from the stable."""

    weight: int
    service: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedRoute:
    """A route beside the split: requests that match go to the canary, or a copy of them does.

    ``match`` is in the words of Istio's HTTPMatchRequest; ``percentage`` is how many are copied.
    """

    name: str
    match: tuple[Mapping[str, Any], ...]
    mirrored: bool = False
    percentage: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The split that should be: weights in per cent, and the services they name."""

    weight: int
    canary_hash: str
    stable_hash: str
    canary_service: str
    stable_service: str
    extra: tuple[Share, ...] = ()
    managed: tuple[ManagedRoute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteView:
    """What one router's objects say now: the canary's weight, or why it cannot be told.

    ``weight`` is the most that any of several routes gives, ``lowest`` the least.

    ``problem`` is an InvalidSpec error (path, value, sentence), ``weight`` None while unknown.
    """

    weight: int | None = None
    least: int | None = None
    problem: tuple[str, str, str] | None = None

    @property
    def lowest(self) -> int | None:
        return self.weight if self.least is None else self.least


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An AnalysisRun of this rollout. ``raw`` is the object."""

    name: str
    phase: str
    message: str
    kind: str
    hash: str
    step_index: int | None
    terminating: bool
    created: datetime
    raw: Mapping[str, Any]

    @property
    def done(self) -> bool:
        return self.phase in {"Successful", "Failed", "Error", "Inconclusive"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """An Experiment of this rollout. ``raw`` is the object."""

    name: str
    phase: str
    message: str
    hash: str
    terminating: bool
    created: datetime
    raw: Mapping[str, Any]

    @property
    def done(self) -> bool:
        return self.phase in {"Successful", "Failed", "Error", "Inconclusive"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything a pass looks at besides spec and status.

    ``foreign_runs`` tells which names in the namespace belong to runs of somebody else; ``pods``
    is None unless a restart needs them, and where they could not be read. ``freezes`` are those
    in force whose scope has this rollout, as far as ``freezes_unread`` is None; ``waiting`` are
    others that were held and are free now. ``partial``: ``policy`` or ``freezes`` may not be read,
    which is never so for the bot.
    """

    cluster: str
    namespace: str
    name: str
    uid: str
    generation: int
    created: datetime
    revision: int
    annotations: Mapping[str, str]
    labels: Mapping[str, str]
    replica_sets: tuple[ReplicaSet, ...]
    services: Mapping[str, Service]
    routes: tuple[RouteView, ...]
    runs: tuple[Run, ...]
    templates: Mapping[tuple[bool, str], Mapping[str, Any]]
    raw: Mapping[str, Any] = field(default_factory=dict)
    foreign_runs: Container[str] = ()
    experiments: tuple[Experiment, ...] = ()
    foreign_experiments: Container[str] = ()
    pods: tuple[Pod, ...] | None = None
    workload: Workload | None = None
    policy: policy_model.Effective = field(default_factory=policy_model.Effective)
    freezes: tuple[policy_model.Freeze, ...] = ()
    freezes_unread: holds.Unread | None = None
    waiting: tuple[holds.Waiting, ...] = ()
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How a ReplicaSet should be: pods, scale-down deadline, annotations that must hold.

    An annotation of None is to be taken away.
    ``template`` is a merge patch of the pod template's spec, empty where it stays.
    """

    replicas: int
    deadline: datetime | None = None
    keep_deadline: bool = False
    annotations: Mapping[str, str | None] = field(default_factory=dict)
    min_ready_s: int = 0
    template: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Labels and annotations to change on the pods of a revision, and what to record of it."""

    hash: str
    patch: Mapping[str, Mapping[str, str | None]]
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What should be. Applying any part of it in any order is safe."""

    create: Mapping[str, Any] | None = None
    sizes: Mapping[str, Size] = field(default_factory=dict)
    selectors: Mapping[str, str] = field(default_factory=dict)
    route: Route | None = None
    route_urgent: bool = False
    revision: int | None = None
    workload_generation: str = ""
    workload_replicas: int | None = None
    replicas_default: bool = False
    create_runs: tuple[Mapping[str, Any], ...] = ()
    terminate_runs: tuple[str, ...] = ()
    delete_runs: tuple[str, ...] = ()
    delete_replica_sets: tuple[str, ...] = ()
    create_experiments: tuple[Mapping[str, Any], ...] = ()
    terminate_experiments: tuple[str, ...] = ()
    delete_experiments: tuple[str, ...] = ()
    marks: Mapping[str, Marks] = field(default_factory=dict)
    evict: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A Kubernetes event of the rollout."""

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Which rule held and what it means, in a sentence.

    The one that says why a rollout stands where it stands has more: since and until when as far
    as that is known, ``frees`` (a whole sentence on what would end it), and ``acts``, the kinds
    of the buttons that would.
    """

    rule: str
    sentence: str
    since: datetime | None = None
    until: datetime | None = None
    frees: str = ""
    acts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one pass came to. ``status`` None: leave the object as it is (ruling 7)."""

    status: Any
    desired: Desired = field(default_factory=Desired)
    wake_at: datetime | None = None
    events: tuple[Event, ...] = ()
    reasons: tuple[Reason, ...] = ()


Lookup = Mapping[ports.Ref, ports.Object]
