"""A metrics server that is away is one cause for many rollouts: told once, edited, told over.

Fed by the measurements themselves; memory only, so another leader begins to count anew. Nothing
is decided by it and nothing waits for it.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.model import errors, messages, messenger, ports
from bot.render import rendering
from bot.runtime import outbox, tasks

log = logging.getLogger(__name__)

FAILURES = 3
SPAN = timedelta(seconds=20)
"""So many in a row over so long are no hiccup."""
FORGOTTEN = timedelta(hours=1)
"""Of a server that nobody asked for so long nothing is known any more."""
SERVERS_LIMIT = 100
ROLLOUTS_LIMIT = 500
SPACING_S = 10.0
"""Between two edits, so that what comes together is shown together."""


@dataclass(slots=True, kw_only=True)
class _Away:
    """``rollouts`` hold what each does if it lasts: whether it waits (True) or goes back.

    ``waiting`` are those that stand until it answers; the others go on unmeasured meanwhile.
    """

    server: str
    since: datetime
    last: datetime
    failures: int = 0
    rollouts: dict[str, bool] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    until: datetime | None = None
    shown: tuple[int, int, bool] | None = None
    place: messenger.Place | None = None
    task: asyncio.Task[None] | None = None

    @property
    def due(self) -> bool:
        return self.failures >= FAILURES and self.last - self.since >= SPAN

    @property
    def now(self) -> tuple[int, int, bool]:
        """What a message would say that another would not."""
        return len(self.rollouts), len(self.waiting), self.until is not None

    def content(self) -> messages.Message:
        self.shown = self.now
        names = sorted(key.partition("/")[2] for key in self.rollouts)
        facts = messages.MetricsAway(
            server=self.server,
            since=self.since,
            until=self.until,
            holding=len(self.rollouts),
            aborting=sum(not holds for holds in self.rollouts.values()),
            moving=len(self.rollouts.keys() - self.waiting),
            names=tuple(names[:12]),
        )
        return rendering.render(facts)


@dataclass(slots=True, kw_only=True)
class Outages:
    """One a process. ``channel`` is of those who can mend it."""

    box: outbox.Outbox
    clock: ports.Clock
    channel: str
    holds: Callable[[str], bool]
    _away: OrderedDict[str, _Away] = field(default_factory=OrderedDict)

    def heard(self, server: str, rollout: str, *, answered: bool, waits: bool = True) -> None:
        """One measurement for ``rollout`` came back, or nothing did; returns at once.

        ``waits``: the rollout stands at the step that measures.
        """
        now = self.clock()
        one = self._away.get(server)
        if answered:
            if one is not None and one.until is None:
                one.until = now
                self._tell(one)
            return
        if one is None or one.until is not None or now - one.last > FORGOTTEN:
            one = self._away[server] = _begun(server, now, one)
            while len(self._away) > SERVERS_LIMIT:
                self._away.popitem(last=False)
        one.last, one.failures = now, one.failures + 1
        if rollout and len(one.rollouts) < ROLLOUTS_LIMIT:
            one.rollouts[rollout] = self.holds(rollout)
            if waits:
                one.waiting.add(rollout)
        if one.due:
            self._tell(one)

    def _tell(self, one: _Away) -> None:
        """Begin to tell, where something is to be told that does not stand there."""
        if one.task is None and one.due and one.shown != one.now:
            one.task = tasks.spawn(self._stand(one), name="metrics away")

    async def _stand(self, one: _Away) -> None:
        """Post it, or turn the one before it into it; then edit it until it is over."""
        try:
            if one.place is None:
                one.place = await self.box.post(
                    channel=self.channel, content=one.content, priority=outbox.Priority.LOUD
                )
            while one.place is not None:
                if one.shown != one.now:
                    await self.box.update(place=one.place, content=one.content)
                if one.until is not None or self._away.get(one.server) is not one:
                    break
                await asyncio.sleep(SPACING_S)
        except errors.RolloutBotError as problem:
            log.warning("nobody was told that %s is away: %s", one.server, problem)


def _begun(server: str, now: datetime, before: _Away | None) -> _Away:
    """A new outage; soon after another one it takes that one's message: nobody is told twice."""
    soon = before is not None and now - before.last <= FORGOTTEN
    place = before.place if before is not None and soon else None
    return _Away(server=server, since=now, last=now, place=place)
