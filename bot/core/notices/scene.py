"""One rollout at one moment, as every notice looks at it. No wording, nothing of messages' shape.

All of it comes from the arguments: the same world gives the same scene.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.core import approvals, codec_instant, gates, intake, revisions, sizing, weights
from bot.core import draft as draft_module
from bot.core import unmeasured as unmeasured_rule
from bot.core.notices import ailing
from bot.model import errors, facts, holds, world
from bot.model import spec as spec_model
from bot.model import status as status_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """``sheet`` is None where the manifest cannot be run; ``problem`` is then the sentence.

    ``ailment`` is what the new revision's pods suffer from, ``room`` whether more of them fit
    into the quotas, where somebody looked.
    """

    rollout: facts.RolloutId
    status: status_model.Status
    seen: world.Seen
    reasons: tuple[world.Reason, ...]
    now: datetime
    sheet: draft_module.Draft | None
    problem: str = ""
    supported: bool = True
    ailment: ailing.Ailment | None = None
    room: str = ""

    @property
    def spec(self) -> spec_model.Spec | None:
        return None if self.sheet is None else self.sheet.spec

    @property
    def steps(self) -> tuple[spec_model.Step, ...]:
        return () if self.sheet is None else self.sheet.spec.canary.steps

    @property
    def index(self) -> int:
        return 0 if self.sheet is None else self.sheet.index

    @property
    def new(self) -> world.ReplicaSet | None:
        """The ReplicaSet of the present template."""
        if self.sheet is not None:
            return self.sheet.family.new
        return self.of_hash(self.status.current_hash)

    @property
    def stable(self) -> world.ReplicaSet | None:
        if self.sheet is not None and self.sheet.family.stable is not None:
            return self.sheet.family.stable
        return self.of_hash(self.status.stable_hash)

    @property
    def hash(self) -> str:
        return self.new.hash if self.new is not None else self.status.current_hash

    @property
    def promoted(self) -> bool:
        return bool(self.hash) and self.status.stable_hash == self.hash

    @property
    def first(self) -> bool:
        """A first deployment: no other revision was ever there."""
        others = [rs for rs in self.seen.replica_sets if rs.hash != self.hash]
        return not others and self.status.stable_hash in {"", self.hash}

    @property
    def abort(self) -> Mapping[str, Any]:
        return self.status.bot.abort if self.status.abort else {}

    def of_hash(self, pod_hash: str) -> world.ReplicaSet | None:
        return next((rs for rs in self.seen.replica_sets if rs.hash == pod_hash), None)


def build(
    *,
    spec: spec_model.Spec | errors.UserError,
    status: status_model.Status,
    seen: world.Seen,
    reasons: Sequence[world.Reason],
    now: datetime,
    ailment: ailing.Ailment | None = None,
    room: str = "",
) -> Scene:
    """The scene of a rollout; ``reasons`` are those of its last decision."""
    problem, supported = _problem(spec, reasons)
    sheet = None
    if isinstance(spec, spec_model.Spec):
        family = revisions.family(spec, status, seen)
        sheet = draft_module.Draft(
            spec=spec, seen=seen, before=status, status=status, family=family, now=now
        )
        approvals.prepare(sheet)
    return Scene(
        rollout=facts.RolloutId(
            cluster=seen.cluster, namespace=seen.namespace, name=seen.name, uid=seen.uid
        ),
        status=status,
        seen=seen,
        reasons=tuple(reasons),
        now=now,
        sheet=sheet,
        problem=problem,
        supported=supported,
        ailment=ailment,
        room=room,
    )


def _problem(
    spec: spec_model.Spec | errors.UserError, reasons: Sequence[world.Reason]
) -> tuple[str, bool]:
    if isinstance(spec, errors.NotSupported):
        return spec.sentence, False
    if isinstance(spec, errors.UserError):
        return spec.sentence, True
    for reason in reasons:
        if reason.rule in {"not-supported", "invalid-spec"}:
            return reason.sentence, reason.rule != "not-supported"
    return "", True


def label(rs: world.ReplicaSet | None) -> facts.RevisionLabel | None:
    """How people call a revision, with the images it runs."""
    if rs is None:
        return None
    pod = rs.template.get("spec") or {}
    images = tuple(str(c.get("image", "")) for c in (pod.get("containers") or ())[:8])
    return facts.RevisionLabel(number=rs.revision, hash=rs.hash, images=images)


def revision(scene: Scene) -> facts.RevisionLabel:
    """The present revision; number 0 while nothing of it is known."""
    return label(scene.new) or facts.RevisionLabel(
        number=scene.seen.revision, hash=scene.status.current_hash
    )


def former(scene: Scene) -> facts.RevisionLabel | None:
    """The stable that an abort returns to; None where there is no other revision."""
    if scene.stable is None or scene.stable.hash == scene.hash:
        return None
    return label(scene.stable)


def switching(scene: Scene) -> spec_model.BlueGreen | None:
    """The strategy where one Service is switched and no weight is set."""
    return None if scene.spec is None else scene.spec.blue_green


def switched(scene: Scene) -> int:
    """Of a blue-green: everybody or nobody, by what the active Service selects."""
    chosen = switching(scene)
    service = scene.seen.services.get(chosen.active_service) if chosen is not None else None
    return 100 if service is not None and service.hash == scene.hash else 0


def percent(scene: Scene, weight: int) -> int:
    """``weight`` for people, who count in per cents; what is not nothing is at least 1 %."""
    full = 100 if scene.spec is None else scene.spec.canary.full
    return weight if full == 100 else max(round(weight * 100 / full), int(weight > 0))


def asked(scene: Scene) -> int:
    """The weight that the steps ask for now."""
    if scene.sheet is None:
        return 0
    if held(scene) is not None and sizing.kept_back(scene.sheet):
        return percent(scene, weights.before_step(scene.steps, scene.index))
    return percent(scene, weights.of_size(scene.sheet))


def weight(scene: Scene) -> int:
    """The weight that the canary has: as written where a router sets it, else as asked."""
    if scene.status.abort:
        return 0 if scene.abort.get("safeAt") else left(scene)
    if switching(scene) is not None:
        return switched(scene)
    written = scene.status.weights
    routed = scene.spec is not None and scene.spec.canary.routed
    if routed and written is not None and not scene.promoted:
        return percent(scene, written.canary)
    return asked(scene)


def left(scene: Scene) -> int:
    """The users, per cent, that an abort has not yet taken off the canary, as far as is seen."""
    if switching(scene) is not None:
        return switched(scene)
    written = scene.status.weights
    if scene.spec is not None and scene.spec.canary.routed:
        seen = [view.weight for view in scene.seen.routes if view.weight is not None]
        most = max(seen, default=written.canary if written is not None else 0)
        return percent(scene, most)
    total = sum(rs.available for rs in scene.seen.replica_sets)
    mine = scene.new.available if scene.new is not None else 0
    return round(mine * 100 / total) if total else 0


def coming(scene: Scene) -> int:
    """The next weight after the present one."""
    if full_gate(scene):
        return 100
    for step in scene.steps[scene.index + 1 :]:
        if isinstance(step, spec_model.SetWeight):
            return percent(scene, step.weight)
    return 100


def full_gate(scene: Scene) -> bool:
    """Whether the gate before 100 % holds it now."""
    return (
        scene.sheet is not None
        and bool(scene.status.pause_conditions)
        and weights.held_before_full(scene.sheet)
    )


def asks_after(scene: Scene) -> bool:
    """Whether the gate before 100 % will hold it once the present step is over."""
    if scene.sheet is None or full_gate(scene):
        return False
    after = replace(scene.sheet.status, step_index=scene.index + 1)
    return weights.held_before_full(replace(scene.sheet, status=after))


def held(scene: Scene) -> holds.Hold | None:
    """The freeze, window or turn that keeps it from moving, where it came up against one."""
    known = scene.status.bot.held is not None and scene.sheet is not None
    return gates.ahead(scene.sheet) if known and scene.sheet is not None else None


def unmeasured(scene: Scene) -> bool:
    """Whether the policy wants it measured and nothing does: then no approval moves it."""
    return scene.sheet is not None and unmeasured_rule.held(scene.sheet)


def present(scene: Scene) -> spec_model.Step | None:
    return scene.steps[scene.index] if scene.index < len(scene.steps) else None


def pause(scene: Scene) -> status_model.PauseCondition | None:
    return scene.status.pause_conditions[0] if scene.status.pause_conditions else None


def inconclusive(scene: Scene) -> bool:
    held = pause(scene)
    reasons = status_model.PauseReason
    return held is not None and held.reason in {
        reasons.INCONCLUSIVE,
        reasons.INCONCLUSIVE_EXPERIMENT,
    }


def before_switch(scene: Scene) -> bool:
    """Whether a blue-green waits for a person to make the switch."""
    chosen, held = switching(scene), pause(scene)
    waits = held is not None and held.reason == status_model.PauseReason.BLUE_GREEN
    return waits and chosen is not None and not chosen.auto_promotion


def gate(scene: Scene) -> str:
    """The id of the gate that a person must pass now, or an empty text."""
    if pause(scene) is None or scene.status.abort or scene.promoted or scene.problem:
        return ""
    if unmeasured(scene):
        return ""
    step = present(scene)
    endless = isinstance(step, spec_model.Pause) and step.duration_s is None
    kept = scene.sheet is not None and scene.sheet.kept is not None
    if not (endless or kept or before_switch(scene) or inconclusive(scene) or full_gate(scene)):
        return ""
    return intake.present_gate(scene.seen.cluster, scene.seen.uid, scene.status)


def time(raw: Any) -> datetime | None:
    """An instant of the status block."""
    return codec_instant.read(raw)
