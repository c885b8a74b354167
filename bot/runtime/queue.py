"""The keyed work queue: one worker a key, any number of triggers make one more pass.

Belongs here: order, coalescing, back-off, the urgent lane. Does not: what a pass does.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from bot.model import errors
from bot.runtime import courtesy, queue_load, tasks

log = logging.getLogger(__name__)

BACKOFF_BASE_S = 0.005
BACKOFF_CAP_S = 10.0
URGENT_BACKOFF_CAP_S = 1.0
CONFLICTS_AT_ONCE = 3
PATIENCE_S = 1.0
"""How long an urgent key lets a pass of the same key go on before it is cut short.

Cutting is safe: every part of a decision may be applied without the others.
"""

Work = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class _Key:
    """The state of one key that is queued, running, or both.

    ``urgent`` is the pass that is asked for, ``hot`` the one that runs; ``soon``: somebody
    changed something and looks at what becomes of it.
    """

    queued: bool = False
    urgent: bool = False
    soon: bool = False
    hot: bool = False
    running: asyncio.Task[None] | None = None
    failures: int = 0
    conflicts: int = 0
    was_cut: bool = False
    retry: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class Queue:
    """Runs ``work(key)`` for every added key; never two at once for one key.

    ``workers`` take ordinary keys, ``urgent_workers`` only urgent ones, so that taking traffic
    off a bad canary never stands behind ordinary work. Bounded by the number of keys.
    ``manners`` are shared by the queues of a process: ordinary passes begin when nothing urgent
    is left, or after a moment. Few ordinary workers, because passes that run at once share one
    thread with the urgent ones.
    """

    work: Work
    workers: int = 4
    urgent_workers: int = 16
    manners: courtesy.Courtesy = field(default_factory=courtesy.Courtesy)
    load: queue_load.Load = field(default_factory=queue_load.Load)
    _keys: dict[str, _Key] = field(default_factory=dict)
    _ready: asyncio.PriorityQueue[tuple[bool, int, str]] = field(
        default_factory=asyncio.PriorityQueue
    )
    _turns: Iterator[int] = field(default_factory=itertools.count)
    _urgent: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    _stopping: bool = False

    def add(self, key: str, *, urgent: bool = False, soon: bool = False) -> None:
        """Ask for one more pass of ``key``; what is already asked for is not asked twice.

        ``soon`` puts it before the ordinary ones that wait, in the same lane.
        """
        if self._stopping:
            return
        state = self._keys.setdefault(key, _Key())
        if state.retry is not None and (urgent or state.failures == 0):
            state.retry.cancel()
            state.retry = None
        raised = (urgent and not state.urgent) or (soon and not state.soon)
        state.urgent, state.soon = state.urgent or urgent, state.soon or soon
        self.load.add(key, _now())
        if state.running is not None:
            state.queued = True
            if raised and urgent:
                self._hurry(state)
        elif not state.queued or raised:
            state.queued = True
            self._put(key, state)

    def _put(self, key: str, state: _Key) -> None:
        if state.urgent:
            self.manners.more()
            self._urgent.put_nowait(key)
        else:
            self._ready.put_nowait((not state.soon, next(self._turns), key))

    def _hurry(self, state: _Key) -> None:
        """A pass in the way of an urgent one gets a moment to end by itself."""
        running = state.running

        def cut() -> None:
            if running is not None and state.running is running and state.urgent:
                state.was_cut = True
                running.cancel()

        if state.was_cut:
            return  # one pass must come to its end before the next is cut

        asyncio.get_running_loop().call_later(PATIENCE_S, cut)

    async def run(self) -> None:
        """Work until canceled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.workers):
                group.create_task(self._serve_ordinary())
            for _ in range(self.urgent_workers):
                group.create_task(self._serve_urgent())

    async def _serve_ordinary(self) -> None:
        while True:
            _, _, key = await self._ready.get()
            await self.manners.give_way()
            await self._take(key)

    async def _serve_urgent(self) -> None:
        courtesy.HURRIED.set(True)
        while True:
            key = await self._urgent.get()
            try:
                await self._take(key)
            finally:
                self.manners.less()

    async def _take(self, key: str) -> None:
        state = self._keys.get(key)
        if state is None or not state.queued or state.running is not None:
            return  # the other lane took it
        state.queued = False
        self.load.begin(key, _now())
        state.hot, state.urgent, state.soon = state.urgent, False, False
        await self._one(key, state)

    async def _one(self, key: str, state: _Key) -> None:
        task = tasks.spawn(self._guarded(key, state), name=f"pass {key}")
        state.running = task
        try:
            await asyncio.wait({task})
        finally:
            if not task.done():
                await tasks.cancel(task)
            state.running = None
            self.load.end(key, _now())
        # What was urgent and could not be done is urgent still.
        undone = state.failures or state.conflicts or task.cancelled()
        state.urgent = state.urgent or (state.hot and bool(undone))
        self._after(key, state)

    async def _guarded(self, key: str, state: _Key) -> None:
        try:
            await self.work(key)
        except errors.Conflict:
            # Somebody else wrote: look again at once; one that lasts must not spin.
            state.conflicts += 1
            if state.conflicts <= CONFLICTS_AT_ONCE:
                state.queued = True
                self.load.retry()
                self.load.add(key, _now())
            else:
                self._back_off(key, state)
        except errors.Unavailable as error:
            log.info("pass put off", extra={"key": key, "because": str(error)})
            self._back_off(key, state, at_least_s=error.retry_after_s or 0.0)
        except (errors.Forbidden, errors.Refused, errors.NotFound) as error:
            # The server said no and will say it again: somebody has to mend it, so go slowly.
            log.warning("pass refused", extra={"key": key, "because": str(error)})
            self._back_off(key, state, at_least_s=min(1.0, 0.05 * 2 ** min(state.failures, 6)))
        except Exception:
            log.exception("pass failed: a bug", extra={"key": key})
            self._back_off(key, state)
        else:
            state.failures = state.conflicts = 0
            state.was_cut = False

    def _back_off(self, key: str, state: _Key, *, at_least_s: float = 0.0) -> None:
        cap = URGENT_BACKOFF_CAP_S if state.urgent or state.hot else BACKOFF_CAP_S
        delay = max(at_least_s, min(BACKOFF_BASE_S * 2 ** min(state.failures, 16), cap))
        state.failures += 1
        self.load.retry()
        if state.retry is not None:
            state.retry.cancel()
        loop = asyncio.get_running_loop()
        state.retry = loop.call_later(delay, self._again, key)

    def _again(self, key: str) -> None:
        state = self._keys.get(key)
        if state is not None:
            state.retry = None
            self.add(key)

    def _after(self, key: str, state: _Key) -> None:
        if state.queued:
            self._put(key, state)
        elif state.retry is None and not (state.failures or state.conflicts):
            self._keys.pop(key, None)

    async def drain(self, *, timeout_s: float) -> None:
        """Take nothing new; wait for the passes that run."""
        self._stopping = True
        running = [state.running for state in self._keys.values() if state.running is not None]
        if running:
            await asyncio.wait(running, timeout=timeout_s)


def _now() -> float:
    return asyncio.get_running_loop().time()
