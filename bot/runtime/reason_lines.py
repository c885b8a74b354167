"""A line in a thread as the reason of the abort that it is about: found, checked, handed in.

Most lines are none: whatever fits no abort that waits for its reason is nobody's business here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.core import codec_status, explaining, tries
from bot.core.notices import people
from bot.model import facts, messenger, status
from bot.runtime import authorize, orders
from bot.runtime import desk as desks


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """One a process; ``desk`` writes down what is found."""

    desk: desks.Desk

    def wanted(self, thread: messenger.Place, user: str) -> str:
        """The rollout (``namespace/name``) that waits for a reason of ``user`` there, or none."""
        return next(self._waiting(thread, user), "") if user else ""

    async def give(
        self, thread: messenger.Place, actor: facts.Person, text: str
    ) -> orders.Reply | None:
        """Keep ``text`` with the abort that ``thread`` is about; None where none waits for it."""
        key = self.wanted(thread, actor.slack_id)
        rollout, scene = self.desk.scenery.rollout(key), self.desk.scenery.of(key)
        if rollout is None or scene is None:
            return None
        awaited = explaining.awaited(scene.status)
        by = people.decode(awaited)
        if by is None or by.slack_id != actor.slack_id:
            return None
        answer = await self.desk.permits.ask(actor, authorize.Action.ABORT, rollout, scene=scene)
        if isinstance(answer, authorize.Denied):
            return orders.Reply(accepted=False, sentence=answer.sentence, denied=answer)
        now = self.desk.clock()
        intent = status.Intent(
            id=self.desk.new_id(),
            kind=explaining.KIND,
            revision=scene.hash,
            step=None,
            actor=awaited,
            at=tries.stamp(scene.sheet, now),
            reason=text.strip()[: explaining.LIMIT],
            expires=now + orders.EXPIRES,
        )
        return await self.desk.book.hand_in(
            key, rollout, self.desk.scenery.signer.intent(intent, rollout)
        )

    def _waiting(self, thread: messenger.Place, user: str) -> Iterator[str]:
        for rollout in self.desk.scenery.rollouts():
            raw = rollout.get("status") or {}
            if not raw.get("abort") or user not in str(raw.get("rolloutBot")):
                continue  # most of ten thousand, and nothing is decoded of them
            known = codec_status.decode(raw)
            by = people.decode(explaining.awaited(known))
            if by is not None and by.slack_id == user and _is_of(known, thread):
                meta = rollout["metadata"]
                yield f"{meta.get('namespace', '')}/{meta['name']}"


def _is_of(known: status.Status, thread: messenger.Place) -> bool:
    """Whether one of its messages stands at the head of ``thread``, and is its alone."""
    return any(
        isinstance(one, Mapping)
        and not one.get("folded")
        and one.get("ts") == thread.ts
        and one.get("channel") == thread.channel
        for one in known.bot.said.values()
    )
