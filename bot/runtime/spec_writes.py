"""Writes of the user's spec that a person asked for: again where only something else has changed.

A write names the version of the object that it was made from, and a pass of the controller or a
kubelet's word makes another at any moment. What the person saw must still be so: another template
than theirs is never overwritten.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from bot.core.notices import scene as scenes
from bot.model import facts
from bot.runtime import orders, templates

TRIES = 5
PAUSE_S = 0.05

Change = Callable[[scenes.Scene], tuple[Mapping[str, Any] | None, str]]


async def send(
    book: orders.Orders, key: str, change: Change, actor: facts.Person, *, because: str
) -> orders.Reply:
    """Make the change on the object as it is now; the sentence says what was done or why not."""
    seen: Any = None
    for turn in range(TRIES):
        rollout, scene = book.scenery.rollout(key), book.scenery.of(key)
        if rollout is None or scene is None:
            return orders.no(orders.GONE)
        present = _template(scene)
        if turn and present != seen:
            return orders.no(orders.CHANGED)
        seen = present
        template, sentence = change(scene)
        if template is None:
            return orders.no(sentence)
        write = templates.write(rollout, scene, template, actor, because=because)
        problem = await book.send(write)
        if not problem:
            return orders.Reply(accepted=True, sentence=sentence, written=True)
        if problem != orders.CHANGED or not await book.refresh(write.ref):
            return orders.no(problem)
        await asyncio.sleep(PAUSE_S * 2**turn)
    return orders.no(orders.CHANGED)


def _template(scene: scenes.Scene) -> Any:
    workload = scene.seen.workload
    found = scene.seen.raw.get("spec") or {}
    return (workload.template_path, found.get("template")) if workload else found.get("template")
