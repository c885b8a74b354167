"""What people may ask of a break-glass: ask for it, agree, refuse. Nothing is decided here.

Who may is asked of ``permits``; that two persons are needed is the pass's to see to.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bot.core import glass, tries
from bot.core.gates import freezes
from bot.core.notices import listing, people
from bot.core.notices import scene as scenes
from bot.model import buttons, facts, ports, status
from bot.runtime import authorize, freeze_desk, orders, permits, scenery, signatures

REASON_LIMIT = 300


@dataclass(slots=True, kw_only=True)
class GlassDesk:
    """Made by the desk for one request."""

    scenery: scenery.Scenery
    book: orders.Orders
    clock: ports.Clock
    permits: permits.Permits
    new_id: Callable[[], str]
    freezing: freeze_desk.FreezeDesk | None = None

    async def ask(self, key: str, reason: str, actor: facts.Person) -> orders.Reply:
        """Ask a second person to let this rollout pass what the policy holds."""
        scene = self.scenery.of(key)
        gate = scenes.gate(scene) if scene is not None else ""
        return await self._write(glass.ASK, key, actor, gate=gate, reason=reason)

    async def answer(
        self, value: buttons.ButtonValue, kind: str, actor: facts.Person
    ) -> orders.Reply:
        """The second person's word; ``kind`` is glass-agree or glass-refuse."""
        key = f"{value.namespace}/{value.name}"
        reply = await self._write(kind, key, actor, gate=value.gate_id, revision=value.revision)
        if kind == glass.AGREE and reply.accepted:
            await self._lift(key, actor, value.revision)
        return reply

    async def _write(
        self,
        kind: str,
        key: str,
        actor: facts.Person,
        *,
        gate: str,
        revision: str = "",
        reason: str = "",
    ) -> orders.Reply:
        rollout, scene = self.scenery.rollout(key), self.scenery.of(key)
        if rollout is None or scene is None:
            return orders.no(orders.GONE)
        if denied := await self._denied(kind, rollout, scene, actor):
            return denied
        if revision and revision != scene.hash:
            return orders.no("Another revision is rolling out now; nothing was changed.")
        if useless := listing.useless(scene, kind):
            return orders.no(useless)
        if not self.scenery.signer.able:
            return orders.no(signatures.NO_KEY)
        now = self.clock()
        intent = status.Intent(
            id=self.new_id(),
            kind=kind,
            revision=scene.hash,
            step=None,
            actor=people.encode(actor),
            at=tries.stamp(scene.sheet, now),
            gate=gate,
            reason=reason[:REASON_LIMIT],
            expires=now + orders.EXPIRES,
        )
        return await self.book.hand_in(key, rollout, self.scenery.signer.intent(intent, rollout))

    async def _denied(
        self, kind: str, rollout: ports.Object, scene: scenes.Scene, actor: facts.Person
    ) -> orders.Reply | None:
        if not actor.slack_id:
            return orders.no("Break-glass needs two persons in Slack; nothing was done.")
        answer = await self.permits.ask(
            actor,
            authorize.Action.BREAK_GLASS,
            rollout,
            scene=scene,
            second=kind in glass.ANSWERS,
        )
        if isinstance(answer, authorize.Allowed):
            return None
        return orders.Reply(accepted=False, sentence=answer.sentence, denied=answer)

    async def _lift(self, key: str, actor: facts.Person, revision: str) -> None:
        """So that the freezes' list says so too; that they hold it no more stands sealed."""
        if self.freezing is None:
            return
        namespace, _, name = key.partition("/")
        now, every = self.clock(), self.freezing.freezes.in_force()
        for one in freezes.applying(every, namespace, name, now):
            await self.freezing.lift(one.id, key, actor, revision=revision)
