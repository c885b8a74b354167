"""Looks whether the pods of an approval fit into the namespace's quotas, while a gate is open.

Beside the path of control: the gate is posted at once, and says so when it is known.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.core import quotas
from bot.core.notices import blast
from bot.core.notices import scene as scenes
from bot.model import errors, ports
from bot.runtime import tasks

log = logging.getLogger(__name__)

LIST_TIMEOUT_S = 5.0
AT_ONCE = 4


@dataclass(slots=True, kw_only=True)
class Quotas:
    """One a process; each gate is looked at once. ``found(key)`` hears when it is known."""

    api: ports.Api
    found: Callable[[str], None] = lambda _key: None
    _known: dict[str, tuple[str, str]] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def known(self, key: str, gate: str) -> str:
        """Whether there is room, in words; empty where that is not known."""
        known_gate, text = self._known.get(key, ("", ""))
        return text if gate and known_gate == gate else ""

    def watch(self, scene: scenes.Scene) -> None:
        """Take in how it stands; returns at once."""
        key, gate = f"{scene.rollout.namespace}/{scene.rollout.name}", scenes.gate(scene)
        if not gate:
            self._known.pop(key, None)
            return
        if key in self._tasks or self._known.get(key, ("", ""))[0] == gate:
            return
        plan = blast.pods(scene)
        if plan is not None and plan.more and scene.new is not None:
            self._tasks[key] = tasks.spawn(self._look(key, gate, scene, plan.more), name=key)

    async def _look(self, key: str, gate: str, scene: scenes.Scene, more: int) -> None:
        text = ""
        try:
            async with self._turns, asyncio.timeout(LIST_TIMEOUT_S):
                seen = await self.api.list(ports.QUOTA, namespace=scene.rollout.namespace)
            template = {} if scene.new is None else scene.new.template
            text = quotas.room(seen, template, more)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.info("the quotas of %s are not known: %s", key, problem)
        finally:
            self._tasks.pop(key, None)
        self._known[key] = (gate, text)
        if text:
            self.found(key)

    def forget(self, key: str) -> None:
        """The rollout is gone."""
        self._known.pop(key, None)
        if (task := self._tasks.pop(key, None)) is not None:
            task.cancel()

    async def close(self) -> None:
        every = tuple(self._tasks.values())
        self._tasks.clear()
        await tasks.cancel(*every)
