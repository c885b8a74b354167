"""How many calls at once and a second; urgent ones pass.

Belongs here: waiting for one's turn. Does not belong here: retries (they are the caller's).
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from bot.model import errors

TURN_TIMEOUT_S = 30.0


class TokenBucket:
    """``rate`` calls a second, ``burst`` at once; first come, first served."""

    def __init__(
        self,
        *,
        rate: float,
        burst: int,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if rate <= 0 or burst < 1:
            raise errors.UserError(f"qps {rate} and burst {burst} must be positive", path="qps")
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._sleep = sleep
        self._tokens = float(burst)
        self._filled_at = monotonic()

    async def take(self) -> None:
        """Take a token, in debt if need be, and wait until the debt is paid.

        The wait of a caller that gives up stays booked: the rate is never exceeded.
        """
        now = self._monotonic()
        gained = (now - self._filled_at) * self._rate
        self._tokens = min(float(self._burst), self._tokens + gained) - 1
        self._filled_at = now
        if self._tokens < 0:
            await self._sleep(-self._tokens / self._rate)


class Allowance:
    """``rate`` a second, ``burst`` at once; says yes or no and never waits."""

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._left = float(burst)
        self._filled_at: float | None = None

    def take(self, now: float) -> bool:
        """Whether there was one left; ``now`` in seconds of any clock."""
        gained = max(0.0, now - (self._filled_at if self._filled_at is not None else now))
        self._filled_at = now
        self._left = min(float(self._burst), self._left + gained * self._rate)
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Admission:
    """The door in front of every call that is not urgent.

    ``give_way`` waits a moment while something urgent is under way: the server shares its time,
    too.
    """

    def __init__(
        self,
        *,
        at_once: int,
        bucket: TokenBucket | None,
        give_way: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._seats = asyncio.Semaphore(at_once)
        self._bucket = bucket
        self._give_way = give_way

    @contextlib.asynccontextmanager
    async def turn(self, *, urgent: bool) -> AsyncIterator[None]:
        """Hold a seat for one call.

        Raises:
            Unavailable: there was none within half a minute.

        """
        if urgent:
            yield
            return
        try:
            async with asyncio.timeout(TURN_TIMEOUT_S):
                if self._give_way is not None:
                    await self._give_way()
                if self._bucket is not None:
                    await self._bucket.take()
                await self._seats.acquire()
        except TimeoutError as error:
            raise errors.Unavailable("too many calls are waiting for their turn") from error
        try:
            yield
        finally:
            self._seats.release()
