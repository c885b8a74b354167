"""Telling people of freezes, once each: the leader does, from what stands in the cluster.

What was told is written beside the freeze, so neither a restart nor another leader says it
again; a crash in between may repeat one message.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from bot.core.gates import freeze_codec
from bot.core.gates import freezes as gate
from bot.core.notices import people
from bot.model import buttons, errors, messages, messenger, policy, ports
from bot.render import rendering
from bot.runtime import authorize, freeze_desk, freezes, scenery, tasks

log = logging.getLogger(__name__)

CHANNELS_LIMIT = 25
POST_TIMEOUT_S = 120.0
BEGUN = "begun:"

Post = Callable[[str, messages.Message], Awaitable[messenger.Place | None]]
"""Puts a message into a channel; returns when it stands there, with where that is."""


@dataclass(slots=True, kw_only=True)
class FreezeNews:
    """One a process; ``leading`` tells whether this one speaks."""

    freezes: freezes.Freezes
    scenery: scenery.Scenery
    rules: authorize.Rules
    post: Post
    leading: Callable[[], bool]
    _task: asyncio.Task[None] | None = None
    _again: bool = False
    _gave_up: set[str] = field(default_factory=set)

    def changed(self, _old: ports.Object | None, _new: ports.Object | None) -> None:
        """Look what is to be told; returns at once."""
        self._again = True
        if self._task is None and self.leading():
            self._task = tasks.spawn(self._run(), name="news of freezes")

    async def _run(self) -> None:
        try:
            while self._again:
                self._again = False
                for one in self.freezes.every():
                    await self._tell(one)
        except Exception:
            log.exception("telling of freezes failed: a bug")
        finally:
            self._task = None

    async def _tell(self, one: policy.Freeze) -> None:
        over = one.lifted_at is not None
        if not over and not gate.in_force(one, self.freezes.clock()):
            return
        for channel in self._owed(one, over=over):
            await self._say(one, channel, over=over)
        if over and freezes.ENDED not in one.told:
            await self._mark(one.id, freezes.ENDED)

    def _owed(self, one: policy.Freeze, *, over: bool) -> tuple[str, ...]:
        """The channels that do not know it yet; of an end those that were told of the begin."""
        if over:
            known = [mark.removeprefix(BEGUN) for mark in one.told if mark.startswith(BEGUN)]
            return tuple(c for c in known if f"{freezes.ENDED}:{c}" not in one.told)
        if any(mark.startswith(BEGUN) for mark in one.told) and not one.stop:
            return ()
        wanted = self._channels(one)
        fresh = [channel for channel in wanted if f"{BEGUN}{channel}" not in one.told]
        return tuple(c for c in fresh if f"{one.id} {c}" not in self._gave_up)

    def _channels(self, one: policy.Freeze) -> tuple[str, ...]:
        """The default channel, and of a stopped line that of each rollout it stops."""
        found = [self.rules.default_channel]
        if one.stop:
            for scene in self.scenery.all():
                where = scene.rollout
                held = freeze_desk.in_flight(scene)
                if held and gate.covers(one.scope, where.namespace, where.name):
                    rollout = self.scenery.rollout(f"{where.namespace}/{where.name}")
                    found += [self.rules.channel(rollout)] if rollout is not None else []
        return tuple(dict.fromkeys(filter(None, found)))[:CHANNELS_LIMIT]

    async def _say(self, one: policy.Freeze, channel: str, *, over: bool) -> None:
        message = rendering.render(self._facts(one, over=over))
        try:
            async with asyncio.timeout(POST_TIMEOUT_S):
                place = await self.post(channel, message)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("%s was not told of freeze %s: %s", channel, one.id, problem)
            self._gave_up.add(f"{one.id} {channel}")
            return
        mark = f"{freezes.ENDED}:{channel}" if over else f"{BEGUN}{channel}"
        await self._mark(one.id, mark, place)

    async def _mark(self, freeze_id: str, mark: str, place: messenger.Place | None = None) -> None:
        """Write down that it was told, and of the first message of it where that stands."""

        def marked(one: policy.Freeze) -> policy.Freeze:
            if mark in one.told:
                return one
            told = (*one.told, mark)[: freeze_codec.LIMIT]
            if mark.startswith(BEGUN):
                return replace(one, told=told, begun_place=one.begun_place or place)
            return replace(one, told=told, ended_place=one.ended_place or place)

        try:
            await self.freezes.change(freeze_id, marked)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("what was told of freeze %s is not written down: %s", freeze_id, problem)

    def _facts(self, one: policy.Freeze, *, over: bool) -> messages.FreezeFacts:
        held = tuple(
            f"{scene.rollout.name}"
            for scene in self.scenery.all()
            if freeze_desk.in_flight(scene)
            and gate.covers(one.scope, scene.rollout.namespace, scene.rollout.name)
        )
        return messages.FreezeFacts(
            cluster=self.scenery.cluster,
            id=one.id,
            scope=freeze_codec.shown(one.scope),
            reason=one.reason,
            by=people.decode(one.by),
            until=one.until,
            stop=one.stop,
            over=over,
            ended_by=people.decode(one.lifted_by),
            rollouts=held[:12],
            count=len(held),
            buttons=(self._resume(one),) if one.stop and not over else (),
        )

    def _resume(self, one: policy.Freeze) -> buttons.Button:
        scope = freeze_codec.shown(one.scope)
        return buttons.resume(cluster=self.scenery.cluster, freeze=one.id, scope=scope)
