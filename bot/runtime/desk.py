"""What handlers may do: find, list, explain, and write down what a person asks.

Nothing is decided here: an intent is written on the object, the pass decides, the answer is
read back. Every sentence of a ``Reply`` can be shown to the asker as it is.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core import gitops, glass, tries
from bot.core.notices import card, listing, people, plan, warm
from bot.core.notices import scene as scenes
from bot.model import buttons, facts, messages, ports, records, status
from bot.runtime import (
    authorize,
    finding,
    freeze_desk,
    glass_desk,
    orders,
    permits,
    scenery,
    signatures,
    spec_writes,
    stale,
    templates,
)
from bot.runtime import roster as rosters
from bot.runtime import subscriptions as subscribing

_KINDS = {
    buttons.ButtonKind.APPROVE.value: "promote",
    buttons.ButtonKind.SKIP_WAIT.value: "promote",
    buttons.ButtonKind.SWITCH.value: "promote",
    buttons.ButtonKind.MEASURE_AGAIN.value: "measure-again",
    buttons.ButtonKind.CONTINUE.value: "continue",
    buttons.ButtonKind.AGREE.value: glass.AGREE,
    buttons.ButtonKind.REFUSE.value: glass.REFUSE,
    buttons.ButtonKind.PROMOTE_FULL.value: "promote-full",
}


@dataclass(slots=True, kw_only=True)
class Desk:
    """One a process.

    ``members`` asks, as the messenger's does, whether somebody is in a channel; None where
    there is no chat. ``silence`` tells for how many seconds the cluster has not answered,
    None while it does.
    """

    scenery: scenery.Scenery
    book: orders.Orders
    clock: ports.Clock
    rules: authorize.Rules
    members: Callable[[str, str], Awaitable[frozenset[str]]] | None
    new_id: Callable[[], str] = lambda: secrets.token_hex(8)
    silence: Callable[[], float | None] = lambda: None
    roster: rosters.Roster = field(default_factory=rosters.Roster)
    review: permits.Review | None = None
    history: records.Readable | None = None
    freezing: freeze_desk.FreezeDesk | None = None
    subscriptions: subscribing.Subscriptions | None = None

    @property
    def permits(self) -> permits.Permits:
        """Who may what, for everything that can be asked here."""
        return permits.Permits(
            rules=self.rules, members=self.members, roster=self.roster, review=self.review
        )

    @property
    def glass(self) -> glass_desk.GlassDesk:
        """What may be asked of a break-glass."""
        return glass_desk.GlassDesk(
            scenery=self.scenery,
            book=self.book,
            clock=self.clock,
            permits=self.permits,
            new_id=self.new_id,
            freezing=self.freezing,
        )

    # -- looking ---------------------------------------------------------------------------

    def find(
        self, text: str, *, channels: tuple[str, ...] = ()
    ) -> finding.Found | finding.Missing:
        """The one rollout that ``text`` (NAME, ns/NAME, nothing) can mean, or near misses."""
        return finding.find(text, scenery=self.scenery, rules=self.rules, channels=channels)

    def rows(self, *, namespace: str = "") -> messages.ListFacts:
        rows = listing.rows(self.scenery.all(namespace=namespace))
        return messages.ListFacts(cluster=self.scenery.cluster, namespace=namespace, rows=rows)

    def waiting(self) -> messages.WaitingFacts:
        return listing.waiting(self.scenery.cluster, self.scenery.all())

    def scene(self, key: str) -> scenes.Scene | None:
        """Everything known of one rollout now."""
        return self.scenery.of(key)

    def why(self, key: str) -> messages.SentenceFacts:
        scene, rollout = self.scenery.explained(key), self.scenery.rollout(key)
        if scene is None or rollout is None:
            return messages.SentenceFacts(sentences=(orders.GONE,))
        rolls = self.roster.every()
        return listing.why(scene, approvers=self.approvers(rollout), rolls=rolls)

    def plan(self, key: str) -> messages.PlanFacts | None:
        """What it will go through; None where it is gone."""
        scene = self.scenery.of(key)
        return None if scene is None else plan.plan(scene)

    def get(self, key: str) -> messages.CardFacts | None:
        """Everything that the card of this rollout says; None where it is gone."""
        scene = self.scenery.of(key)
        return None if scene is None else card.card(scene)

    def approvers(self, rollout: ports.Object) -> str:
        """Who may approve, in words: "#checkout", or names."""
        return ", ".join(self.rules.approvers_of(rollout)[:8]) or self.rules.channel(rollout)

    # -- asking ----------------------------------------------------------------------------

    def foreign(self, value: buttons.ButtonValue) -> str:
        """Why a button belongs to nothing that is here; empty where it does."""
        if value.cluster != self.scenery.cluster:
            return f"This button belongs to {value.cluster}; I run {self.scenery.cluster}."
        rollout = self.scenery.rollout(f"{value.namespace}/{value.name}")
        if rollout is None:
            return orders.GONE
        if rollout["metadata"]["uid"] != value.uid:
            return "This button is of an earlier rollout of that name; nothing was done."
        return ""

    async def press(
        self, value: buttons.ButtonValue, kind: str, actor: facts.Person, *, reason: str = ""
    ) -> orders.Reply:
        """A click: as ``submit``, bound to what the button was drawn for.

        ``kind`` is a ``ButtonKind`` that changes something, or a kind of ``submit``.
        """
        if problem := self.foreign(value):
            return orders.no(problem)
        key, asked = f"{value.namespace}/{value.name}", _KINDS.get(kind, kind)
        if asked in glass.ANSWERS:
            return await self.glass.answer(value, asked, actor)
        if asked == "undo":
            return await self.undo(key, actor, revision=value.revision)
        if asked == buttons.ButtonKind.SWITCH_BACK:
            return await self._switch_back(key, actor, value.revision)
        return await self.submit(
            asked,
            key,
            actor,
            gate=value.gate_id,
            revision=value.revision,
            step=value.step,
            reason=reason,
        )

    async def submit(
        self,
        kind: str,
        key: str,
        actor: facts.Person,
        *,
        gate: str = "",
        revision: str = "",
        step: int | None = None,
        reason: str = "",
    ) -> orders.Reply:
        """Write down what ``actor`` asks and wait a moment for what becomes of it.

        ``kind`` is promote, promote-full, measure-again, continue, abort or retry. ``gate``,
        ``revision`` and ``step`` are what the person saw; left out, they are what stands now. An
        abort or a retry is bound to the revision alone: an old message must not keep anybody
        from the safe side.
        """
        if kind in {"abort", "retry"}:
            gate, step = "", None
        rollout, scene = self.scenery.rollout(key), self.scenery.of(key)
        if rollout is None or scene is None:
            return orders.no(orders.GONE)
        denied = await self._denied(authorize.Action(kind), rollout, actor)
        if denied is not None:
            return denied
        refusal = stale.refusal(scene, kind, gate, revision, step)
        if refusal:
            return orders.no(refusal)
        if kind == "promote" and signatures.needed(scene):
            if problem := signatures.problem(scene, actor, able=self.scenery.signer.able):
                return orders.no(problem)
            gate = gate or scenes.gate(scene)
        intent = status.Intent(
            id=self.new_id(),
            kind=kind,
            revision=revision or scene.hash,
            step=stale.step_of(scene, kind, gate, step),
            actor=people.encode(actor),
            at=tries.stamp(scene.sheet, self.clock()),
            gate=signatures.bound(scene, gate, actor),
            reason=reason[:600],
            expires=self.clock() + orders.EXPIRES,
        )
        signed = self.scenery.signer.intent(intent, rollout)
        reply = await self.book.hand_in(key, rollout, signed)
        after = self.scenery.of(key)
        if reply.accepted or reply.late or not reply.written or after is None or not intent.gate:
            return reply
        if scenes.gate(after) == gate:
            return reply  # it still stands: the refusal has a reason of its own
        return replace(reply, sentence=stale.over(after, "This step is over"))

    async def undo(
        self,
        key: str,
        actor: facts.Person,
        to_revision: int | None = None,
        *,
        revision: str = "",
    ) -> orders.Reply:
        """Set the pod template back to an earlier revision's; ``revision`` is what was seen."""
        scene = self.scenery.of(key)
        if scene is not None and revision and revision != scene.hash:
            return orders.no(stale.over(scene, "Another revision is rolling out now"))
        return await self._template(
            key,
            actor,
            authorize.Action.UNDO,
            lambda scene: templates.undone(scene, to_revision=to_revision),
        )

    async def _switch_back(self, key: str, actor: facts.Person, revision: str) -> orders.Reply:
        """To the revision that is still warm, and to no other."""
        scene = self.scenery.of(key)
        kept = None if scene is None else warm.of(scene)
        if scene is not None and kept is None and scene.hash == revision:
            return orders.no(warm.COLD)
        return await self.undo(key, actor, kept.revision if kept else None, revision=revision)

    async def set_image(
        self, key: str, actor: facts.Person, container: str, image: str
    ) -> orders.Reply:
        """Give a container another image."""
        return await self._template(
            key,
            actor,
            authorize.Action.SET_IMAGE,
            lambda scene: templates.with_image(scene, container=container, image=image),
        )

    # -- the way in ------------------------------------------------------------------------

    async def _denied(
        self, action: authorize.Action, rollout: ports.Object, actor: facts.Person
    ) -> orders.Reply | None:
        meta = rollout["metadata"]
        scene = self.scenery.of(f"{meta['namespace']}/{meta['name']}")
        answer = await self.permits.ask(actor, action, rollout, scene=scene)
        if isinstance(answer, authorize.Allowed):
            return None
        return orders.Reply(accepted=False, sentence=answer.sentence, denied=answer)

    def noticed(self, rollout: ports.Object) -> None:
        """To be called on each change of the cache: an answer may be in it."""
        self.book.noticed(rollout)

    async def _template(
        self,
        key: str,
        actor: facts.Person,
        action: authorize.Action,
        change: Callable[[scenes.Scene], tuple[Mapping[str, Any] | None, str]],
    ) -> orders.Reply:
        rollout, scene = self.scenery.rollout(key), self.scenery.of(key)
        if rollout is None or scene is None:
            return orders.no(orders.GONE)
        denied = await self._denied(action, rollout, actor)
        if denied is not None:
            return denied
        because = f"{action} by {people.encode(actor)}"
        reply = await spec_writes.send(self.book, key, change, actor, because=because)
        if not reply.accepted:
            return reply
        self.book.urgent(key)
        return replace(reply, sentence=reply.sentence + gitops.warning(rollout))
