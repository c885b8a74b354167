"""One rollout's notices to their places: posted once, edited where they stand, threads kept.

Who calls when is ``announce``'s, limits and retries are ``outbox``'s.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.core import links as links_module
from bot.core.notices import card, degraded, notice, table
from bot.core.notices import scene as scenes
from bot.model import errors, messages, messenger
from bot.render import rendering
from bot.runtime import addresses, anchors, authorize, catchup, outbox, shown, states
from bot.runtime import folding as foldings
from bot.runtime import lines as threading

log = logging.getLogger(__name__)

AGAIN = timedelta(minutes=5)
"""After a refusal: nobody is asked on each pass, but an invitation counts soon."""

LOUD = (notice.Kind.ALERT, notice.Kind.GATE)

Sent = Callable[["Told", str, bool], None]
"""Hears of each message that stands (True) or was refused for good."""

Newest = Callable[[], scenes.Scene]
"""The state as it is at the moment of sending."""


Told = states.Told


@dataclass(slots=True, kw_only=True)
class Sender:
    """One a process. ``observing``: cards only, each marked so, with nothing to press."""

    box: outbox.Outbox
    places: anchors.Anchors
    rules: authorize.Rules
    absence: catchup.CatchUp
    folding: foldings.Folding
    lines: threading.Lines
    link: Callable[[messenger.Place], str] | None = None
    sent: Sent = lambda _told, _kind, _good: None
    observing: bool = False
    links: links_module.Links = field(default_factory=links_module.Links)
    memory: shown.Memory = field(default_factory=shown.Memory)

    def forget(self, key: str) -> None:
        self.memory.forget(key)
        self.places.forget(key)

    async def loud(self, told: Told, scene: scenes.Scene, *, newest: Newest) -> None:
        """Alerts and gates of one state; each stands at the end, or is needless by then."""
        if self.observing:
            return
        for one in table.of(scene, self.places.of(told.rollout)):
            if one.kind in LOUD:
                await self._stand(told, one, newest, outbox.Priority.LOUD)

    async def quiet(self, states: Sequence[tuple[Told, scenes.Scene]], *, newest: Newest) -> None:
        """The card of the last state."""
        told, last = states[-1]
        present = card.key(last)
        fresh = any(
            one.fresh and one.key == present
            for state, scene in states
            for one in self._cards(state, scene)
        )
        for one in self._cards(told, last):
            mine = one.key == present
            news = mine and self.memory.awaited(told.key, last)
            await self._stand(
                told,
                replace(one, fresh=one.fresh or (fresh and mine)),
                newest,
                outbox.Priority.NEWS if news else outbox.Priority.EDIT,
            )

    def _cards(self, told: Told, scene: scenes.Scene) -> list[notice.Notice]:
        said = self.places.of(told.rollout)
        return [one for one in table.of(scene, said) if one.kind is notice.Kind.CARD]

    async def _stand(
        self, told: Told, one: notice.Notice, newest: Newest, priority: outbox.Priority
    ) -> None:
        record = self.places.of(told.rollout).get(one.key, {})
        if record.get("end") and not one.anew:
            return
        if record.get("folded") and not self._row(told, one, record, newest):
            record = {}  # somebody deleted the digest
        if not record.get("ts"):
            if one.fresh:
                await self._post(told, one, newest, priority)
        elif not record.get("folded") and self._due(told, one):
            await self._edit(told, one, anchors.place(record), newest, priority)
        if one.settled and self.places.of(told.rollout).get(one.key, {}).get("ts"):
            await self.places.record(told.rollout, one.key, {"end": "over", **one.left})

    def _row(self, told: Told, one: notice.Notice, record: anchors.Record, newest: Newest) -> bool:
        """A card that is a row of a digest; False where the digest is gone."""
        scene = newest()
        if one.key != card.key(scene):
            return True  # of an earlier revision: the present one has the row by now
        return self.folding.show(record, scene, url=self._alone(told, scene))

    def _due(self, told: Told, one: notice.Notice) -> bool:
        wanted = self._full(told, one.facts, one.key)
        return self.memory.of(told.key, one.key).due(wanted, told.at, last=one.settled)

    async def _post(
        self, told: Told, one: notice.Notice, newest: Newest, priority: outbox.Priority
    ) -> None:
        memory = self.memory.of(told.key, one.key)
        if memory.not_before is not None and told.at < memory.not_before:
            return
        channel = self.rules.channel(told.rollout)
        if one.kind is notice.Kind.CARD and not self.observing:
            scene = newest()
            url = self._alone(told, scene)
            row = await self.folding.join(channel, told, scene, url=url)
            if row:
                await self.places.record(told.rollout, one.key, {**row, **one.keep})
                return
        try:
            place, meanwhile = await self._into(
                channel, self._content(told, one, newest), min(priority, outbox.Priority.THREAD)
            )
        except errors.RolloutBotError as problem:
            log.warning("%s of %s was not sent: %s", one.kind, told.seen.name, problem)
            memory.not_before = told.at + AGAIN
            self.sent(told, one.kind, False)
            return
        if place is None:
            return
        self.sent(told, one.kind, True)
        memory.stands(told.at)
        self.folding.budget.spend(meanwhile or channel, told.at)
        where: anchors.Record = {"channel": place.channel, "ts": place.ts}
        if "folded" in self.places.of(told.rollout).get(one.key, {}):
            where["folded"] = None
        await self.places.record(told.rollout, one.key, {**where, **one.keep})
        if meanwhile:
            await self._not_in(told, channel, meanwhile)

    async def _into(
        self, channel: str, content: outbox.Content, priority: outbox.Priority
    ) -> tuple[messenger.Place | None, str]:
        """Into ``channel``; where we are not in it, into the default one, which is named."""
        try:
            return await self.box.post(channel=channel, content=content, priority=priority), ""
        except (errors.Forbidden, errors.NotFound):
            default = self.rules.default_channel
            if not default or default == channel:
                raise
        return await self.box.post(channel=default, content=content, priority=priority), default

    async def _not_in(self, told: Told, channel: str, default: str) -> None:
        key = f"channel:{channel}"
        if key in self.places.of(told.rollout):
            return
        facts = messages.NotInChannel(
            channel=channel if channel.startswith("#") else f"#{channel}",
            rollout=told.seen.name,
            meanwhile=default,
        )
        message = rendering.render(facts)
        try:
            place = await self.box.post(channel=default, content=lambda: message)
        except errors.RolloutBotError as problem:
            log.warning("nobody was told that we are not in %s: %s", channel, problem)
            return
        if place is not None:
            await self.places.record(told.rollout, key, {"ts": place.ts, "end": "told"})

    async def _edit(
        self,
        told: Told,
        one: notice.Notice,
        place: messenger.Place,
        newest: Newest,
        priority: outbox.Priority,
    ) -> None:
        content = self._content(told, one, newest)
        try:
            about = told.key if one.kind is notice.Kind.CARD else ""
            await self.box.update(place=place, content=content, priority=priority, about=about)
        except errors.NotFound as problem:
            # Somebody deleted it: what is still open stands again, what is over stays away.
            # What may not be edited stands there untrue: how it ended is said anew.
            if one.anew or (one.settled and not isinstance(problem, errors.Uneditable)):
                return
            await self._post(told, one, newest, priority)
        except errors.RolloutBotError as problem:
            log.warning("%s of %s was not edited: %s", one.kind, told.seen.name, problem)
        else:
            self.memory.of(told.key, one.key).stands(told.at)

    def _content(self, told: Told, one: notice.Notice, newest: Newest) -> outbox.Content:
        def now() -> messages.Message | None:
            facts = self._current(told, one, newest)
            if facts is None:
                return None
            memory = self.memory.of(told.key, one.key)
            facts = self._full(told, facts, one.key)
            memory.edits += 1
            memory.tried = facts
            message = rendering.render(replace(facts, generation=memory.edits))
            return replace(message, mark=anchors.mark(told.rollout, one.key))

        return now

    def _current(self, told: Told, one: notice.Notice, newest: Newest) -> notice.Facts | None:
        """The facts as they are at the moment of sending; None where they are needless."""
        said = self.places.of(told.rollout)
        found = {n.key: n for n in table.of(newest(), said)}.get(one.key)
        if found is not None:
            return found.facts
        needless = one.kind is notice.Kind.GATE and one.key not in said
        return None if needless else one.facts

    def _full(
        self,
        told: Told,
        facts: notice.Facts,
        key: str = "",
    ) -> notice.Facts:
        """With what only the runtime knows: who may approve, where the gate stands."""
        if isinstance(facts, messages.GlassFacts):
            return facts
        if isinstance(facts, messages.AlertFacts):
            return addresses.of_alert(facts, self.links)
        if isinstance(facts, messages.GateFacts):
            facts = addresses.of_gate(facts, self.links)
            if facts.approvers:
                return facts  # the policy named them
            named = self.rules.approvers_of(told.rollout)
            may = ", ".join(named[:8]) or self.rules.channel(told.rollout)
            return replace(facts, approvers=may)
        if self.observing:
            facts = replace(facts, observing=True, buttons=())
        return self._linked(told, self._kept(told, facts, key))

    def _kept(self, told: Told, facts: messages.CardFacts, key: str) -> messages.CardFacts:
        """A card that was overtaken keeps its last facts, where this process knows them."""
        last = self.memory.of(told.key, key).facts if key else None
        if facts.news is not messages.News.SUPERSEDED or not isinstance(last, messages.CardFacts):
            return facts
        return replace(last, news=facts.news, because=facts.because, buttons=())

    def _linked(self, told: Told, facts: messages.CardFacts) -> messages.CardFacts:
        gate = shown.gate_of(facts)
        record = self.places.of(told.rollout).get(f"gate:{gate}", {}) if gate else {}
        if self.link is None or not record.get("ts"):
            return facts
        return replace(facts, gate_url=self.link(anchors.place(record)))

    def _alone(self, told: Told, scene: scenes.Scene) -> str:
        """Where the message is that stands for a row alone: its alert, or its open gate."""
        gate, said = scenes.gate(scene), self.places.of(told.rollout)
        key = degraded.key(scene) if scene.status.abort else f"gate:{gate}"
        record = said.get(key, {})
        if self.link is None or not record.get("ts"):
            return ""
        return self.link(anchors.place(record))
