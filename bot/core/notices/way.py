"""The way of a rollout as people read it: every step with its state."""

from bot.core.notices import scene as scenes
from bot.core.notices import switching
from bot.model import facts
from bot.model import spec as spec_model

STEPS_LIMIT = 100


def step_text(step: spec_model.Step, full: int = 100) -> str:
    """One step as people read it; ``full`` is the weight that is all of the traffic."""
    match step:
        case spec_model.SetWeight():
            return f"{step.weight * 100 / full:g} %"
        case spec_model.Pause(duration_s=None):
            return "approval"
        case spec_model.Pause():
            return span(step.duration_s or 0)
        case spec_model.Analysis():
            return "analysis"
        case spec_model.Experiment():
            return "experiment"
        case spec_model.SetRoute():
            kind = "mirror" if step.mirrored else "header route"
            return kind if step.match else f"{kind} off"
        case spec_model.SetCanaryScale(replicas=int()):
            return f"{step.replicas} {'pod' if step.replicas == 1 else 'pods'}"
        case spec_model.SetCanaryScale(weight=int()):
            return f"pods for {(step.weight or 0) * 100 / full:g} %"
    return "pods as the weight"


def full(scene: scenes.Scene) -> int:
    return 100 if scene.spec is None else scene.spec.canary.full


def span(seconds: int) -> str:
    """A pause's length."""
    for size, unit in ((3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def steps(scene: scenes.Scene) -> tuple[facts.StepFact, ...]:
    """Every step with its state; with the gate before 100 % as a step of its own."""
    if scene.first:
        return ()  # a first deployment goes through none of them
    if scenes.switching(scene) is not None:
        return switching.steps(scene)
    over, reached = scene.promoted, _reached(scene)
    out = []
    for number, step in enumerate(scene.steps[:STEPS_LIMIT]):
        state = facts.StepState.COMING
        if over or number < reached:
            state = facts.StepState.DONE
        elif number == reached:
            state = facts.StepState.CURRENT
        out.append(facts.StepFact(text=step_text(step, full(scene)), state=state))
    return _with_full(scene, out)


def _reached(scene: scenes.Scene) -> int:
    """How many steps were over: an abort keeps what it interrupted."""
    at = scene.abort.get("step") if scene.status.abort else scene.index
    return at if isinstance(at, int) else 0


def _with_full(scene: scenes.Scene, out: list[facts.StepFact]) -> tuple[facts.StepFact, ...]:
    if scenes.full_gate(scene):
        held = facts.StepFact(text="approval", state=facts.StepState.CURRENT)
        coming = [
            facts.StepFact(text=fact.text, state=facts.StepState.COMING)
            if fact.state is facts.StepState.CURRENT
            else fact
            for fact in out[scene.index :]
        ]
        out = [*out[: scene.index], held, *coming]
    last = scene.steps[-1] if scene.steps else None
    ends = isinstance(last, spec_model.SetWeight) and last.weight == full(scene)
    if out and not ends:
        state = facts.StepState.DONE if scene.promoted else facts.StepState.COMING
        if not scene.promoted and scene.index >= len(scene.steps) and not scene.status.abort:
            state = facts.StepState.CURRENT
        if scenes.full_gate(scene):
            state = facts.StepState.COMING
        out.append(facts.StepFact(text="100 %", state=state))
    return tuple(out)
