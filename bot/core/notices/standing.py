"""How a rollout stands: its news, its steps, its next move, the buttons that are valid now."""

from datetime import datetime, timedelta

from bot.core import explaining, quorum, unmeasured
from bot.core.notices import measured, people, switching, warm, way
from bot.core.notices import scene as scenes
from bot.model import buttons, facts
from bot.model import spec as spec_model
from bot.model import status as status_model

step_text, span, steps = way.step_text, way.span, way.steps


def news(scene: scenes.Scene) -> facts.News:
    """What is true now: the first row that holds."""
    if scene.problem:
        return facts.News.INVALID if scene.supported else facts.News.NOT_RUN
    if scene.status.abort:
        return facts.News.ROLLED_BACK if safe(scene) else facts.News.ROLLING_BACK
    if scene.promoted:
        return _promoted(scene)
    if scenes.inconclusive(scene) or (scene.spec is not None and scene.spec.paused):
        return facts.News.HOLDS
    if scenes.unmeasured(scene):
        return facts.News.HOLDS
    if scenes.gate(scene):
        return facts.News.WAITS
    if scenes.held(scene) is not None:
        return facts.News.HOLDS
    return facts.News.NOT_READY if not_ready(scene) else facts.News.MOVES


def _promoted(scene: scenes.Scene) -> facts.News:
    """An update is over with its promotion, a first deployment when its pods are there."""
    if not scene.first or scene.spec is None:
        return facts.News.DONE
    if scene.new is not None and scene.new.available >= scene.spec.replicas:
        return facts.News.DONE
    return facts.News.NOT_READY if not_ready(scene) else facts.News.MOVES


def safe(scene: scenes.Scene) -> bool:
    """Whether every user is on the stable again."""
    return bool(scene.abort.get("safeAt"))


def not_ready(scene: scenes.Scene) -> bool:
    """The progress deadline has passed, or pods cannot be made or started."""
    late = any(c.reason == "ProgressDeadlineExceeded" for c in scene.status.conditions)
    stuck = scene.ailment is not None and scene.ailment.stuck and missing(scene)
    return late or stuck or (scene.new is not None and scene.new.failure is not None)


def missing(scene: scenes.Scene) -> bool:
    """Whether some of the new revision's pods are not ready."""
    return scene.new is not None and scene.new.ready < scene.new.replicas


def trouble(scene: scenes.Scene) -> str:
    """Why pods are missing, as far as their ReplicaSet and they themselves say."""
    failure = scene.new.failure if scene.new is not None else None
    if failure:
        return str(failure.get("message", ""))[:300]
    return scene.ailment.text if scene.ailment is not None and missing(scene) else ""


def next_move(scene: scenes.Scene) -> tuple[str, datetime | None]:
    """What comes next and when; no time where nobody knows."""
    if scene.problem or scene.status.abort or scene.promoted:
        return "", None
    if scenes.gate(scene):
        return f"{scenes.coming(scene)} %, {_when(scene)}", None
    if scenes.switching(scene) is not None:
        return _next_of_switch(scene)
    step, held = scenes.present(scene), scenes.pause(scene)
    if isinstance(step, spec_model.Pause) and step.duration_s is not None:
        at = held.start + timedelta(seconds=step.duration_s) if held is not None else None
        return f"{_following(scene)}", at
    if isinstance(step, spec_model.Analysis):
        return f"{_following(scene)}, after the analysis", None
    if isinstance(step, spec_model.Experiment):
        return f"{_following(scene)}, after the experiment", None
    if step is None:
        return "done, when all pods are ready", None
    return "", None


def _when(scene: scenes.Scene) -> str:
    """What the open gate waits for; of several approvals how many there are."""
    stands = quorum.of(scene.sheet) if scene.sheet is not None else None
    if stands is None or stands.rule.quorum < 2:
        return "when somebody approves"
    return stands.so_far or f"when {stands.rule.quorum} approve"


def _next_of_switch(scene: scenes.Scene) -> tuple[str, datetime | None]:
    """Of a blue-green that waits for nobody: the switch, or the end after it."""
    chosen, held = scenes.switching(scene), scenes.pause(scene)
    if chosen is None:
        return "", None
    switched = scenes.switched(scene) == 100
    run = scene.status.post_run if switched else scene.status.pre_run
    analyzed = (chosen.post if switched else chosen.pre) is None or (
        run is not None and run.status == "Successful"
    )
    what = "done" if switched else "100 %"
    if held is not None and held.reason == status_model.PauseReason.BLUE_GREEN:
        return what, held.start + timedelta(seconds=chosen.auto_promotion_s)
    return f"{what}, {'when all pods are ready' if analyzed else 'after the analysis'}", None


def _following(scene: scenes.Scene) -> str:
    if scenes.asks_after(scene):
        return "approval"
    after = scene.steps[scene.index + 1 : scene.index + 2]
    return step_text(after[0], way.full(scene)) if after else "100 %"


