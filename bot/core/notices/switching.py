"""A blue-green as people follow it: preview, analysis, the switch of everybody, analysis, done."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.core import inconclusive
from bot.core.notices import scene as scenes
from bot.core.notices import warm
from bot.model import facts
from bot.model import spec as spec_model
from bot.model import status as status_model

URL = "rollout-bot.io/preview-url"


def fact(scene: scenes.Scene) -> facts.SwitchFact | None:
    """Where preview and users are; None for another strategy."""
    chosen = scenes.switching(scene)
    if chosen is None:
        return None
    kept = warm.of(scene)
    return facts.SwitchFact(
        switched=scenes.switched(scene) == 100,
        preview=chosen.preview_service,
        preview_url=_url(scene),
        warm=None if kept is None else scenes.label(kept),
        warm_until=None if kept is None else kept.deadline,
    )


def _url(scene: scenes.Scene) -> str:
    found = scene.seen.annotations.get(URL)
    return found.strip()[:1_000] if isinstance(found, str) else ""


def wait(scene: scenes.Scene) -> datetime | None:
    """When the switch is made by itself, where it only waits for its time."""
    chosen, held = scenes.switching(scene), scenes.pause(scene)
    if chosen is None or held is None or scenes.gate(scene) or not chosen.auto_promotion:
        return None
    if held.reason != status_model.PauseReason.BLUE_GREEN:
        return None
    return held.start + timedelta(seconds=chosen.auto_promotion_s)


def steps(scene: scenes.Scene) -> tuple[facts.StepFact, ...]:
    """The way of a blue-green; the first that is not over is the present one."""
    chosen = scenes.switching(scene)
    if chosen is None or scene.first or scene.status.abort:
        return ()
    out, state = [], facts.StepState.DONE
    for text, over in _way(scene, chosen):
        if state is facts.StepState.CURRENT:
            state = facts.StepState.COMING
        elif state is facts.StepState.DONE and not over:
            state = facts.StepState.CURRENT
        out.append(facts.StepFact(text=text, state=state))
    return tuple(out)


def _way(scene: scenes.Scene, chosen: spec_model.BlueGreen) -> Iterator[tuple[str, bool]]:
    known = scene.status
    switched = scene.promoted or scenes.switched(scene) == 100
    passed = switched or (bool(known.pause_conditions) and known.pre_run is None)
    there = scene.new is not None and scene.new.available > 0
    enough = there and scene.new is not None and scene.new.available >= scene.new.replicas
    yield "preview", switched or enough
    if chosen.pre is not None:
        yield "analysis", passed or _over(known, known.pre_run)
    if not chosen.auto_promotion or scenes.gate(scene):
        yield "approval", switched
    elif chosen.auto_promotion_s:
        yield f"{chosen.auto_promotion_s} s", switched
    yield "switch", switched
    if chosen.post is not None:
        yield "analysis", scene.promoted or _over(known, known.post_run)


def _over(known: status_model.Status, run: status_model.RunRef | None) -> bool:
    if run is None:
        return False
    return run.status == "Successful" or inconclusive.overruled(known, run)
