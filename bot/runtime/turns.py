"""Turns at a limited resource: a token bucket whose waiters come by priority, then by age."""

import asyncio
import heapq
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Place:
    """Where one stands in a line."""

    turn: asyncio.Future[None]
    priority: int


@dataclass(slots=True, kw_only=True)
class Turns:
    """At most ``burst`` at once and ``per_s`` a second in the long run; nobody is turned away.

    ``stop`` holds everybody for a while: what a server asks for with Retry-After. Whoever comes
    with more than ``hurried`` leaves ``kept`` turns to those that come with less.
    """

    per_s: float
    burst: float
    kept: float = 0.0
    hurried: int = 0
    _tokens: float = -1.0
    _filled_at: float = 0.0
    _stopped_until: float = 0.0
    _count: int = 0
    _line: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None

    async def take(self, priority: int) -> None:
        """Wait for a turn."""
        await self.line(priority).turn

    def line(self, priority: int) -> "Place":
        """A place in the line; who has it waits for its ``turn``."""
        place = Place(turn=asyncio.get_running_loop().create_future(), priority=priority)
        self._stand(place)
        self._pump()
        return place

    def hurry(self, place: "Place", priority: int) -> None:
        """Whoever waits has become more urgent than it was."""
        if priority < place.priority and not place.turn.done():
            place.priority = priority
            self._stand(place)  # its old place is passed over when it is come to
            self._pump()

    def _stand(self, place: "Place") -> None:
        self._count += 1
        heapq.heappush(self._line, (place.priority, self._count, place.turn))

    def stop(self, seconds: float) -> None:
        now = asyncio.get_running_loop().time()
        self._stopped_until = max(self._stopped_until, now + seconds)

    def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._tokens < 0:
            self._tokens, self._filled_at = self.burst, now
        grown = self._tokens + (now - self._filled_at) * self.per_s
        self._tokens, self._filled_at = min(self.burst, grown), now
        while self._line and self._tokens >= self._needed() and now >= self._stopped_until:
            _, _, turn = heapq.heappop(self._line)
            if not turn.done():
                self._tokens -= 1
                turn.set_result(None)
        self._again(loop, now)

    def _needed(self) -> float:
        """How many turns must be free for whoever is first in the line."""
        return 1 + self.kept if self._line[0][0] > self.hurried else 1

    def _again(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._line:
            filled = (self._needed() - self._tokens) / self.per_s
            delay = max(filled, self._stopped_until - now, 0.001)
            self._timer = loop.call_later(delay, self._pump)