def because(scene: scenes.Scene) -> str:
    """Why it stands as it does, in a sentence."""
    if scene.problem:
        return scene.problem
    if scene.status.abort:
        return _aborted(scene)
    if scenes.inconclusive(scene):
        return next((r.sentence for r in scene.reasons if "inconclusive" in r.sentence), "") or (
            "an analysis was inconclusive"
        )
    if scene.spec is not None and scene.spec.paused:
        return "spec.paused is set"
    if scenes.unmeasured(scene):
        return unmeasured.BECAUSE
    held = scenes.held(scene)
    return "" if held is None else held.sentence


def _aborted(scene: scenes.Scene) -> str:
    by, text = people.decode(str(scene.abort.get("by", ""))), cause(scene)
    if by is None:
        return _verdict(scene, text) or text
    return f"aborted by {by.name}" + (f": {text}" if text else "")


def _verdict(scene: scenes.Scene, text: str) -> str:
    """The metric that decided, where one did; Argo's own words say less."""
    run = measured.failed_run(scene) if "analysis" in text.lower() else None
    metric = measured.failed_metric(run) if run is not None else None
    if metric is None or not metric.value_text:
        return ""
    must = f", must be {metric.bound_text}" if metric.bound_text else ""
    return f"by itself: {metric.name} {metric.value_text}{must}"


def cause(scene: scenes.Scene) -> str:
    """What an abort came from, in the words it was recorded with."""
    if text := explaining.reason(scene.abort) or scene.abort.get("cause"):
        return str(text)[:600]
    condition = scene.status.condition("Progressing")
    if condition is not None and condition.reason == "ProgressDeadlineExceeded":
        return condition.message
    return ""


def valid(scene: scenes.Scene) -> tuple[buttons.Button, ...]:
    """The buttons of the card: those that would do something now."""
    kinds: list[buttons.ButtonKind] = []
    match news(scene):
        case facts.News.MOVES | facts.News.NOT_READY if not scene.promoted:
            if switching.wait(scene) is not None:
                kinds.append(buttons.ButtonKind.SWITCH)
            if skippable(scene):
                kinds.append(buttons.ButtonKind.SKIP_WAIT)
            kinds.append(buttons.ButtonKind.ABORT)
        case facts.News.WAITS | facts.News.HOLDS:
            kinds.append(buttons.ButtonKind.ABORT)
        case facts.News.DONE if warm.of(scene) is not None:
            kinds.append(buttons.ButtonKind.SWITCH_BACK)
        case _:
            pass
    return made(scene, *kinds, buttons.ButtonKind.WHY)


def at_gate(scene: scenes.Scene) -> tuple[buttons.ButtonKind, ...]:
    """What a person may answer to the open gate."""
    kinds = buttons.ButtonKind
    if scenes.inconclusive(scene):
        return kinds.MEASURE_AGAIN, kinds.CONTINUE, kinds.ABORT
    if scenes.switching(scene) is not None:
        return kinds.SWITCH, kinds.ABORT
    return kinds.APPROVE, kinds.ABORT


def skippable(scene: scenes.Scene) -> bool:
    """Whether the present step is a timed wait that somebody may end."""
    step = scenes.present(scene)
    timed = isinstance(step, spec_model.Pause) and step.duration_s is not None
    return timed and scenes.pause(scene) is not None and not scenes.full_gate(scene)


def made(scene: scenes.Scene, *kinds: buttons.ButtonKind) -> tuple[buttons.Button, ...]:
    """Buttons bound to what is seen now: revision, step, gate."""
    value = buttons.ButtonValue(
        cluster=scene.rollout.cluster,
        namespace=scene.rollout.namespace,
        name=scene.rollout.name,
        uid=scene.rollout.uid,
        revision=scene.hash,
        step=scene.status.step_index,
        gate_id=scenes.gate(scene),
    )
    return tuple(
        buttons.Button(
            kind=kind,
            value=value,
            revision=scenes.revision(scene),
            stable=_back_to(scene, kind),
            weight=scenes.coming(scene) if kind in _FORWARD else None,
        )
        for kind in kinds
    )


def _back_to(scene: scenes.Scene, kind: buttons.ButtonKind) -> facts.RevisionLabel | None:
    if kind is buttons.ButtonKind.SWITCH_BACK:
        return scenes.label(warm.of(scene))
    return scenes.former(scene)


_FORWARD = frozenset(
    {buttons.ButtonKind.APPROVE, buttons.ButtonKind.SKIP_WAIT, buttons.ButtonKind.SWITCH}
)


def condition_time(scene: scenes.Scene, kind: str) -> datetime | None:
    """When a condition became true, if it is."""
    found: status_model.Condition | None = scene.status.condition(kind)
    return found.transitioned if found is not None and found.status == "True" else None
