"""The post-mortem of an abort into the thread of its alert: once, when all is known of it.

That is whether the rollback helped, within bounds: one that never gets safe gets its file too.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.notices import degraded, late, postmortem
from bot.core.notices import scene as scenes
from bot.model import errors, messenger, ports
from bot.render import postmortem as rendered
from bot.runtime import anchors, delivery, states, tasks

log = logging.getLogger(__name__)

TIMEOUT_S = 30.0
EVENTS_TIMEOUT_S = 5.0
TRIES = 4
AT_ONCE = 4
WAITING_LIMIT = 500
LOOK_S = 5.0


@dataclass(slots=True, kw_only=True)
class Bundles:
    """One a process; nothing of the path of control waits for it."""

    chat: messenger.Messenger
    api: ports.Api
    places: anchors.Anchors
    clock: ports.Clock
    newest: Callable[[str], delivery.Told | None]
    running: set[asyncio.Task[None]] = field(default_factory=set)
    _waiting: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _bringing: set[str] = field(default_factory=set)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def want(self, told: delivery.Told, scene: scenes.Scene) -> None:
        """Begin to wait for the file of the present alert, where it is not there."""
        if not scene.abort:
            return
        key = degraded.key(scene)
        record = self.places.of(told.rollout).get(key, {})
        if (
            not record.get("ts")
            or record.get(late.MARK)
            or key in self._waiting
            or key in self._bringing
        ):
            return
        if len(self._waiting) < WAITING_LIMIT:  # else the next pass of this rollout asks again
            follow = self._follow(told, scene, key)
            self._waiting[key] = tasks.spawn(follow, name=f"post-mortem due {key}")

    async def _follow(self, told: delivery.Told, scene: scenes.Scene, key: str) -> None:
        """Look until it is due, or the abort is over; what was seen of it last is told."""
        name = f"{scene.rollout.namespace}/{scene.rollout.name}"
        try:
            while not postmortem.due(scene, self._record(told, key), self.clock()):
                await asyncio.sleep(LOOK_S)
                fresh = self.newest(name)
                found = states.scene(fresh) if fresh is not None else None
                if fresh is None or found is None or not found.abort or degraded.key(found) != key:
                    break
                told, scene = fresh, found
            self._bringing.add(key)
            task = tasks.spawn(self._bring(told, scene, key), name=f"post-mortem {key}")
            self.running.add(task)
            task.add_done_callback(self.running.discard)
        finally:
            self._waiting.pop(key, None)

    async def close(self) -> None:
        """Wait for nothing more: what is not begun is found again by the next process."""
        await tasks.cancel(*tuple(self._waiting.values()))

    def _record(self, told: delivery.Told, key: str) -> anchors.Record:
        return self.places.of(told.rollout).get(key, {})

    async def _bring(self, told: delivery.Told, scene: scenes.Scene, key: str) -> None:
        try:
            async with self._turns:
                kept = await self._brought(told, scene, key)
            await self.places.record(told.rollout, key, {late.MARK: kept})
        finally:
            self._bringing.discard(key)

    async def _brought(self, told: delivery.Told, scene: scenes.Scene, key: str) -> str:
        """What became of it, as it is recorded."""
        try:
            events = await self._events(scene)
            facts = postmortem.bundle(scene, self.places.of(told.rollout), events)
            for turn in range(TRIES):
                try:
                    async with asyncio.timeout(TIMEOUT_S):
                        await self.chat.upload_text(
                            place=_place(self._record(told, key)),
                            text=rendered.markdown(facts),
                            name=rendered.filename(facts),
                            title=rendered.title(facts),
                        )
                    return late.posted(scene)
                except (errors.Unavailable, TimeoutError) as problem:
                    log.info("the post-mortem has to wait: %s", problem)
                    await asyncio.sleep(5.0 * 3**turn)
        except errors.RolloutBotError as problem:
            log.warning("there is no post-mortem for %s: %s", key, problem)
        return late.NONE

    async def _events(self, scene: scenes.Scene) -> list[Mapping[str, Any]] | None:
        """What happened to the pods, as far as that can be read in time."""
        try:
            async with asyncio.timeout(EVENTS_TIMEOUT_S):
                return list(await self.api.list(ports.EVENT, namespace=scene.rollout.namespace))
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.info("the events of %s are not known: %s", scene.rollout.namespace, problem)
            return None


def _place(record: anchors.Record) -> messenger.Place:
    return messenger.Place(channel=str(record.get("channel", "")), ts=str(record.get("ts", "")))
