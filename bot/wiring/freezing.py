"""The freezes behind the controller: the watch of their ConfigMap, and whom a change wakes."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.adapters.kubernetes import informer
from bot.core import loose_records
from bot.core.gates import freeze_codec
from bot.core.gates import freezes as gate
from bot.model import messages, messenger, policy, ports
from bot.runtime import announce, first_reading, freeze_desk, freeze_news, freezes, outbox
from bot.runtime import desk as desks
from bot.wiring import policies, triggers

if TYPE_CHECKING:
    from bot.wiring import controller as controllers

TIDY_S = 30.0


def watch(controller: "controllers.Controller") -> informer.Informer:
    """The cache of the one ConfigMap; a change of it wakes every rollout in scope."""
    cache = informer.Informer(
        source=controller.api,
        kind=ports.CONFIG_MAP,
        namespace=controller.chosen.lease_namespace,
        fields=f"metadata.name={freezes.NAME}",
    )

    def changed(old: ports.Object | None, new: ports.Object | None) -> None:
        if not controller.leading:
            return
        then, now = _entries(old), _entries(new)
        _recorded(controller, *(then ^ now))
        differing = _untold(then) ^ _untold(now)
        scopes = {one.scope for one in differing}
        for rollout in controller.caches.rollouts.list():
            meta = rollout["metadata"]
            if any(gate.covers(one, meta["namespace"], meta["name"]) for one in scopes):
                controller.queue.add(triggers.key_of(rollout))

    cache.listen(changed)
    return cache


def _entries(obj: ports.Object | None) -> set[policy.Freeze]:
    found, _ = freeze_codec.decode((obj or {}).get("data"))
    return {replace(one, told=()) for one in found}


def _untold(found: set[policy.Freeze]) -> set[policy.Freeze]:
    """Without where people were told: no rollout goes on or waits for that."""
    return {replace(one, begun_place=None, ended_place=None) for one in found}


def reading(
    controller: "controllers.Controller", cache: informer.Informer
) -> first_reading.FirstReading:
    """Whether the ConfigMap was read; whatever waited for that is woken by it."""
    return first_reading.FirstReading(
        source=cache,
        what=f"{controller.chosen.lease_namespace}/{freezes.NAME}",
        since=controller.clock(),
        known=policies.again(controller),
    )


def build(
    controller: "controllers.Controller",
    cache: informer.Informer,
    first: first_reading.FirstReading | None = None,
) -> freezes.Freezes:
    return freezes.Freezes(
        api=controller.api,
        cache=cache,
        rollouts=controller.caches.rollouts,
        namespace=controller.chosen.lease_namespace,
        clock=controller.clock,
        changed=cache.tell,
        reading=first,
    )


def desk(controller: "controllers.Controller", asked: desks.Desk) -> freeze_desk.FreezeDesk:
    """What people may ask of freezes, with the desk's own authorization."""
    return freeze_desk.FreezeDesk(
        freezes=controller.freezes,
        scenery=asked.scenery,
        clock=controller.clock,
        rules=asked.rules,
        permits=asked.permits,
    )


def news(
    controller: "controllers.Controller", asked: desks.Desk, teller: announce.Announcer
) -> freeze_news.FreezeNews:
    """Who tells people of freezes; the leader's speaks."""

    async def post(channel: str, message: messages.Message) -> messenger.Place | None:
        return await teller.box.post(
            channel=channel, content=lambda: message, priority=outbox.Priority.LOUD
        )

    found = freeze_news.FreezeNews(
        freezes=controller.freezes,
        scenery=asked.scenery,
        rules=asked.rules,
        post=post,
        leading=lambda: controller.leading,
    )
    controller.frozen.listen(found.changed)
    return found


def _recorded(controller: "controllers.Controller", *found: policy.Freeze) -> None:
    """Hand what stands in the cluster to the history, by whatever replica it was written."""
    for one in found:
        for record in loose_records.of_freeze(controller.chosen.cluster, one, controller.clock()):
            controller.recording.note(record)


async def tidied(controller: "controllers.Controller") -> None:
    """Take away what is over, once the history has it: nothing else remembers a freeze."""
    _recorded(controller, *controller.freezes.every())
    if controller.recording.idle:
        await controller.freezes.tidy()


async def mind(controller: "controllers.Controller") -> None:
    """While leading: tell what nobody was told yet, take away what is over."""
    while True:
        controller.chat.frozen()
        if controller.frozen.synced.is_set():
            await controller.freezes.there()
        await tidied(controller)
        await asyncio.sleep(TIDY_S)
