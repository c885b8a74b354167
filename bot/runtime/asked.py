"""Where the escalations of a gate stand, and their end: none asks for what is decided.

One record a gate in ``status.rolloutBot.said``; it goes once all of them are closed, so that a
restart or another replica closes what this one did not. Where a message is being sent is written
down before: a kill between Slack's answer and our record leaves it to be found by its mark.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.core.notices import gate as gates
from bot.core.notices import reminding
from bot.core.notices import scene as scenes
from bot.model import errors, messages, messenger, ports
from bot.render import feed as wording
from bot.runtime import anchors, outbox, tasks

log = logging.getLogger(__name__)

PREFIX = reminding.ASKED
TO = "to:"
SENT = "sent:"
"""As ``TO``, for one whose answer has not come: the channel, and the thread in it."""
BEFORE_S = 5.0
"""An escalation does not wait longer for what is written down before it."""
TIMEOUT_S = 900.0
GATES_LIMIT = 500
"""Gates whose escalations are closed at the same time; the others wait for a later pass."""


@dataclass(slots=True, kw_only=True)
class Asked:
    """One a process."""

    box: outbox.Outbox
    places: anchors.Anchors
    _ending: set[tuple[str, str]] = field(default_factory=set)

    def any(self, rollout: ports.Object) -> bool:
        return any(key.startswith(PREFIX) for key in self.places.of(rollout))

    async def begins(
        self, scene: scenes.Scene, target: str, *, channel: str, thread: str = ""
    ) -> None:
        """Write down where it is being sent. ``scene`` is one in which the gate is open."""
        at = f"{scene.now.timestamp():.6f}"
        sent = {"ts": at, f"{SENT}{target}": f"{channel}/{thread}"}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEFORE_S):
                await self._note(scene, sent)

    async def stands(self, scene: scenes.Scene, target: str, place: messenger.Place) -> None:
        """Record it; ``scene`` is one in which the gate was open."""
        there = {f"{TO}{target}": f"{place.channel}/{place.ts}", f"{SENT}{target}": None}
        await self._note(scene, {"ts": place.ts, **there})

    async def missed(self, scene: scenes.Scene, channel: str, *, instead: str) -> None:
        """We are not in ``channel``: the card's thread says so, and where the message went."""
        at = f"{scene.now.timestamp():.6f}"
        await self._note(scene, {"ts": at, f"{reminding.ABSENT}{channel}": instead})

    async def _note(self, scene: scenes.Scene, record: anchors.Record) -> None:
        """With what must be known of the gate when it is gone from the status."""
        raw = dict(scene.seen.raw)
        await self.places.record(raw, _key(scene), {**gates.keep(scene), **record})

    def end(self, scene: scenes.Scene) -> None:
        """Close what asks for a gate that is over. Returns at once and never raises."""
        rollout = dict(scene.seen.raw)
        for key, record in self.places.of(rollout).items():
            gate, mark = key.removeprefix(PREFIX), (scene.rollout.uid, key)
            if not key.startswith(PREFIX) or gate == scenes.gate(scene):
                continue
            if mark in self._ending or len(self._ending) >= GATES_LIMIT:
                continue
            self._ending.add(mark)
            message = wording.over(gates.closed(scene, gate, record))
            closing = self._close(rollout, key, record, message, mark)
            tasks.spawn(closing, name=f"close {key}")

    async def _close(
        self,
        rollout: ports.Object,
        key: str,
        record: anchors.Record,
        message: messages.Message,
        mark: tuple[str, str],
    ) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                for place in _places(record):
                    await self._edit(place, message)
                for target, channel, thread in _sent(record):
                    wanted = anchors.mark(rollout, key, target)
                    left = await self.box.left(channel=channel, thread=thread, mark=wanted)
                    if left is not None:
                        await self._edit(left, message)
                await self.places.drop(rollout, key)
        except TimeoutError:
            log.warning("escalations of a gate that is over still stand: %s", key)
        finally:
            self._ending.discard(mark)

    async def _edit(self, place: messenger.Place, message: messages.Message) -> None:
        """One that may not be edited any more stays as it is: its buttons change nothing."""
        try:
            await self.box.update(
                place=place, content=lambda: message, priority=outbox.Priority.NEWS
            )
        except errors.RolloutBotError as problem:
            log.warning("an escalation could not be closed: %s", problem)


def _places(record: anchors.Record) -> Iterator[messenger.Place]:
    for name, value in record.items():
        channel, _, ts = str(value).rpartition("/")
        if name.startswith(TO) and channel:
            yield messenger.Place(channel=channel, ts=ts)


def _sent(record: anchors.Record) -> Iterator[tuple[str, str, str]]:
    """Each that may stand without our knowing where: to whom, its channel, its thread."""
    for name, value in record.items():
        channel, _, thread = str(value or "").partition("/")
        if name.startswith(SENT) and channel:
            yield name.removeprefix(SENT), channel, thread


def marked(scene: scenes.Scene, target: str) -> str:
    """What makes a message the one to ``target`` about the gate that is open in ``scene``."""
    return anchors.mark(dict(scene.seen.raw), _key(scene), target)


def _key(scene: scenes.Scene) -> str:
    return f"{PREFIX}{scenes.gate(scene)}"
