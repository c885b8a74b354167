"""Which Service of a ping-pong is the stable's, where gates have named approvers.

The status says so under no seal. Who writes the other one there would have all traffic sent to the
canary's Service before anybody could move it: what the Services' selectors tell goes first.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.core import codec_ping_pong
from bot.core import draft as draft_module
from bot.model import spec as spec_model
from bot.model import status, world

PATH = "canary.stablePingPong"


def true(
    spec: spec_model.Spec, known: status.Status, seen: world.Seen, named: Sequence[int]
) -> tuple[spec_model.Spec, status.Status, world.Seen]:
    """The three with the turn that is one; ``known`` has the true stable already."""
    if spec.canary.ping_pong is None or not named or not _crossed(spec.canary, known, seen):
        return spec, known, seen
    canary = replace(
        spec.canary,
        canary_service=spec.canary.stable_service,
        stable_service=spec.canary.canary_service,
    )
    turned = codec_ping_pong.after_promotion(known.stable_ping_pong)
    routes = tuple(_other_side(view, canary.full) for view in seen.routes)
    return (
        replace(spec, canary=canary),
        replace(known, stable_ping_pong=turned),
        replace(seen, routes=routes),
    )


def _crossed(canary: spec_model.Canary, known: status.Status, seen: world.Seen) -> bool:
    """Whether of the two it is what is said to be the canary's Service that leads to the stable.

    After an abort both do: whichever is the stable's then, nobody comes to the canary by that. One
    that was applied anew leads to all pods, and tells nothing.
    """
    said, other = (_hash(seen, name) for name in (canary.canary_service, canary.stable_service))
    return said == known.stable_hash != other and "" not in {said, other}


def _hash(seen: world.Seen, name: str) -> str:
    service = seen.services.get(name)
    return "" if service is None else service.hash


def _other_side(view: world.RouteView, full: int) -> world.RouteView:
    """What the other Service gets of the same routes."""
    if view.weight is None or view.lowest is None:
        return view
    most, least = full - view.lowest, full - view.weight
    return replace(view, weight=most, least=None if least == most else least)


def undone(d: draft_module.Draft) -> list[str]:
    """What somebody wrote that is not so."""
    by_turns = d.spec.canary.ping_pong is not None
    wrong = by_turns and d.before.stable_ping_pong != d.status.stable_ping_pong
    return [PATH] if wrong else []
