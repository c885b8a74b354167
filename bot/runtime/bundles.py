"""The post-mortem of an abort into the thread of its alert: once, when users are safe again."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.core.notices import degraded, postmortem
from bot.core.notices import scene as scenes
from bot.model import errors, messenger, ports
from bot.render import postmortem as rendered
from bot.runtime import anchors, delivery, tasks

log = logging.getLogger(__name__)

TIMEOUT_S = 30.0
EVENTS_TIMEOUT_S = 5.0
TRIES = 4
AT_ONCE = 4
CHART_WAIT = timedelta(minutes=2)
"""So long the file waits for a chart that it can name."""
MARK = "bundle"


@dataclass(slots=True, kw_only=True)
class Bundles:
    """One a process; nothing of the path of control waits for it."""

    chat: messenger.Messenger
    api: ports.Api
    places: anchors.Anchors
    running: set[asyncio.Task[None]] = field(default_factory=set)
    _wanted: set[str] = field(default_factory=set)

    def want(self, told: delivery.Told, scene: scenes.Scene) -> None:
        """Begin the file of the present alert, if it is due and not there."""
        if not scene.abort or not scene.abort.get("safeAt"):
            return
        key = degraded.key(scene)
        record = self.places.of(told.rollout).get(key, {})
        if not record.get("ts") or record.get(MARK) or key in self._wanted:
            return
        at = scenes.time(scene.abort.get("at"))
        fresh = at is not None and told.at - at < CHART_WAIT
        waits = fresh and degraded.alert(scene, record).chart_expected
        if waits or len(self.running) >= AT_ONCE:
            return  # the next pass of this rollout asks again
        self._wanted.add(key)
        task = tasks.spawn(self._bring(told, scene, key), name=f"post-mortem {key}")
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def _bring(self, told: delivery.Told, scene: scenes.Scene, key: str) -> None:
        kept = "none"
        try:
            events = await self._events(scene)
            facts = postmortem.bundle(scene, self.places.of(told.rollout), events)
            for turn in range(TRIES):
                try:
                    async with asyncio.timeout(TIMEOUT_S):
                        await self.chat.upload_text(
                            place=_place(self.places.of(told.rollout).get(key, {})),
                            text=rendered.markdown(facts),
                            name=rendered.filename(facts),
                            title=rendered.title(facts),
                        )
                    kept = "up"
                    break
                except (errors.Unavailable, TimeoutError) as problem:
                    log.info("the post-mortem has to wait: %s", problem)
                    await asyncio.sleep(5.0 * 3**turn)
        except errors.RolloutBotError as problem:
            log.warning("there is no post-mortem for %s: %s", key, problem)
        finally:
            self._wanted.discard(key)
        await self.places.record(told.rollout, key, {MARK: kept})

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
