"""After an outage of the chat: one message of what happened meanwhile, not every one of them."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.notices import away
from bot.core.notices import scene as scenes
from bot.model import errors, messages
from bot.render import rendering
from bot.runtime import authorize, outbox, tasks

log = logging.getLogger(__name__)

ROLLOUTS_LIMIT = 500

_Change = tuple[str, messages.CardFacts | None, scenes.Scene]
"""The channel, the card that stood, and the state that could not be told."""


@dataclass(slots=True, kw_only=True)
class CatchUp:
    """Collects who changed while the chat was away, and says it once it is back."""

    box: outbox.Outbox
    rules: authorize.Rules
    _since: datetime | None = None
    _span: tuple[datetime, datetime] | None = None
    _changed: dict[str, _Change] = field(default_factory=dict)

    def collect(
        self, key: str, channel: str, scene: scenes.Scene, *, stood: messages.CardFacts | None
    ) -> None:
        """Take in a state that cannot be told now."""
        since = self.box.down_since
        if since is None:
            return
        if since != self._since:
            self._since = since
            self._changed.clear()
        first = self._changed.get(key)
        if first is not None or len(self._changed) < ROLLOUTS_LIMIT:
            self._changed[key] = (channel, first[1] if first is not None else stood, scene)

    def covers(self, at: datetime) -> bool:
        """Whether what was true at ``at`` is said by the catch-up."""
        return self._span is not None and self._span[0] <= at <= self._span[1]

    def over(self, since: datetime, until: datetime) -> None:
        """The outage has ended: say what changed, once a channel."""
        self._span = (since, until)
        lines: dict[str, list[str]] = {}
        for channel, before, after in self._changed.values():
            lines.setdefault(channel, []).append(away.sentence(before, after))
        self._changed.clear()
        for channel, said in lines.items():
            facts = messages.SlackWasAway(since=since, until=until, lines=tuple(said))
            tasks.spawn(self._say(channel, rendering.render(facts)), name="catch up")

    def say(self, channel: str, sentence: str) -> None:
        """One sentence, as soon as the chat takes it."""
        facts = messages.SentenceFacts(sentences=(sentence,))
        tasks.spawn(self._say(channel, rendering.render(facts)), name="say")

    async def _say(self, channel: str, message: messages.Message) -> None:
        try:
            await self.box.post(
                channel=channel, content=lambda: message, priority=outbox.Priority.LOUD
            )
        except errors.RolloutBotError as problem:
            log.warning("what is to be said in %s was not sent: %s", channel, problem)
