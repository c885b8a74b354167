"""Reasons of aborts that were written while nobody heard them: looked for once, when we lead.

Behind everything else: nothing waits for it, and where the chat refuses, nothing was missed.
A line counts by the same rules as one that is heard: they are the listener's.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.model import errors, messenger, ports
from bot.runtime import reason_lines

log = logging.getLogger(__name__)

Line = Mapping[str, Any]
"""One message as the chat hands it out."""
Read = Callable[[messenger.Place, datetime], Awaitable[Sequence[Line]]]
"""What was written beneath a message after an instant."""
Hear = Callable[[dict[str, Any]], Awaitable[None]]

RECENT = timedelta(days=1)
ABORTS_LIMIT = 10
THREADS_LIMIT = 3
"""Of one abort: its card, its alert, its request."""
PAUSE_S = 3.0
"""Before each: Slack gives out 50 threads a minute, and those who tell need some of them."""
TIMEOUT_S = 10.0
TRIES = 3
RETRY_AFTER_CAP_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """One a process. ``hear`` takes a line as if it came now."""

    reasons: reason_lines.Reasons
    clock: ports.Clock
    read: Read
    hear: Hear
    pause_s: float = PAUSE_S

    async def look(self) -> None:
        """Read the threads of what was aborted lately. Never raises."""
        for one, at in self._lately():
            try:
                for line in await self._lines(one, at):
                    await self.hear(line)
            except errors.RolloutBotError as problem:
                log.info("whether %s has its reason is not known: %s", one.key, problem)
            except Exception:
                log.exception("what was missed was not heard: a bug", extra={"key": one.key})

    def _lately(self) -> Iterable[tuple[reason_lines.Awaited, datetime]]:
        now = self.clock()
        found = [(one, one.at) for one in self.reasons.awaited() if one.at is not None]
        recent = [pair for pair in found if now - pair[1] <= RECENT]
        return sorted(recent, key=lambda pair: pair[1], reverse=True)[:ABORTS_LIMIT]

    async def _lines(self, one: reason_lines.Awaited, at: datetime) -> list[dict[str, Any]]:
        """What was said in its threads since, in the order in which it was."""
        found: list[dict[str, Any]] = []
        for place in one.places[:THREADS_LIMIT]:
            await asyncio.sleep(self.pause_s)
            more = {"channel": place.channel, "thread_ts": place.ts}
            found += [{**line, **more} for line in await self._read(place, at)]
        return sorted(found, key=lambda line: str(line.get("ts")))

    async def _read(self, place: messenger.Place, at: datetime) -> Sequence[Line]:
        for turn in range(TRIES):
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    return await self.read(place, at)
            except (errors.Unavailable, TimeoutError) as problem:
                asked = getattr(problem, "retry_after_s", None) or PAUSE_S * 4**turn
                await asyncio.sleep(min(asked, RETRY_AFTER_CAP_S))
        raise errors.Unavailable("the chat does not answer")
