"""Whether a message stands in the chat already, where our own records cannot tell.

A kill between the chat's answer and our record, or an answer that got lost: a message carries
its mark with it, so it is looked up before it would be said a second time. Best effort: where
the chat does not tell, one message may stand twice.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model import errors, messenger

log = logging.getLogger(__name__)

YOUNG_S = 120.0
"""For so long after the first message, another process's last ones may be unrecorded."""
LOOKUPS_LIMIT = 60
TIMEOUT_S = 5.0
LOOKS = 3
"""After a lost answer: then it is rather said twice than not at all."""

_Found = Mapping[str, messenger.Place]


@dataclass(slots=True, kw_only=True)
class _Room:
    """A channel or thread as a young process found it; read once."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    found: _Found | None = None


@dataclass(slots=True, kw_only=True)
class Sightings:
    """One a process."""

    chat: messenger.Messenger
    _young_until: float | None = None
    _rooms: dict[tuple[str, str], _Room] = field(default_factory=dict)

    async def left(self, channel: str, thread: str, mark: str) -> messenger.Place | None:
        """Where a process before this one put it; None once this one is no longer young."""
        now = asyncio.get_running_loop().time()
        if self._young_until is None:
            self._young_until = now + YOUNG_S
        if now >= self._young_until:
            self._rooms.clear()
            return None
        room = self._rooms.get((channel, thread))
        if room is None:
            if len(self._rooms) >= LOOKUPS_LIMIT:
                return None
            room = self._rooms[channel, thread] = _Room()
        async with room.lock:
            if room.found is None:
                try:
                    room.found = await self._marks(channel, thread)
                except errors.RolloutBotError as problem:
                    log.warning("what stands in the chat already is not known: %s", problem)
                    room.found = {}
        return room.found.get(mark)

    async def lost(self, channel: str, thread: str, mark: str) -> messenger.Place | None:
        """Where it stands, although no answer came.

        Raises:
            errors.Unavailable: it is not known yet.

        """
        try:
            return (await self._marks(channel, thread)).get(mark)
        except errors.Unavailable:
            raise
        except errors.RolloutBotError as problem:
            log.warning("whether a message stands is not known: %s", problem)
            return None

    async def _marks(self, channel: str, thread: str) -> _Found:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self.chat.marked(channel=channel, thread=thread)
        except TimeoutError:
            raise errors.Unavailable("no answer when looking back") from None


@dataclass(slots=True, kw_only=True)
class Once:
    """One new message, however often it is tried: it is said once."""

    sightings: Sightings
    channel: str
    thread: str
    _looks: int = 0

    async def stands(self, mark: str) -> messenger.Place | None:
        """Where it stands by an earlier try, of this process or of one before it.

        Raises:
            errors.Unavailable: it is not known yet; at most ``LOOKS`` times.

        """
        if not mark:
            return None
        if not self._looks:
            return await self.sightings.left(self.channel, self.thread, mark)
        if self._looks > LOOKS:
            return None
        self._looks += 1
        place = await self.sightings.lost(self.channel, self.thread, mark)
        self._looks = 1
        return place

    def unanswered(self) -> None:
        """It is being sent: until an answer says otherwise, it may stand or not."""
        self._looks = max(self._looks, 1)

    def refused(self) -> None:
        """It was answered that it does not stand."""
        self._looks = 0
