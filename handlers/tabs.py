"""Home tabs that somebody may be looking at: redrawn when what they show has changed.

For some minutes after their reader opened them or acted, for the latest few readers, and no
faster than Slack's limit and the machine allow. Nobody's tab is kept fresh for ever.
"""

import asyncio
import dataclasses
import math
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
NEVER = -math.inf


@dataclass(slots=True, kw_only=True)
class Tab:
    """What its reader asked for, and what was ``shown``: None where nobody knows that.

    ``answer`` is that to their last press. Whoever draws it has the ``turn``: of two that draw
    at once, the one that looked first could come last and stay.
    """

    opened: float
    page: int = 0
    answer: messages.Message | None = None
    shown: model.HomeFacts | None = None
    drawn: float = NEVER
    not_before: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_open(self, now: float) -> bool:
        return now - self.opened < model.FRESH_S

    def note(self, now: float) -> messages.Message | None:
        """The answer to their last press, for a while."""
        return self.answer if now - self.opened < NOTE_S else None

    def differs(self, facts: model.HomeFacts) -> bool:
        return self.shown is None or lasting(facts) != lasting(self.shown)

    def asks_otherwise(self, facts: model.HomeFacts) -> bool:
        """Whether what its reader is asked for is another now, or nothing was shown yet."""
        return self.shown is None or lasting(facts).waiting != lasting(self.shown).waiting


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

    def opened(self, user: str, *, page: int = 0, note: messages.Message | None = None) -> Tab:
        """Keep this one fresh from now on; the one that was left alone longest makes room.

        Whoever opens it draws it in its ``turn`` and tells what is ``seen``. Where that fails, it
        is drawn here as soon as it can be.
        """
        turn = old.turn if (old := self._open.pop(user, None)) is not None else asyncio.Lock()
        tab = self._open[user] = Tab(opened=self.clock(), page=page, answer=note, turn=turn)
        while len(self._open) > TABS_LIMIT:
            del self._open[next(iter(self._open))]
        if self._task is None or self._task.done():
            self._task = tasks.spawn(self._watch(), name="open Home tabs")
        return tab

    def seen(self, tab: Tab, facts: model.HomeFacts) -> None:
        """Slack took it: this is what stands there."""
        tab.shown, tab.drawn = facts, self.clock()

    def let_go(self, user: str) -> None:
        """Nothing is ever shown to them."""
        self._open.pop(user, None)

    async def close(self) -> None:
        await tasks.cancel(self._task)

    async def _watch(self) -> None:
        seen = None  # what changed while the first one was drawn is not missed
        while self._forgotten():
            marks = self.marks()
            if (marks != seen or self._undrawn()) and await self._redraw():
                seen = marks
            await self.pause(LOOKS_S)

    def _forgotten(self) -> bool:
        now = self.clock()
        self._open = {user: tab for user, tab in self._open.items() if tab.is_open(now)}
        return bool(self._open)

    def _undrawn(self) -> bool:
        return any(tab.shown is None for tab in self._open.values())

    async def _redraw(self) -> bool:
        """Whether every open tab is as it should be; the one that is oldest comes first.

        Slack's answers are waited for together: twenty of them in a row would take seconds.
        """
        drawing, right = [], True
        for user, tab in sorted(self._open.items(), key=lambda one: one[1].drawn):
            facts = await self._looked(user, tab)
            if facts is None or not self._may(tab, facts):
                right = False
            elif tab.differs(facts):
                drawing.append(tasks.spawn(self._drawn(user, tab, facts), name="a Home tab"))
        try:
            return all(await asyncio.gather(*drawing)) and right
        finally:
            await tasks.cancel(*drawing)

    async def _looked(self, user: str, tab: Tab) -> model.HomeFacts | None:
        if self.clock() < tab.not_before or tab.turn.locked():
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
        asked = tab.asks_otherwise(facts)
        return not tab.differs(facts) or self._pace.take(self.clock(), asked=asked)

    async def _drawn(self, user: str, tab: Tab, facts: model.HomeFacts) -> bool:
        async with tab.turn:
            if self._open.get(user) is not tab:
                return False  # opened anew meanwhile: what was looked at here is older
            if await self.draw(user, facts):
                self.seen(tab, facts)
                return True
            tab.shown, tab.not_before = None, self.clock() + AGAIN_S
            return False


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
