"""A line in a thread as the reason of the abort that it is about: found, checked, handed in.

Most lines are none: whatever fits no abort that waits for its reason is nobody's business here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core import codec_instant, codec_status, explaining, tries
from bot.core.notices import people
from bot.model import facts, messenger, status
from bot.runtime import authorize, orders
from bot.runtime import desk as desks


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """An abort whose reason is missing: of whom, since when, and where it may be written."""

    key: str
    by: facts.Person
    at: datetime | None
    places: tuple[messenger.Place, ...]


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
        for one in self.awaited(user):
            if one.by.slack_id == user and thread in one.places:
                yield one.key

    def awaited(self, text: str = "") -> Iterator[Awaited]:
        """Of people of the chat; ``text`` stands somewhere in what is kept of the rollout."""
        for rollout in self.desk.scenery.rollouts():
            raw = rollout.get("status") or {}
            if not raw.get("abort") or text not in str(raw.get("rolloutBot")):
                continue  # most of ten thousand, and nothing is decoded of them
            known = codec_status.decode(raw)
            by = people.decode(explaining.awaited(known))
            if by is None or not by.slack_id:
                continue
            meta = rollout["metadata"]
            yield Awaited(
                key=f"{meta.get('namespace', '')}/{meta['name']}",
                by=by,
                at=codec_instant.read(known.bot.abort.get("at")),
                places=_places(known),
            )


def _places(known: status.Status) -> tuple[messenger.Place, ...]:
    """Where a message stands that is of this rollout alone; those of the present revision first.

    The question is asked beneath the card, the post-mortem stands beneath the alert.
    """
    found = {
        key: messenger.Place(channel=str(one["channel"]), ts=str(one["ts"]))
        for key, one in known.bot.said.items()
        if isinstance(one, Mapping)
        and one.get("channel")
        and one.get("ts")
        and not one.get("folded")
    }
    present = tuple(f"{kind}:{known.current_hash}:" for kind in ("card", "alert"))
    newest = sorted(found, key=lambda key: (key.startswith(present), found[key].ts), reverse=True)
    return tuple(dict.fromkeys(found[key] for key in newest))
