"""Whether the freezes were ever read: until then nobody knows what is frozen.

To go past a freeze cannot be undone, to hold costs time only. So without an answer everything
that moves forward holds, and there is no span after which it goes on all the same: an API server
that runs rollouts and will not say one ConfigMap is seldom and short, what brings users back is
free, and a second person can break the glass. Only one that says no again and again has answered:
whoever may not read the freezes must still run rollouts. Once is not enough, because a server that
starts refuses everybody for a moment.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.model import holds

log = logging.getLogger(__name__)

LASTING = 5
"""So many refusals in a row are an answer: within some 8 s, as an informer asks."""
GRACE_S = 1.0
LOOK_S = 1.0
SAID_AFTER, SAID_SELDOM = 10, 600
"""Looks until the first line in the log, and the most between two; each wait is twice the last."""


class Source(Protocol):
    """The cache of the freezes: ``synced`` once they were read, ``refusals`` in a row by now."""

    synced: asyncio.Event
    problem: str
    refusals: int


@dataclass(slots=True, kw_only=True)
class FirstReading:
    """One a process. ``known`` is called once, when what was held for it can go on."""

    source: Source
    what: str
    since: datetime
    known: Callable[[], None]
    _given_up: bool = False

    def unread(self) -> holds.Unread | None:
        """That nobody knows, and why; None once it is known, or never will be."""
        if self.source.synced.is_set() or self._refused():
            return None
        return holds.Unread(since=self.since, problem=self.source.problem)

    def _refused(self) -> bool:
        """Whether the server will not say; what it said once stays said."""
        self._given_up = self._given_up or self.source.refusals >= LASTING
        return self._given_up

    def sentence(self) -> str:
        """For whoever asks what is frozen; empty where that is known."""
        if self.source.synced.is_set():
            return ""
        why = self.source.problem or "no answer"
        if self._refused():
            return f"The freezes cannot be read, so none counts: {why}"
        return f"The freezes cannot be read yet, so nothing moves forward: {why}"

    async def soon(self) -> None:
        """Give a server that is well a moment, so that a start holds nothing for nothing."""
        await self._look(GRACE_S)

    async def run(self) -> None:
        """Until it is known: say now and then that it is not. Then wake what waited."""
        looks, due = 0, SAID_AFTER
        while (found := self.unread()) is not None:
            if looks >= due:
                due = looks + min(looks, SAID_SELDOM)
                log.error(
                    "the freezes (ConfigMap %s) cannot be read yet, so no rollout moves forward; "
                    "aborts do: %s",
                    self.what,
                    found.problem or "no answer",
                )
            await self._look(LOOK_S)
            looks += 1
        if not self.source.synced.is_set():
            log.error(
                "the freezes (ConfigMap %s) cannot be read, so none counts: %s",
                self.what,
                self.source.problem,
            )
        self.known()

    async def _look(self, span_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(span_s):
                await self.source.synced.wait()
