"""Home tabs that somebody may be looking at: redrawn when what they show has changed.

For some minutes after their reader opened them or acted, for the latest few readers, and no
faster than Slack's limit and the machine allow. Nobody's tab is kept fresh for ever.
"""

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from bot.model import home as model
from bot.model import messages
from bot.runtime import tasks

LOOKS_S = 0.5
BETWEEN_S = 1.0
"""Of the 100 calls a minute that Slack takes, 60 at most are redrawn tabs."""
SHARE = 0.05
"""How much of the time may go into drawing, however many rollouts there are."""
AGAIN_S = 10.0
NOTE_S = 60.0
TABS_LIMIT = 20


@dataclass(slots=True, kw_only=True)
class Tab:
    """What its reader sees; ``note`` answers their last press and stays for a while."""

    opened: float
    shown: model.HomeFacts

    def is_open(self, now: float) -> bool:
        return now - self.opened < model.FRESH_S

    def note(self, now: float) -> messages.Message | None:
        return self.shown.note if now - self.opened < NOTE_S else None


@dataclass(slots=True, kw_only=True)
class Tabs:
    """``marks`` is cheap and changes with anything that a tab could show.

    ``draw`` shows a reader's tab anew unless it would be the same; what it shows is returned,
    None where it failed.
    """

    marks: Callable[[], Hashable]
    draw: Callable[[str, Tab], Awaitable[model.HomeFacts | None]]
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _open: dict[str, Tab] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    def opened(self, user: str, shown: model.HomeFacts) -> None:
        """Keep this one fresh from now on; the one that was left alone longest makes room."""
        self._open.pop(user, None)
        self._open[user] = Tab(opened=self.clock(), shown=shown)
        while len(self._open) > TABS_LIMIT:
            del self._open[next(iter(self._open))]
        if self._task is None or self._task.done():
            self._task = tasks.spawn(self._watch(), name="open Home tabs")

    async def close(self) -> None:
        await tasks.cancel(self._task)

    async def _watch(self) -> None:
        seen = None  # what changed while the first one was drawn is not missed
        while self._forgotten():
            marks = self.marks()
            if marks == seen:
                await self.pause(LOOKS_S)
            elif await self._redraw():
                seen = marks
            else:
                await self.pause(AGAIN_S)

    def _forgotten(self) -> bool:
        now = self.clock()
        self._open = {user: tab for user, tab in self._open.items() if tab.is_open(now)}
        return bool(self._open)

    async def _redraw(self) -> bool:
        """Whether every open tab is as it should be."""
        failed = False
        for user, tab in list(self._open.items()):
            began = self.clock()
            shown = await self.draw(user, tab)
            if shown is not None and self._open.get(user) is tab:
                tab.shown = shown
            failed = failed or shown is None
            spent = self.clock() - began
            await self.pause(max(BETWEEN_S, spent / SHARE - spent))
        return not failed


def lasting(facts: model.HomeFacts) -> model.HomeFacts:
    """Without what only the passing of time changes: two of the same need no redraw."""
    return dataclasses.replace(
        facts,
        at=model.NEVER,
        waiting=_lasting(facts.waiting),
        moving=_lasting(facts.moving),
        failed=_lasting(facts.failed),
    )


def _lasting(rows: tuple[messages.RowFact, ...]) -> tuple[messages.RowFact, ...]:
    return tuple(dataclasses.replace(row, since_s=None) for row in rows)
