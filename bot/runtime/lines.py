"""The lines of a card's thread, and of its alert's: each sent once.

For a row of a digest with the name of its rollout.
"""

import logging
from dataclasses import dataclass, replace

from bot.core.notices import card, degraded, late, notice, thread
from bot.core.notices import scene as scenes
from bot.model import errors, messages, messenger
from bot.render import rendering, threads
from bot.runtime import anchors, catchup, outbox, states
from bot.runtime import folding as foldings

log = logging.getLogger(__name__)

LINES_LIMIT = 64
OWN_LINES = frozenset(
    {
        messages.ThreadKind.APPROVED,
        messages.ThreadKind.PROMOTED,
        messages.ThreadKind.ABORTED,
        messages.ThreadKind.RETRIED,
        messages.ThreadKind.METRIC_FAILED,
        messages.ThreadKind.NOT_RESTORED,
    }
)
"""What is said in the thread of a digest, with the name of its rollout; the rest is in the row."""


@dataclass(slots=True, kw_only=True)
class Lines:
    """One a process. ``observing``: nothing is said but cards."""

    box: outbox.Outbox
    places: anchors.Anchors
    absence: catchup.CatchUp
    folding: foldings.Folding
    observing: bool = False

    def hangs(self, told: states.Told) -> bool:
        """Whether the card stands whose thread it is."""
        anchor = self.places.of(told.rollout).get(card.key(states.scene(told)), {})
        return bool(anchor.get("ts"))

    async def tell(self, told: states.Told, scene: scenes.Scene) -> None:
        """What is new of one state."""
        if self.observing:
            return
        said = self.places.of(told.rollout)
        anchor, key = said.get(card.key(scene), {}), thread.key(scene)
        if not anchor.get("ts"):
            return
        alert, folded = said.get(degraded.key(scene), {}), bool(anchor.get("folded"))
        for line in (*thread.lines(scene, said.get(key, {})), *late.lines(scene, alert)):
            known = self.places.of(told.rollout).get(key, {})
            beneath = line.of_alert and bool(alert.get("ts"))
            if folded and not (beneath or line.apart or line.fact.kind in OWN_LINES):
                continue
            if line.id not in known and len(known) < LINES_LIMIT:
                place = anchors.place(alert if beneath else anchor)
                await self._line(told, place, key, line)

    async def _line(
        self, told: states.Told, place: messenger.Place, key: str, line: notice.Line
    ) -> None:
        message = rendering.render(line.fact)
        if self.folding.shared(place):
            message = threads.named(message, told.seen.name)
        message = replace(message, mark=anchors.mark(told.rollout, key, line.id))

        def content() -> messages.Message | None:
            return None if self.absence.covers(told.at) else message

        try:
            await self.box.post(channel=place.channel, content=content, thread=place.ts)
        except errors.RolloutBotError as problem:
            log.warning("a line of %s was not sent: %s", told.seen.name, problem)
        at = line.fact.at.replace(microsecond=0).isoformat()
        await self.places.record(told.rollout, key, {"ts": place.ts, line.id: at})
