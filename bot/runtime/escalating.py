"""Escalations of a gate that nobody answers: to people in private, to a group, to a channel.

A ``feed.Outlet``: each is handed over once a receiver, and found again after a restart. What the
card's thread says of them is ``bot.core.notices.approving``'s. Decides nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.core.notices import reminding, standing
from bot.core.notices import scene as scenes
from bot.model import errors, feed, messages, messenger, policy, ports
from bot.render import feed as wording
from bot.runtime import addressees as addressees_module
from bot.runtime import asked, authorize, outbox, whom
from bot.runtime import roster as rosters

log = logging.getLogger(__name__)

PEOPLE_MOST = 10
"""Private messages of one escalation; nobody is answerable where more are."""
LOOK_UP_TIMEOUT_S = 4.0
TIMEOUT_S = 900.0
ROOM_AGAIN_S = 15.0

_Say = Callable[[str, str], Awaitable[messenger.Place | None]]
"""Says it in a channel, in place of another that we are not in (else empty)."""


@dataclass(slots=True, kw_only=True)
class Escalations:
    """One a process. ``scene`` is a rollout as it is now, ``gate_at`` where its gate stands."""

    box: outbox.Outbox
    chat: messenger.Messenger
    rules: authorize.Rules
    roster: rosters.Roster
    effective: Callable[[ports.Object], policy.Effective]
    scene: Callable[[str], scenes.Scene | None]
    gate_at: Callable[[feed.Event], messenger.Place | None]
    kept: asked.Asked
    addressees: addressees_module.Addressees = field(default_factory=addressees_module.Addressees)
    name: str = "esc-"
    timeout_s: float = TIMEOUT_S

    def follows(self, rollout: ports.Object) -> bool:
        if self.kept.any(rollout):
            return True
        effective = self.effective(rollout)
        every = (effective.approval, *(step.approval for step in effective.steps))
        return any(one.escalations for one in every)

    async def look_up(self, scene: scenes.Scene) -> None:
        """Find out who is in the groups that are to hear of it, before ``targets`` is asked.

        What asks for a gate that is over by now is closed on the way, by a task of its own.
        """
        self.kept.end(scene)
        due = tuple(reminding.latest(scene))
        if not due:
            return
        said = tuple(one.to for one in due)
        asked = self._approvers(reminding.named(scene), dict(scene.seen.raw))
        everybody = (*said, *asked) if "approvers" in said else said
        effective = scene.seen.policy
        groups = whom.groups_of(effective, everybody)
        listed = (word for who in everybody for word in _members(who, effective))
        key = f"{scene.rollout.namespace}/{scene.rollout.name}"
        handles = sorted({word for word in (*everybody, *listed) if word.startswith("@")})
        try:
            async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
                await self.roster.of(groups, deciding=False)
                await self.addressees.look_up(key, handles[:PEOPLE_MOST])
        except TimeoutError:
            log.warning("who should hear of %s was not found out in time", scene.rollout.name)

    def targets(self, event: feed.Event, rollout: ports.Object) -> tuple[str, ...]:
        """Channels (``#…``), user groups to mention (``S…``), people (``U…``, ``W…``)."""
        if event.kind is not feed.Kind.STILL_WAITS or event.wait is None:
            return ()
        found = tuple(dict.fromkeys(self._reached(event.wait, rollout)))
        people = [one for one in found if one[:1] in {"U", "W"}]
        barred = {one.slack_id for one in event.wait.barred}
        asked = [one for one in people[:PEOPLE_MOST] if one not in barred]
        return (*(one for one in found if one not in people), *asked)

    def _reached(self, wait: feed.Wait, rollout: ports.Object) -> Iterator[str]:
        if wait.to == "thread":
            return
        if wait.to.startswith("#"):
            yield wait.to
            return
        effective = self.effective(rollout)
        if wait.to != "approvers":
            yield from self._one(wait.to, effective, rollout, aloud=True)
            return
        for who in self._approvers(wait.named, rollout):
            yield from self._one(who, effective, rollout, aloud=False)

    def _approvers(self, named: policy.Who, rollout: ports.Object) -> policy.Who:
        """Who may approve: as the policy says, else the settings, else the channel's members."""
        return named or tuple(map(_handled, self.rules.approvers_of(rollout))) or ("channel",)

    def _one(
        self, who: str, effective: policy.Effective, rollout: ports.Object, *, aloud: bool
    ) -> Iterator[str]:
        """``aloud``: a group is called where everybody reads it, not each of it in private."""
        if who in {"channel", "anyone"}:
            yield from _hashed(self.rules.channel(rollout))
        elif who.startswith(whom.GROUP):
            group = effective.groups.get(who.removeprefix(whom.GROUP), policy.Group())
            roll = self.roster.known(group.slack) if group.slack and not aloud else None
            if roll is None and group.slack and (aloud or not group.members):
                yield group.slack
            else:
                for member in sorted(roll) if roll is not None else group.members:
                    yield from self._person(member)
        else:
            yield from self._person(who)

    def _person(self, who: str) -> Iterator[str]:
        if who.startswith("@"):
            if found := self.addressees.id(who):
                yield found
        elif _is_id(who):
            yield who

    def due(self, event: feed.Event, target: str, now: datetime) -> datetime:
        """At once: an escalation is critical."""
        del event, target
        return now

    async def deliver(self, events: tuple[feed.Event, ...], target: str) -> None:
        for event in events:
            await self._tell(event, target)

    async def _tell(self, event: feed.Event, target: str) -> None:
        open_still = self._now(event)
        if open_still is None or not self._waits(event):
            return
        place = await self._post(event, target, open_still)
        if place is None:
            return
        await self.kept.stands(open_still, _each(event, target), place)
        now = self._now(event)
        if now is not None and not self._waits(event):  # decided while this was on its way
            self.kept.end(now)

    def _content(
        self, event: feed.Event, target: str, *, absent: str = ""
    ) -> messages.Message | None:
        """As it is true now. A group is called beneath the request, which has the answers."""
        scene = self._now(event)
        if scene is None or not self._waits(event):
            return None
        mark = asked.marked(scene, _each(event, target))
        if target.startswith("S"):
            message = wording.message((event,), buttons=True, group=target)
        else:
            answers = standing.made(scene, *standing.at_gate(scene))
            message = wording.message((event,), buttons=True, answers=answers, absent=absent)
        return replace(message, mark=mark)

    async def _post(
        self, event: feed.Event, target: str, scene: scenes.Scene
    ) -> messenger.Place | None:
        """``scene`` is one in which the gate is open."""

        async def say(
            channel: str, absent: str = "", *, thread: str = ""
        ) -> messenger.Place | None:
            await self.kept.begins(scene, _each(event, target), channel=channel, thread=thread)
            return await self.box.post(
                channel=channel,
                content=lambda: self._content(event, target, absent=absent),
                thread=thread,
                priority=outbox.Priority.LOUD,
            )

        if target.startswith("#"):
            return await self._into(target, say, event, scene)
        thread = ""
        if target.startswith("S"):
            place = self.gate_at(event)
            channel = self._own(event) if place is None else place.channel
            thread = "" if place is None else place.ts
        else:
            channel = await self._room(event, target)
        return await say(channel, thread=thread) if channel else None

    async def _into(
        self, channel: str, say: _Say, event: feed.Event, scene: scenes.Scene
    ) -> messenger.Place | None:
        """Where we are not in the channel it is said in the rollout's own: never nowhere.

        Why it is there is said with it, for whoever can invite us, and in the card's thread.
        """
        own = next(_hashed(self._own(event)), "")
        try:
            return await say(channel, "")
        except (errors.Forbidden, errors.NotFound) as problem:
            log.warning("an escalation did not reach %s: %s", channel, problem)
            if not own or own == channel:
                raise
            place = await say(own, channel)
            if place is not None:
                await self.kept.missed(scene, channel, instead=own)
            return place

    async def _room(self, event: feed.Event, user: str) -> str:
        """Where to write to ``user``; waits while Slack is down, for as long as it is needed."""
        while self._waits(event):
            try:
                return await self.chat.direct(user)
            except errors.Unavailable as problem:
                pause = problem.retry_after_s
                await asyncio.sleep(ROOM_AGAIN_S if pause is None else min(pause, ROOM_AGAIN_S))
        return ""

    def _waits(self, event: feed.Event) -> bool:
        """Whether the gate is still the one: nobody is asked for what is over."""
        scene = self._now(event)
        return (
            scene is not None and event.wait is not None and scenes.gate(scene) == event.wait.gate
        )

    def _now(self, event: feed.Event) -> scenes.Scene | None:
        return self.scene(f"{event.rollout.namespace}/{event.rollout.name}")

    def _own(self, event: feed.Event) -> str:
        scene = self._now(event)
        return (
            self.rules.default_channel
            if scene is None
            else self.rules.channel(dict(scene.seen.raw))
        )


def _each(event: feed.Event, target: str) -> str:
    """One escalation to one receiver, who may be told of the same gate again later."""
    return f"{target}:{event.id.rpartition(':')[2]}"


def _members(who: str, effective: policy.Effective) -> policy.Who:
    group = effective.groups.get(who.removeprefix(whom.GROUP)) if ":" in who else None
    return () if group is None else group.members


def _hashed(channel: str) -> Iterator[str]:
    """A channel as targets name it, whether it is written as ``#name``, ``name`` or an id."""
    if channel.strip("#"):
        yield f"#{channel.lstrip('#')}"


def _is_id(who: str) -> bool:
    return who[:1] in {"U", "W"} and who.isupper()


def _handled(who: str) -> str:
    """An approver of the settings: an id, or the name of an account."""
    return who if _is_id(who) else f"@{who.lstrip('@')}"
