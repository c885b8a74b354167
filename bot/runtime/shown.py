"""What stands in the chat, as far as this process has put it there, and when it needs an edit.

Where a message stands is ``anchors``'; what counts as news is the core's.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.notices import material, standing
from bot.core.notices import scene as scenes
from bot.model import messages
from bot.runtime import anchors

AWAITED = frozenset(messages.News) - {
    messages.News.MOVES,
    messages.News.WAITS,
    messages.News.SUPERSEDED,
}
"""A card that says so is waited for. One that only moves on may come when it can; that it waits
for somebody is said by its approval request, a message of its own."""
REFRESH = timedelta(minutes=2)
"""Figures that are no news are brought up to date at most this often."""


@dataclass(slots=True, kw_only=True)
class Shown:
    """One message. ``tried`` is what was sent last, ``facts`` what is known to stand."""

    edits: int = 0
    not_before: datetime | None = None
    facts: material.Stood | None = None
    tried: material.Stood | None = None
    since: datetime | None = None

    def stands(self, at: datetime) -> None:
        """What was tried last stands in the chat."""
        if self.tried is not None:
            self.facts, self.since = self.tried, at

    def due(self, wanted: material.Stood, at: datetime, *, last: bool) -> bool:
        """Whether the message must be edited; its ``last`` state is always shown whole."""
        if self.facts is None or self.since is None:
            return True
        if wanted == self.facts:
            return False
        late = at - self.since >= REFRESH
        return last or late or material.of(wanted) != material.of(self.facts)


@dataclass(slots=True, kw_only=True)
class Memory:
    """Of each rollout, by namespace/name, its messages by their key."""

    _shown: dict[str, dict[str, Shown]] = field(default_factory=dict)

    def of(self, rollout: str, key: str) -> Shown:
        """One message; of a rollout with very many the oldest are forgotten, its cards last."""
        mine = self._shown.setdefault(rollout, {})
        while len(mine) > anchors.RECORDS_LIMIT:
            oldest = min(mine, key=lambda one: isinstance(mine[one].facts, messages.CardFacts))
            mine.pop(oldest)
        return mine.setdefault(key, Shown())

    def forget(self, rollout: str) -> None:
        self._shown.pop(rollout, None)

    def card(self, rollout: str) -> messages.CardFacts | None:
        """The card of this rollout as it stands in the chat, if this process put it there."""
        every = (one.facts for one in self._shown.get(rollout, {}).values())
        cards = [facts for facts in every if isinstance(facts, messages.CardFacts)]
        return cards[-1] if cards else None

    def awaited(self, rollout: str, scene: scenes.Scene) -> bool:
        """Whether the card would say something that people wait for, and says another thing.

        One that still asks for what is decided is as urgent as one that does not say it is done.
        """
        stood, news = self.card(rollout), standing.news(scene)
        if stood is not None and stood.news is messages.News.WAITS:
            return news is not stood.news or scenes.gate(scene) != gate_of(stood)
        return news in AWAITED and (stood is None or stood.news is not news)


def gate_of(facts: messages.CardFacts) -> str:
    """The gate that a card asks for; empty where it asks for none."""
    return next((one.value.gate_id for one in facts.buttons if one.value.gate_id), "")
