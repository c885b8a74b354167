"""Looks at the pods of a revision that does not get ready, so that people are told why.

Beside the path of control: nothing waits for it, and its answers decide nothing. What a pod
suffers from is worded in the core.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.core import revisions
from bot.core.notices import ailing
from bot.core.notices import scene as scenes
from bot.model import errors, ports
from bot.runtime import tasks

log = logging.getLogger(__name__)

GRACE_S = 10.0
"""Pods that are ready sooner are never looked at."""
AGAIN_S = 30.0
LIST_TIMEOUT_S = 5.0
AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A revision some of whose pods are missing, and since when (the loop's time)."""

    namespace: str
    hash: str
    since: float


@dataclass(slots=True, kw_only=True)
class Ward:
    """One a process; ``found(key)`` hears when what is known of a rollout has changed."""

    api: ports.Api
    found: Callable[[str], None] = lambda _key: None
    _cases: dict[str, _Case] = field(default_factory=dict)
    _known: dict[str, tuple[str, ailing.Ailment]] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def known(self, key: str, pod_hash: str) -> ailing.Ailment | None:
        """What the pods of a revision suffer from, as last seen."""
        known_hash, ailment = self._known.get(key, ("", None))
        return ailment if known_hash == pod_hash else None

    def watch(self, scene: scenes.Scene) -> None:
        """Take in how many pods are there; returns at once.

        A revision scaled to nothing keeps its ailment: an alert that is still to come tells it.
        """
        key, new = f"{scene.rollout.namespace}/{scene.rollout.name}", scene.new
        if new is not None and new.ready < new.replicas:
            self._missing(key, scene.rollout.namespace, new.hash)
            return
        self._cases.pop(key, None)
        if new is not None and new.replicas:
            self._known.pop(key, None)

    def _missing(self, key: str, namespace: str, pod_hash: str) -> None:
        case = self._cases.get(key)
        if case is None or case.hash != pod_hash:
            since = asyncio.get_running_loop().time()
            self._cases[key] = _Case(namespace=namespace, hash=pod_hash, since=since)
        if key not in self._tasks:
            self._tasks[key] = tasks.spawn(self._visit(key), name=f"pods of {key}")

    async def _visit(self, key: str) -> None:
        """Look again and again until all pods are there."""
        loop = asyncio.get_running_loop()
        try:
            while (case := self._cases.get(key)) is not None:
                if (left_s := case.since + GRACE_S - loop.time()) > 0:
                    await asyncio.sleep(left_s)
                    continue
                await self._look(key, case)
                await asyncio.sleep(AGAIN_S)
        finally:
            if self._tasks.get(key) is asyncio.current_task():
                del self._tasks[key]

    async def _look(self, key: str, case: _Case) -> None:
        try:
            async with self._turns, asyncio.timeout(LIST_TIMEOUT_S):
                selector = f"{revisions.HASH}={case.hash}"
                pods = await self.api.list(ports.POD, namespace=case.namespace, selector=selector)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.info("the pods of %s are not known: %s", key, problem)
            return
        ailment = ailing.of(pods)
        if self._cases.get(key) != case or ailment == self.known(key, case.hash):
            return
        if ailment is None:
            self._known.pop(key, None)
        else:
            self._known[key] = (case.hash, ailment)
        self.found(key)

    def forget(self, key: str) -> None:
        """The rollout is gone."""
        self._cases.pop(key, None)
        self._known.pop(key, None)
        if (task := self._tasks.pop(key, None)) is not None:
            task.cancel()

    async def close(self) -> None:
        every = tuple(self._tasks.values())
        self._tasks.clear()
        await tasks.cancel(*every)
