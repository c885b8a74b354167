"""The ids of the handles that escalations name: asked for when one is due, until Slack says.

One line for the whole process, so that Slack is asked for one thing at a time. Whoever needs a
handle waits a moment; where Slack takes longer, their rollout is looked at again once it is known.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.model import errors
from bot.runtime import roster, tasks

log = logging.getLogger(__name__)

Handle = Callable[[str], Awaitable[str]]
"""The id of whoever has a handle; NotFound where nobody has."""

AGAIN_S = 300.0
"""For so long an answer is not asked for again, also that nobody has this handle."""
CALL_S = 20.0
TRIES = 12
"""Refusals in a row; then a later pass asks anew."""
BACKOFF_CAP_S = 60.0
RETRY_AFTER_CAP_S = 300.0


@dataclass(slots=True, kw_only=True)
class _Asked:
    """``late`` are the rollouts that did not wait until it was known."""

    known: asyncio.Future[None]
    late: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Addressees:
    """One a process. ``again`` has a rollout, by namespace/name, looked at once more."""

    handle: Handle | None = None
    again: Callable[[str], None] = lambda _key: None
    _found: dict[str, tuple[float, str]] = field(default_factory=dict)
    _asked: dict[str, _Asked] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    def id(self, handle: str) -> str:
        """As it was last said; empty where it is not known."""
        return self._found.get(handle, (0.0, ""))[1]

    async def look_up(self, key: str, handles: Sequence[str]) -> None:
        """Wait until they are known; whoever is cut off hears of it by ``again``."""
        missing = [one for one in handles if self.handle is not None and not self._fresh(one)]
        waited = [one for one in missing if one not in self._asked]
        for one in waited[: roster.GROUPS_LIMIT - len(self._asked)]:
            self._asked[one] = _Asked(known=asyncio.get_running_loop().create_future())
        if self._task is None and self._asked:
            self._task = tasks.spawn(self._work(), name="handles")
        mine = [self._asked[one] for one in waited if one in self._asked]
        # What is asked for already is not waited for twice: others come behind this rollout.
        self._late(key, [self._asked[one] for one in missing if one not in waited])
        try:
            if mine:
                await asyncio.wait([one.known for one in mine])
        except asyncio.CancelledError:
            self._late(key, mine)
            raise

    def _late(self, key: str, asked: Sequence[_Asked]) -> None:
        for one in asked:
            one.late.add(key)

    def _fresh(self, handle: str) -> bool:
        known = self._found.get(handle)
        return known is not None and asyncio.get_running_loop().time() - known[0] < AGAIN_S

    async def _work(self) -> None:
        """One handle after the other; a refusal ends none of them."""
        failures = 0
        try:
            while self._asked and failures < TRIES:
                handle, asked = next(iter(self._asked.items()))
                pause = await self._ask(handle)
                if pause is None:
                    failures = 0
                    del self._asked[handle]
                    self._tell(handle, asked)
                    continue
                self._asked[handle] = self._asked.pop(handle)  # the others come before it
                failures += 1
                backoff = min(2.0 ** (failures - 1), BACKOFF_CAP_S)
                await asyncio.sleep(pause or backoff)
        finally:
            self._task = None
            for one in self._asked.values():
                one.known.cancel()
            self._asked.clear()

    def _tell(self, handle: str, asked: _Asked) -> None:
        if not asked.known.done():
            asked.known.set_result(None)
        if self.id(handle):
            for key in sorted(asked.late):
                self.again(key)

    async def _ask(self, handle: str) -> float | None:
        """None once it is answered, else after how long to ask again: 0 for as usual."""
        if self.handle is None:
            return None
        try:
            async with asyncio.timeout(CALL_S):
                self._note(handle, await self.handle(handle.lstrip("@")))
        except (errors.NotFound, errors.Refused, errors.Forbidden) as problem:
            log.warning("%s cannot be written to: %s", handle, problem)
            self._note(handle, self.id(handle))
        except errors.Unavailable as problem:
            log.warning("%s cannot be written to now: %s", handle, problem)
            return min(problem.retry_after_s or 0.0, RETRY_AFTER_CAP_S)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("%s cannot be written to now: %s", handle, problem)
            return 0.0
        return None

    def _note(self, handle: str, found: str) -> None:
        self._found.pop(handle, None)
        while len(self._found) >= roster.GROUPS_LIMIT:
            self._found.pop(next(iter(self._found)))
        self._found[handle] = (asyncio.get_running_loop().time(), found)
