"""Hands the events of ``bot.core.notices.feed`` to whoever wants them, beside the path of control.

Nothing in here may raise into a pass or keep it waiting: a pass leaves its facts, one task makes
events of them, each outlet has a bounded line and a task of its own. What was handed over is
recorded on the rollout, after it was: a crash between the two may repeat one event.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core.notices import feed as feeds
from bot.core.notices import scene as scenes
from bot.model import errors, feed, ports, world
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.runtime import anchors, parcels, states, tasks

log = logging.getLogger(__name__)

STATES_LIMIT = 8
"""States of one rollout that wait to be looked at; beyond it the oldest go."""
LINE_LIMIT = 500
"""Parcels that wait for one outlet; beyond it the oldest go, and a later pass brings them back."""
TRIES = 12
BACKOFF_BASE_S = 1.0
BACKOFF_CAP_S = 300.0
RETRY_AFTER_CAP_S = 300.0
MARKS_LIMIT = 160
"""What is recorded of one revision."""
HELD_LIMIT = 2_000
TICK_S = 5.0
LATE = timedelta(seconds=60)
"""What is older when it is found was held back or missed: it can wait for more of its kind."""
GATHER = timedelta(seconds=10)
"""For so long: after a start the passes over all rollouts come one after the other."""

Sent = Callable[[feed.Event, str, bool], None]
"""Hears of each event that was handed over (True) or given up, and by which outlet."""


LookUp = Callable[[scenes.Scene], Awaitable[None]]
"""Finds out what an outlet must know before it names its targets; bounded, never raises."""


async def nothing(_scene: scenes.Scene) -> None:
    """Nobody has to be asked."""


@dataclass(slots=True, kw_only=True)
class Feed:
    """One a process, a ``reconcile.Teller`` beside the announcer."""

    outlets: Sequence[feed.Outlet]
    places: anchors.Anchors
    clock: ports.Clock
    sent: Sent = lambda _event, _outlet, _good: None
    look_up: LookUp = nothing
    _states: OrderedDict[str, deque[tuple[str, states.Told]]] = field(default_factory=OrderedDict)
    _lines: list[parcels.Line] = field(init=False)
    _busy: set[tuple[str, str, str]] = field(default_factory=set)
    _task: asyncio.Task[None] | None = None
    _ticking: asyncio.Task[None] | None = None
    _stopping: bool = False

    def __post_init__(self) -> None:
        self._lines = [parcels.Line(outlet=outlet) for outlet in self.outlets]

    def tell(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec | errors.UserError,
        status: status_model.Status,
        seen: world.Seen,
        decision: world.Decision,
    ) -> None:
        """Take the facts; returns at once and never raises."""
        if self._stopping or not any(one.follows(rollout) for one in self.outlets):
            return
        told = states.told(rollout, spec, status, seen, decision, at=self.clock())
        mark = states.mark(status)
        mine = self._states.setdefault(f"{seen.namespace}/{seen.name}", deque(maxlen=STATES_LIMIT))
        if mine and mine[-1][0] == mark:
            mine.pop()
        mine.append((mark, told))
        if self._task is None:
            self._task = tasks.spawn(self._look(), name="feed")

    def forget(self, key: str) -> None:
        """The rollout is gone."""
        self._states.pop(key, None)
        self.places.forget(key)

    async def _look(self) -> None:
        """Make events of what the passes left, a rollout at a time."""
        try:
            while self._states:
                _, states = self._states.popitem(last=False)
                for _, told in states:
                    try:
                        await self._sort(told)
                    except Exception:
                        log.exception(
                            "sorting events failed: a bug", extra={"key": told.seen.name}
                        )
                await asyncio.sleep(0)
        finally:
            self._task = None

    async def _sort(self, told: states.Told) -> None:
        scene, said = states.scene(told), self.places.of(told.rollout)
        record = feeds.key(scene)
        if record not in said and feeds.fresh(scene):
            await self.places.record(told.rollout, record, {"ts": f"{told.at.timestamp():.0f}"})
            said = self.places.of(told.rollout)
        await self.look_up(scene)
        waiting = set()
        for event in feeds.events(scene, said):
            where = record if event.revision.hash == scene.hash else self._record_of(event)
            known = said.get(where, {})
            untold = tuple(self._untold(event, told.rollout, known))
            if untold:
                waiting.add(event.revision.hash)
                await self._owe(event, told.rollout, where, known)
            for line, target, mark in untold:
                item = parcels.Item(event=event, rollout=told.rollout, record=where, mark=mark)
                self._take(line, target, item, full=len(known) >= MARKS_LIMIT)
        for name in feeds.spent(scene, said, frozenset(waiting)):
            await self.places.drop(told.rollout, name)

    def _untold(
        self, event: feed.Event, rollout: ports.Object, known: anchors.Record
    ) -> Iterator[tuple[parcels.Line, str, str]]:
        """Whom it is still to be told, and by what each is remembered."""
        for line in self._lines:
            for target in line.outlet.targets(event, rollout):
                mark = f"{line.outlet.name}{target}:{event.id}"
                if mark not in known:
                    yield line, target, mark

    async def _owe(
        self, event: feed.Event, rollout: ports.Object, where: str, known: anchors.Record
    ) -> None:
        """Write down what would be lost with this process once another revision has come."""
        mark = f"{feeds.OWED}{event.id}"
        if event.kind in feeds.LASTING and mark not in known:
            await self.places.record(rollout, where, {mark: event.at.isoformat()})

    def _record_of(self, event: feed.Event) -> str:
        return f"{feeds.PREFIX}{event.revision.hash}:{event.revision.number}"

    def _take(self, line: parcels.Line, target: str, item: parcels.Item, *, full: bool) -> None:
        if full or item.id in self._busy:
            return
        now = self.clock()
        late = now - item.event.at > LATE and item.event.kind not in feed.CRITICAL
        if late or line.outlet.due(item.event, target, now) > now:
            if len(line.held) < HELD_LIMIT:
                line.held.setdefault(item.id, parcels.Held(target=target, item=item, at=now))
                self._tick()
            return
        self._put(line, parcels.Parcel(target=target, items=(item,)))

    def _put(self, line: parcels.Line, parcel: parcels.Parcel) -> None:
        self._busy.update(item.id for item in parcel.items)
        line.waiting.append(parcel)
        if len(line.waiting) > LINE_LIMIT:
            lost = line.waiting.popleft()
            self._busy.difference_update(item.id for item in lost.items)
            log.warning("%s: too much waits, the oldest waits longer", line.outlet.name)
        if line.task is None and not self._stopping:
            line.task = tasks.spawn(self._work(line), name=f"outlet {line.outlet.name}")

    def _tick(self) -> None:
        if self._ticking is None and not self._stopping:
            self._ticking = tasks.spawn(self._release(), name="feed held")

    async def _release(self) -> None:
        """What was held for later goes together once its time has come."""
        try:
            while any(line.held for line in self._lines):
                await asyncio.sleep(TICK_S)
                for line in self._lines:
                    self._ripe(line)
        finally:
            self._ticking = None

    def _ripe(self, line: parcels.Line) -> None:
        now = self.clock()
        together: dict[str, list[parcels.Item]] = {}
        due = {
            item_id: one
            for item_id, one in line.held.items()
            if line.outlet.due(one.item.event, one.target, now) <= now
        }
        ripe = {one.target for one in due.values() if now - one.at >= GATHER}
        for item_id, one in due.items():
            if one.target in ripe:
                del line.held[item_id]
                together.setdefault(one.target, []).append(one.item)
        for target, items in together.items():
            self._put(line, parcels.Parcel(target=target, items=tuple(items)))

    async def _work(self, line: parcels.Line) -> None:
        try:
            while line.waiting:
                parcel = line.waiting.popleft()
                good = await self._deliver(line, parcel)
                for item in parcel.items:
                    self.sent(item.event, line.outlet.name, good)
                    at = self.clock().replace(microsecond=0).isoformat()
                    told = {item.mark: at if good else f"given up {at}"}
                    await self.places.record(item.rollout, item.record, told)
                    self._busy.discard(item.id)
        finally:
            line.task = None

    async def _deliver(self, line: parcels.Line, parcel: parcels.Parcel) -> bool:
        """Try until it is taken, refused, or tried often enough; whether it was taken."""
        outlet, problem = line.outlet, "no answer in time"
        events = tuple(item.event for item in parcel.items)
        for _ in range(TRIES):
            pause = None
            try:
                async with asyncio.timeout(outlet.timeout_s):
                    await outlet.deliver(events, parcel.target)
            except errors.Unavailable as error:
                problem, pause = str(error), error.retry_after_s
            except TimeoutError:
                problem = "no answer in time"
            except errors.RolloutBotError as error:
                problem = str(error)
                break
            except Exception:
                log.exception("an outlet failed: a bug", extra={"outlet": outlet.name})
                problem = "a bug, see above"
                break
            else:
                if line.failures:
                    log.info("%s takes events again", outlet.name)
                line.failures = 0
                return True
            if not line.failures:
                log.warning("%s does not take events: %s", outlet.name, problem)
            line.failures += 1
            await asyncio.sleep(_pause_s(line.failures, pause))
        log.warning("%s: %s was given up: %s", outlet.name, events[0].id, problem)
        return False

    async def drain(self, *, timeout_s: float) -> None:
        """Take nothing new; give what waits ``timeout_s``, then let it go: it is derived again."""
        self._stopping = True
        await tasks.cancel(self._ticking)
        running = [task for task in (self._task, *(line.task for line in self._lines)) if task]
        if running:
            await asyncio.wait(running, timeout=timeout_s)
        await tasks.cancel(*(task for task in running if not task.done()))


def _pause_s(failures: int, asked: float | None) -> float:
    if asked is not None:
        return min(asked, RETRY_AFTER_CAP_S)
    backoff = timedelta(seconds=BACKOFF_BASE_S * 2 ** min(failures - 1, 16))
    return min(backoff.total_seconds(), BACKOFF_CAP_S)
