"""The way to the chat: limits, retries, outages. Memory only; what is said is others' business.

Content is asked for at the last moment, so what waited is sent as it is true then: newest wins
by itself, and a message that has become needless is never sent.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import TypeVar

from bot.model import errors, messages, messenger, ports
from bot.runtime import sightings, turns

log = logging.getLogger(__name__)
T = TypeVar("T")

Content = Callable[[], messages.Message | None]
"""The message as it should be now; None: it is not needed any more."""

CALL_TIMEOUT_S = 20.0
BACKOFF_BASE_S = 0.5
BACKOFF_CAP_S = 30.0
RETRY_AFTER_CAP_S = 300.0
OUTAGE_S = 60.0
"""From here on it is an outage that people should hear of, not a hiccup."""
CHANNELS_LIMIT = 500
POSTS_BURST = 5
POSTS_KEPT = 2
"""Of a channel's burst, for approvals and alerts: lines and cards use up the rest."""
EDITS_PER_S = 45 / 60
EDITS_BURST = 40
EDITS_KEPT = 20
"""Of the burst, for what people wait for: cards that only move on use up the rest."""


class Priority(IntEnum):
    """Who goes first where turns are short."""

    LOUD = 0
    NEWS = 1
    """An edit that people wait for: it waits, holds, is over."""
    THREAD = 2
    EDIT = 3


