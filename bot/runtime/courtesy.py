"""Ordinary work lets urgent work go first, for a moment.

One process has one thread: twenty ordinary passes between two steps of an abort are what makes
the abort slow. What has begun goes on; what would begin waits until nothing urgent is left, at
most ``LONGEST_S``, so that a stream of urgent work cannot stop the rest.
"""

import asyncio
import contextlib
import contextvars
from dataclasses import dataclass, field

LONGEST_S = 0.1
HURRIED: contextvars.ContextVar[bool] = contextvars.ContextVar("hurried", default=False)
"""Set inside urgent work: what it calls waits for nobody."""


@dataclass(slots=True)
class Courtesy:
    """Shared by the queues of a process, and by its calls to the API server."""

    _urgent: int = 0
    _calm: asyncio.Event = field(default_factory=asyncio.Event)

    def more(self) -> None:
        """Something urgent waits or runs."""
        self._urgent += 1
        self._calm.clear()

    def less(self) -> None:
        """It is done."""
        self._urgent -= 1
        if not self._urgent:
            self._calm.set()

    async def give_way(self) -> None:
        """Wait until nothing is urgent, at most ``LONGEST_S``; urgent work itself goes on."""
        if self._urgent and not HURRIED.get():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_S):
                    await self._calm.wait()
