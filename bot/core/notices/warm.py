"""The revision that was active before and still has its pods: a blue-green's fast way back."""

from bot.core.notices import scene as scenes
from bot.model import world

COLD = "The earlier version has given up its pods; nothing was done. /rollout undo brings it back."


def of(scene: scenes.Scene) -> world.ReplicaSet | None:
    """The newest earlier revision that could take all users at once; its deadline is known."""
    if scenes.switching(scene) is None or not scene.promoted or scene.spec is None:
        return None
    found = [
        rs
        for rs in scene.seen.replica_sets
        if rs.hash != scene.hash
        and not rs.deleting
        and rs.available >= scene.spec.replicas > 0
        and rs.deadline is not None
        and rs.deadline > scene.now
    ]
    return max(found, key=lambda rs: rs.revision, default=None)
