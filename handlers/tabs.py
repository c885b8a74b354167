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
SHARE = 0.05
"""How much of the time may go into drawing, however many rollouts there are."""
AGAIN_S = 10.0
NOTE_S = 60.0
TABS_LIMIT = 20


@dataclass(slots=True, kw_only=True)
class Tab:
    """What its reader sees, since when; ``note`` answers their last press, for a while."""

    opened: float
    shown: model.HomeFacts
    drawn: float
    not_before: float = 0.0

    def is_open(self, now: float) -> bool:
        return now - self.opened < model.FRESH_S

    def note(self, now: float) -> messages.Message | None:
        return self.shown.note if now - self.opened < NOTE_S else None


@dataclass(slots=True, kw_only=True)
class Pace:
    """Of the 100 calls a minute that Slack takes, 60 at most are redrawn tabs.

    All that are open may be redrawn at once; the last few of that are for what readers are asked.
    """

    burst: float = 20.0
    per_s: float = 40 / 60
    kept: float = 8.0
    _free: float = 20.0
    _at: float = 0.0

    def take(self, now: float, *, asked: bool) -> bool:
        """Whether one more may be redrawn now; then it is counted."""
        self._free = min(self.burst, self._free + (now - self._at) * self.per_s)
        self._at = now
        if self._free < (1 if asked else 1 + self.kept):
            return False
        self._free -= 1
        return True


@dataclass(slots=True, kw_only=True)
class Tabs:
    """``marks`` is cheap and changes with anything that a tab could show.

    ``look`` is what a reader's tab should show, None where it cannot be told; ``draw`` shows it
    and says whether Slack took it. ``worked`` counts the seconds of this process's own work.
    """

    marks: Callable[[], Hashable]
    look: Callable[[str, Tab], Awaitable[model.HomeFacts | None]]
    draw: Callable[[str, model.HomeFacts], Awaitable[bool]]
    clock: Callable[[], float] = time.monotonic
    worked: Callable[[], float] = time.thread_time
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    _pace: Pace = field(default_factory=Pace)
    _open: dict[str, Tab] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    def opened(self, user: str, shown: model.HomeFacts) -> None:
        """Keep this one fresh from now on; the one that was left alone longest makes room."""
        self._open.pop(user, None)
        now = self.clock()
        self._open[user] = Tab(opened=now, shown=shown, drawn=now)
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
            if marks != seen and await self._redraw():
                seen = marks
            await self.pause(LOOKS_S)

    def _forgotten(self) -> bool:
        now = self.clock()
        self._open = {user: tab for user, tab in self._open.items() if tab.is_open(now)}
        return bool(self._open)

    async def _redraw(self) -> bool:
        """Whether every open tab is as it should be; the one that is oldest comes first.

        Slack's answers are waited for together: twenty of them in a row would take seconds.
        """
        drawing, right = [], True
        for user, tab in sorted(self._open.items(), key=lambda one: one[1].drawn):
            facts = await self._looked(user, tab)
            if facts is None or not self._may(tab, facts):
                right = False
            elif lasting(facts) != lasting(tab.shown):
                drawing.append(tasks.spawn(self._drawn(user, tab, facts), name="a Home tab"))
        try:
            return all(await asyncio.gather(*drawing)) and right
        finally:
            await tasks.cancel(*drawing)

    async def _looked(self, user: str, tab: Tab) -> model.HomeFacts | None:
        if self.clock() < tab.not_before:
            return None
        began = self.worked()
        facts = await self.look(user, tab)
        spent = self.worked() - began
        if facts is None:
            tab.not_before = self.clock() + AGAIN_S
        await self.pause(spent / SHARE - spent)
        return facts

    def _may(self, tab: Tab, facts: model.HomeFacts) -> bool:
        """What asks a reader for something that is decided goes before what only moves on."""
        new, old = lasting(facts), lasting(tab.shown)
        return new == old or self._pace.take(self.clock(), asked=new.waiting != old.waiting)

    async def _drawn(self, user: str, tab: Tab, facts: model.HomeFacts) -> bool:
        if self._open.get(user) is not tab:
            return True  # opened anew meanwhile: that was drawn later
        if not await self.draw(user, facts):
            tab.not_before = self.clock() + AGAIN_S
            return False
        tab.shown, tab.drawn = facts, self.clock()
        return True


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
