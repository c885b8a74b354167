"""An Experiment as values: what it asks for, what is known and seen of it, what a pass came to."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.model import status as status_model
from bot.model import world


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Pods of one kind. ``service`` None: no Service; an empty text: one named as the pods' set.

    ``template`` None means that ``spec_ref`` names a revision of a Rollout instead.
    """

    name: str
    replicas: int = 1
    min_ready_s: int = 0
    selector: Mapping[str, Any] = field(default_factory=dict)
    template: Mapping[str, Any] | None = None
    spec_ref: str = ""
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One analysis; ``raw`` is what its run is built from, as Argo's RolloutAnalysis has it."""

    name: str
    required: bool
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The decoded, validated spec. Defaults are filled in.

    ``rollout`` is the Rollout whose revisions are meant where a template says ``specRef``.
    """

    templates: tuple[Template, ...]
    analyses: tuple[Analysis, ...] = ()
    duration: timedelta | None = None
    progress_deadline_s: int = 600
    scale_down_delay_s: int = 30
    terminate: bool = False
    run_metadata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rollout: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateStatus:
    """What is known of one template's pods."""

    name: str
    replicas: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    collisions: int | None = None
    status: str = ""
    message: str = ""
    transitioned: datetime | None = None
    service: str = ""
    pod_hash: str = ""

    @property
    def done(self) -> bool:
        return self.status in {"Successful", "Failed", "Error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """What is known of one analysis: its run and the run's phase."""

    name: str
    run: str = ""
    phase: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The whole status of an Experiment."""

    phase: str = ""
    message: str = ""
    available_at: datetime | None = None
    templates: tuple[TemplateStatus, ...] = ()
    runs: tuple[RunStatus, ...] = ()
    conditions: tuple[status_model.Condition, ...] = ()

    def condition(self, kind: str) -> status_model.Condition | None:
        return next((c for c in self.conditions if c.type == kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything a pass looks at besides the object itself.

    ``replica_sets``, ``services`` and ``runs`` are this Experiment's own; a Service is known by
    its name alone. ``revisions`` are the ReplicaSets that ``stable`` and ``canary`` stand for,
    None where the Rollout is not there. ``taken`` are names of ReplicaSets that belong to
    others, ``refused`` what the server said of an object by its name.
    """

    replica_sets: tuple[world.ReplicaSet, ...] = ()
    services: frozenset[str] = frozenset()
    runs: tuple[world.Run, ...] = ()
    foreign_runs: Container[str] = ()
    templates: Mapping[tuple[bool, str], Mapping[str, Any]] = field(default_factory=dict)
    revisions: Mapping[str, Mapping[str, Any]] | None = None
    taken: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What should be. Applying any part of it in any order is safe."""

    create_sets: tuple[Mapping[str, Any], ...] = ()
    sizes: Mapping[str, world.Size] = field(default_factory=dict)
    create_services: tuple[Mapping[str, Any], ...] = ()
    delete_services: tuple[str, ...] = ()
    create_runs: tuple[Mapping[str, Any], ...] = ()
    terminate_runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a pass came to. ``told`` are events that the Rollout which owns it hears too."""

    status: Status
    desired: Desired = field(default_factory=Desired)
    wake_at: datetime | None = None
    events: tuple[world.Event, ...] = ()
    told: tuple[world.Event, ...] = ()
