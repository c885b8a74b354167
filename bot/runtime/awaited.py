"""Of what waits, what waits for one person: what they may approve, and have not approved yet."""

from collections.abc import Sequence

from bot.core import persons, tally
from bot.core.notices import people
from bot.core.notices import scene as scenes
from bot.model import facts, messages
from bot.runtime import authorize, permits, scenery

ASKED_LIMIT = 200
"""Rollouts of which it is asked whether the reader may approve; more are left out."""


async def by(
    person: facts.Person,
    found: Sequence[messages.RowFact],
    *,
    view: scenery.Scenery,
    rights: permits.Permits,
) -> tuple[messages.RowFact, ...]:
    """Those of ``found`` that wait for ``person``."""
    kept = []
    for row in found[:ASKED_LIMIT]:
        key = f"{row.rollout.namespace}/{row.rollout.name}"
        rollout, scene = view.rollout(key), view.of(key)
        if rollout is None or scene is None or _approved(scene, person):
            continue
        answer = await rights.ask(person, authorize.Action.PROMOTE, rollout, scene=scene)
        if isinstance(answer, authorize.Allowed):
            kept.append(row)
    return tuple(kept)


def _approved(scene: scenes.Scene, person: facts.Person) -> bool:
    """Whether the gate has this person's approval, by whichever way in, and waits for others'."""
    gate = scenes.gate(scene)
    if not gate or scene.sheet is None:
        return False
    known = scene.seen.policy.people
    mine = persons.key(people.encode(person), known)
    votes = tally.recorded(scene.sheet, gate)
    return any(persons.key(one.actor, known) == mine for one in votes)
