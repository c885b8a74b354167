"""The working sheet of one pass over an Experiment. Lives within one call."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core import fields
from bot.model import experiment, world

BAD = ("Inconclusive", "Error", "Failed")
WARN = frozenset(BAD)
_LAST = datetime(9999, 1, 1, tzinfo=UTC)
JUST_AFTER = timedelta(milliseconds=1)
"""Argo's tests ask whether now is after an instant, and instants are whole seconds."""


def later(at: datetime, span: timedelta) -> datetime:
    """An instant after another; a status may hold any, also the last one there is."""
    return at + min(span, _LAST - at) if at < _LAST else at


@dataclass(slots=True, kw_only=True)
class Sheet:
    """Mutable on purpose: the one place where a pass collects its result.

    ``templates`` and ``runs`` are the next statuses by name, in the order of the spec.
    """

    raw: Mapping[str, Any]
    spec: experiment.Spec
    before: experiment.Status
    seen: experiment.Seen
    now: datetime
    templates: dict[str, experiment.TemplateStatus] = field(default_factory=dict)
    runs: dict[str, experiment.RunStatus] = field(default_factory=dict)
    available_at: datetime | None = None
    phase: str = ""
    events: list[world.Event] = field(default_factory=list)
    told: list[world.Event] = field(default_factory=list)
    wakes: list[datetime] = field(default_factory=list)
    create_runs: list[Mapping[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        old = {one.name: one for one in self.before.templates}
        self.templates = {
            one.name: old.get(one.name, experiment.TemplateStatus(name=one.name))
            for one in self.spec.templates
        }
        known = {one.name: one for one in self.before.runs}
        asked = {one.name for one in self.spec.analyses}
        self.runs = {name: one for name, one in known.items() if name in asked}
        self.available_at, self.phase = self.before.available_at, self.before.phase

    @property
    def name(self) -> str:
        return str(self.raw["metadata"]["name"])

    @property
    def second(self) -> datetime:
        """Now, as a status keeps it."""
        return self.now.replace(microsecond=0)

    @property
    def finished(self) -> bool:
        return self.phase in {"Successful", "Failed", "Error", "Inconclusive"}

    @property
    def ending(self) -> bool:
        """Nothing new is begun any more (§6.6, "terminating")."""
        if self.spec.terminate or self.finished:
            return True
        if any(one.status in {"Failed", "Error"} for one in self.templates.values()):
            return True
        return any(one.phase in WARN for one in self.runs.values()) or self.required_done

    @property
    def required_done(self) -> bool:
        """All analyses that must succeed have done so, and there are some."""
        needed = [one.name for one in self.spec.analyses if one.required]
        got = (self.runs.get(name) for name in needed)
        return bool(needed) and all(run and run.phase == "Successful" for run in got)

    @property
    def expires(self) -> datetime | None:
        if self.spec.duration is None or self.available_at is None:
            return None
        return later(self.available_at, self.spec.duration)

    @property
    def expired(self) -> bool:
        """Whether its time is over; asks to be woken when it will be."""
        at = self.expires
        if at is None:
            return False
        if self.now > at:
            return True
        self.wakes.append(at + JUST_AFTER)
        return False

    def set_of(self, template: str) -> world.ReplicaSet | None:
        """The ReplicaSet of one template."""
        mine = ("experiment.argoproj.io/name", "experiment.argoproj.io/template-name")
        return next(
            (
                rs
                for rs in self.seen.replica_sets
                if (rs.annotations.get(mine[0]), rs.annotations.get(mine[1]))
                == (self.name, template)
                and not rs.deleting
            ),
            None,
        )

    def event(self, reason: str, message: str, *, warning: bool = False) -> None:
        self.events.append(world.Event(reason=reason, message=message, warning=warning))

    def template(self, name: str, **changes: Any) -> None:
        """Change one template's status; a new word for it is an event."""
        old = self.templates[name]
        new = replace(old, **changes)
        self.templates[name] = new
        if new.status != old.status:
            text = f"Template '{name}' transitioned from {old.status} -> {new.status}"
            bad = new.status in {"Failed", "Error"}
            self.event(f"Template{new.status}", text, warning=bad)

    def run(self, name: str, **changes: Any) -> None:
        """Change what is known of one analysis; the Rollout that owns this hears of it too."""
        old = self.runs.get(name) or experiment.RunStatus(name=name)
        new = replace(old, **changes)
        self.runs[name] = new
        if new.phase == old.phase:
            return
        text = f"AnalysisRun '{name}' transitioned from {old.phase} -> {new.phase}"
        self.event(f"AnalysisRun{new.phase}", text, warning=new.phase in WARN)
        # Always a warning there, as Argo tells it.
        self.told.append(world.Event(reason=f"AnalysisRun{new.phase}", message=text, warning=True))

    def owner(self) -> dict[str, Any]:
        """The controller reference to this Experiment."""
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Experiment",
            "name": self.name,
            "uid": self.raw["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }

    @property
    def notes(self) -> Mapping[str, Any]:
        return fields.mapping(self.raw["metadata"].get("annotations"), "annotations")

    @property
    def labels(self) -> Mapping[str, Any]:
        return fields.mapping(self.raw["metadata"].get("labels"), "labels")