@dataclass(slots=True, kw_only=True)
class Outbox:
    """One a workspace. ``recovered(since, until)`` is called when an outage is over."""

    chat: messenger.Messenger
    clock: ports.Clock
    recovered: Callable[[datetime, datetime], None] = lambda _since, _until: None
    _sightings: sightings.Sightings = field(init=False)
    _edits: turns.Turns = field(
        default_factory=lambda: turns.Turns(
            per_s=EDITS_PER_S, burst=EDITS_BURST, kept=EDITS_KEPT, hurried=Priority.NEWS
        )
    )
    _posts: OrderedDict[str, turns.Turns] = field(default_factory=OrderedDict)
    _lined: dict[str, turns.Place] = field(default_factory=dict)
    _failures: int = 0
    _down_since: datetime | None = None
    _open_at: float = 0.0
    _probe: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._sightings = sightings.Sightings(chat=self.chat)

    @property
    def down_since(self) -> datetime | None:
        """Since when nothing was answered; None while all is well."""
        return self._down_since

    async def post(
        self,
        *,
        channel: str,
        content: Content,
        thread: str = "",
        priority: Priority = Priority.THREAD,
    ) -> messenger.Place | None:
        """A new message; tries until it stands, is needless, or is refused for good.

        One that carries a mark and stands already is brought up to date, not said again.

        Raises:
            errors.Forbidden: the bot is not in the channel.
            errors.NotFound: no such channel or thread.
            errors.Refused: trying again cannot help.

        """
        once = sightings.Once(sightings=self._sightings, channel=channel, thread=thread)

        async def send(message: messages.Message) -> messenger.Place:
            place = await once.stands(message.mark)
            if place is not None and await self._refreshed(place, message, thread):
                return place
            once.unanswered()
            try:
                return await self.chat.post(channel=channel, message=message, thread=thread)
            except errors.Unavailable as problem:
                if problem.retry_after_s is not None:
                    once.refused()
                raise

        return await self._until_sent(self._channel(channel), priority, content, send)

    async def _refreshed(
        self, place: messenger.Place, message: messages.Message, thread: str
    ) -> bool:
        """Bring up to date what stands already; False where it cannot be any more."""
        if thread:
            return True  # a line says what was so when it was said
        try:
            await self.chat.update(place=place, message=message)
        except errors.NotFound:
            return False
        return True

    async def update(
        self,
        *,
        place: messenger.Place,
        content: Content,
        priority: Priority = Priority.EDIT,
        about: str = "",
    ) -> None:
        """The message at ``place`` as it should be now; raises as ``post`` does.

        ``about`` names it for ``hurry``.
        """

        async def send(message: messages.Message) -> None:
            await self.chat.update(place=place, message=message)

        await self._until_sent(self._edits, priority, content, send, about=about)

    async def left(self, *, channel: str, thread: str, mark: str) -> messenger.Place | None:
        """Where a message with this mark stands that nobody recorded; None where it does not."""
        for turn in range(sightings.LOOKS):
            try:
                return await self._sightings.lost(channel, thread, mark)
            except errors.Unavailable as problem:
                asked = problem.retry_after_s or BACKOFF_CAP_S
                await asyncio.sleep(min(asked, RETRY_AFTER_CAP_S) * (turn + 1))
        return None

    def hurry(self, about: str) -> None:
        """What waits to be edited has become news: it goes before what only moves on."""
        place = self._lined.get(about)
        if place is not None:
            self._edits.hurry(place, Priority.NEWS)

    async def _turn(self, limit: turns.Turns, priority: Priority, about: str) -> None:
        place = limit.line(priority)
        if about:
            self._lined[about] = place
        try:
            await place.turn
        finally:
            if self._lined.get(about) is place:
                del self._lined[about]

    async def _until_sent(
        self,
        limit: turns.Turns,
        priority: Priority,
        content: Content,
        send: Callable[[messages.Message], Awaitable[T]],
        about: str = "",
    ) -> T | None:
        while True:
            await self._up(priority)
            await self._turn(limit, priority, about)
            if self._failures:
                async with self._probe:
                    await self._up(priority)
                    done, result = await self._once(limit, content, send)
            else:
                done, result = await self._once(limit, content, send)
            if done:
                return result

    async def _once(
        self,
        limit: turns.Turns,
        content: Content,
        send: Callable[[messages.Message], Awaitable[T]],
    ) -> tuple[bool, T | None]:
        """One try: whether it is over, and what it brought."""
        message = content()
        if message is None:
            return True, None
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                result = await send(message)
        except errors.Unavailable as problem:
            self._failed(limit, problem)
            return False, None
        except TimeoutError:
            self._failed(limit, errors.Unavailable("no answer"))
            return False, None
        except errors.RolloutBotError:
            self._answered()
            raise
        self._answered()
        return True, result

    async def _up(self, priority: Priority) -> None:
        """While nothing answers, the less urgent wait a little longer, so one tries first."""
        loop = asyncio.get_running_loop()
        while (wait_s := self._open_at - loop.time()) > 0:  # noqa: ASYNC110 - the end moves
            await asyncio.sleep(wait_s + 0.01 * priority)

    def _failed(self, limit: turns.Turns, problem: errors.Unavailable) -> None:
        if problem.retry_after_s is not None:
            limit.stop(min(problem.retry_after_s, RETRY_AFTER_CAP_S))
            return
        if self._failures == 0:
            log.warning("the chat does not answer: %s", problem)
        if self._down_since is None:
            self._down_since = self.clock()
        delay = min(BACKOFF_BASE_S * 2 ** min(self._failures, 16), BACKOFF_CAP_S)
        self._failures += 1
        self._open_at = asyncio.get_running_loop().time() + delay

    def _answered(self) -> None:
        since, self._down_since = self._down_since, None
        self._failures, self._open_at = 0, 0.0
        if since is None:
            return
        until = self.clock()
        log.info("the chat answers again")
        if (until - since).total_seconds() >= OUTAGE_S:
            self.recovered(since, until)

    def _channel(self, channel: str) -> turns.Turns:
        """The limit of one channel; those that nobody used for long are forgotten."""
        limit = self._posts.setdefault(channel, _posts())
        self._posts.move_to_end(channel)
        while len(self._posts) > CHANNELS_LIMIT:
            self._posts.popitem(last=False)
        return limit


def _posts() -> turns.Turns:
    """The limit of one channel: a message a second."""
    return turns.Turns(per_s=1.0, burst=POSTS_BURST, kept=POSTS_KEPT, hurried=Priority.LOUD)
