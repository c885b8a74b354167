"""The plan of a rollout as people read it."""

from bot.core import planning
from bot.core.notices import scene as scenes
from bot.model import messages


def plan(scene: scenes.Scene) -> messages.PlanFacts:
    """Of the update in flight, or of the next one."""
    facts = messages.PlanFacts(
        rollout=scene.rollout, revision=None, stages=(), now=scene.now, problem=scene.problem
    )
    if scene.sheet is None or scene.problem:
        return facts
    going = planning.in_flight(scene.sheet)
    switch = scene.sheet.spec.blue_green is not None
    return messages.PlanFacts(
        rollout=scene.rollout,
        revision=scenes.revision(scene) if going else None,
        now=scene.now,
        sides=("preview", "active") if switch else ("canary", "stable"),
        stages=tuple(
            messages.StageFact(
                text=one.text,
                weight=one.weight,
                canary=one.canary,
                stable=one.stable,
                at=one.at,
                held=one.held,
            )
            for one in planning.of(scene.sheet)
        ),
    )
