"""What an approval sets going: how many pods there will be, and what is different about them."""

from dataclasses import replace

from bot.core import revisions, sizing, template_diff
from bot.core.notices import scene as scenes
from bot.model import facts, world
from bot.model import spec as spec_model


def pods(scene: scenes.Scene) -> facts.PodsPlanFact | None:
    """The new revision's pods now and after the approval; None where that is not known."""
    if scene.sheet is None or scene.spec is None or scene.new is None or not scenes.gate(scene):
        return None
    now, then = scene.new.replicas, _then(scene)
    more = max(0, then - now)
    if not scene.spec.canary.routed and scene.spec.blue_green is None:
        # Without a router the stable gives up a pod for each: only the surge comes on top.
        more = min(more, scene.spec.canary.max_surge)
    return facts.PodsPlanFact(pods_now=now, pods_then=then, more=more, room=scene.room)


def _then(scene: scenes.Scene) -> int:
    sheet, spec = scene.sheet, scene.spec
    if sheet is None or spec is None:
        return 0
    if spec.blue_green is not None:
        return spec.replicas
    index = len(spec.canary.steps)
    for at in range(scene.index + 1, len(spec.canary.steps)):
        if isinstance(spec.canary.steps[at], spec_model.SetWeight):
            index = at
            break
    if scenes.full_gate(scene):
        index = len(spec.canary.steps)
    moved = replace(
        sheet,
        spec=replace(spec, gate_before_full=False),
        status=replace(scene.status, step_index=index, pause_conditions=()),
        create_runs=[],
    )
    return sizing.target(moved).canary


def differences(scene: scenes.Scene) -> tuple[str, ...]:
    """What is different from the stable's pods, besides images."""
    return between(scene.stable, scene.new)


def between(old: world.ReplicaSet | None, new: world.ReplicaSet | None) -> tuple[str, ...]:
    """The same of any two revisions, as far as both are still there."""
    if new is None or old is None or old.hash == new.hash:
        return ()
    return template_diff.changes(revisions.bare(old), revisions.bare(new))
