"""Writes down what passes show, beside the path of control: nothing waits for it.

Every queue has a bound, every call a timeout, every retry a cap. While the database does not
answer, records wait in memory; what does not fit is found again in the status of the rollouts,
and that there was a gap is a record of its own. Which records there are is the core's business.
"""

import asyncio
import itertools
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.core import chronicle, codec_status, loose_records
from bot.core.notices import scene as scenes
from bot.model import errors, messenger, ports, records, world
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.runtime import record_gaps, record_placing

log = logging.getLogger(__name__)

STATES_LIMIT = 1_000
RECORDS_LIMIT = 5_000
KNOWN_LIMIT = 50_000
BATCH = 200
GATHER_S = 1.0
"""Time for a message to be posted: its place belongs into the record."""
PLACE_TURNS = 3
"""So many times longer for those of decisions, where none stands yet."""
APPEND_TIMEOUT_S = 75.0
"""More than the adapter takes by itself, the making of its tables included."""
BACKOFF_BASE_S = 1.0
BACKOFF_CAP_S = 60.0
OUTAGE_S = 30.0
"""From here on people hear of it."""
ROUNDING = timedelta(seconds=2)  # a status has whole seconds
QUIET = frozenset({records.Kind.STEP, records.Kind.WEIGHT})


class _State(NamedTuple):
    """What one pass handed over."""

    spec: spec_model.Spec | errors.UserError
    before: status_model.Status
    after: status_model.Status
    seen: world.Seen
    reasons: tuple[world.Reason, ...]
    at: datetime
    known: bool


@dataclass(slots=True, kw_only=True)
class Recorder:
    """One a process; it writes while its process leads.

    ``give_way`` waits while something urgent is under way, ``again`` asks for a pass of one
    rollout, ``said`` hears of a gap that people should know of, ``away`` once of an outage
    that lasts, in a sentence, ``link`` makes an address of a message's place.
    """

    history: records.History
    clock: ports.Clock
    rollouts: ports.Cache
    cluster: str
    give_way: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)
    again: Callable[[str], None] = lambda _key: None
    said: Callable[[record_gaps.Gap], None] = lambda _gap: None
    away: Callable[[str], None] = lambda _sentence: None
    link: Callable[[messenger.Place], str] = lambda _place: ""
    _states: deque[_State] = field(default_factory=deque)
    _last: dict[str, status_model.Status] = field(default_factory=dict)
    _pending: OrderedDict[str, records.Record] = field(default_factory=OrderedDict)
    _known: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _some: asyncio.Event = field(default_factory=asyncio.Event)
    _down_since: datetime | None = None
    _start: record_gaps.Start | None = None
    _failures: int = 0
    _lost: int = 0
    _lasting: bool = False

    # -- taking ----------------------------------------------------------------------------

    def take(
        self,
        spec: spec_model.Spec | errors.UserError,
        status: status_model.Status,
        seen: world.Seen,
        reasons: tuple[world.Reason, ...],
    ) -> None:
        """The facts of one pass; returns at once and never raises."""
        key = f"{seen.namespace}/{seen.name}"
        last = self._last.get(key)
        if last == status:
            return
        before = codec_status.decode(seen.raw.get("status"))
        if len(self._states) >= STATES_LIMIT:
            # The next look at that rollout finds what its status still says.
            gone = self._states.popleft().seen
            self._last.pop(f"{gone.namespace}/{gone.name}", None)
            self._lost += 1
        self._last[key] = status
        self._states.append(
            _State(spec, before, status, seen, reasons, self.clock(), known=last == before)
        )
        self._some.set()

    @property
    def idle(self) -> bool:
        """Whether all that was handed over is written."""
        return not self._states and not self._pending

    def note(self, record: records.Record) -> None:
        """One record that no rollout's status shows; returns at once."""
        self._put(record)
        self._some.set()

    def forget(self, key: str) -> None:
        """The rollout is gone."""
        self._last.pop(key, None)

    def _put(self, record: records.Record) -> None:
        if record.id in self._known:
            waits = self._pending.get(record.id)
            if waits is not None and record.ts > waits.ts:
                self._pending[record.id] = records.cleaned(record)  # told by now
            return
        self._known[record.id] = None
        while len(self._known) > KNOWN_LIMIT:
            self._known.popitem(last=False)
        if len(self._pending) >= RECORDS_LIMIT:
            quiet = (key for key, one in self._pending.items() if one.kind in QUIET)
            spare = next(quiet, None) or next(iter(self._pending))
            del self._pending[spare]
            self._known.pop(spare, None)
            self._lost += 1
        self._pending[record.id] = records.cleaned(record)

    async def _read(self) -> None:
        """Make records of the states that wait; a pass that is due goes between two of them."""
        while self._states:
            await asyncio.sleep(0)
            await self.give_way()
            if not self._states:
                return
            state = self._states.popleft()
            before, after = _scene(state, state.before), _scene(state, state.after)
            try:
                found = chronicle.derive(before, after, known=state.known)
            except Exception:
                log.exception("a record could not be made: a bug", extra={"key": state.seen.name})
                continue
            for record in found:
                self._put(record)

    # -- writing ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Write, until cancelled. Never raises."""
        self._start = record_gaps.Start(at=self.clock())
        while True:
            await self._some.wait()
            await asyncio.sleep(GATHER_S)
            self._some.clear()
            await self._read()
            await self._told()
            while self._pending:
                if not await self._flush():
                    await asyncio.sleep(self._pause_s())
                await self._read()

    async def _told(self) -> None:
        """Wait a little more while decisions have no message yet: a record is written once."""
        waiting = list(self._pending)[:BATCH]
        for _ in range(PLACE_TURNS):
            found = (self._pending[key] for key in waiting if key in self._pending)
            placeless = (one for one in found if record_placing.expected(one))
            waiting = [one.id for one in placeless if not self._placed(one).ts]
            if not waiting:
                return
            await asyncio.sleep(GATHER_S)

    def _next(self, size: int) -> list[records.Record]:
        return list(itertools.islice(self._pending.values(), size))

    def _placed(self, record: records.Record) -> records.Record:
        return record_placing.placed(record, self.rollouts, self.link)

    async def drain(self, *, timeout_s: float) -> None:
        """Write what waits, as far as ``timeout_s`` allows; the rest is found again later."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._read()
                while self._pending and await self._flush():
                    pass
        except TimeoutError:
            log.warning("%s records were not written before the end", len(self._pending))

    async def _flush(self) -> bool:
        """One batch; whether it was written."""
        size = 1 if self._failures else BATCH
        batch = [self._placed(one) for one in self._next(size)]
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_S):
                if self._start is not None and self._start.empty is None:
                    self._start.empty = not (await self.history.head()).seq
                fresh = await self.history.append(batch, at=self.clock())
        except (errors.Unavailable, TimeoutError) as problem:
            self._failed(str(problem) or "no answer in time")
            return False
        except errors.RolloutBotError as problem:
            self._failed(str(problem))
            self._give_up(batch)
            return False
        except Exception:
            log.exception("recording failed: a bug")
            self._failed("a bug")
            self._give_up(batch)
            return False
        for one in batch:
            self._pending.pop(one.id, None)
        self._written([one for one in batch if one.id in set(fresh)])
        return True

    def _give_up(self, batch: list[records.Record]) -> None:
        """A record that is refused alone will be refused again."""
        if len(batch) == 1:
            log.error("a record is refused and left out: %s", batch[0].id)
            self._pending.pop(batch[0].id, None)
            self._lost += 1

    def _failed(self, problem: str) -> None:
        self._failures += 1
        if self._down_since is None:
            self._down_since = self.clock()
            log.warning("nothing can be recorded, rollouts go on without it: %s", problem)
        lasts = (self.clock() - self._down_since).total_seconds()
        if lasts >= OUTAGE_S and not self._lasting:
            self._lasting = True
            self.away(record_gaps.lasting(self._down_since, problem))

    def _pause_s(self) -> float:
        return float(min(BACKOFF_BASE_S * 2 ** min(self._failures, 10), BACKOFF_CAP_S))

    def _written(self, fresh: list[records.Record]) -> None:
        since, self._down_since, self._failures = self._down_since, None, 0
        self._lasting = False
        if since is not None:
            self._over(since)
        if (start := self._start) is None:
            return
        for one in fresh:
            if one.at < start.at - ROUNDING and one.kind is not records.Kind.GAP:
                start.count += 1
                start.since = min(one.at, start.since or one.at)
        if not self._pending:
            self._start = None
            self._caught_up(start)

    def _over(self, since: datetime) -> None:
        """The database answers again: say that there was a gap, and look at everything anew."""
        until, lost, self._lost = self.clock(), self._lost, 0
        gap = record_gaps.outage(since, until, lost)
        log.warning("%s", gap.sentence)
        self._put(loose_records.gap(self.cluster, gap.since, gap.until, reason=gap.sentence))
        if lost or (until - since).total_seconds() >= OUTAGE_S:
            self.said(gap)
        if lost:
            self._last.clear()
            for rollout in self.rollouts.list():
                meta = rollout["metadata"]
                self.again(f"{meta.get('namespace', '')}/{meta['name']}")

    def _caught_up(self, start: record_gaps.Start) -> None:
        """Facts from before this start were found in the cluster: nobody had recorded them."""
        if start.since is None:
            return
        gap = record_gaps.missed(start, start.since)
        log.info("%s", gap.sentence)
        self._put(loose_records.gap(self.cluster, start.at, start.at, reason=gap.sentence))
        if (gap.until - gap.since).total_seconds() >= OUTAGE_S and not start.empty:
            self.said(gap)


def _scene(state: _State, status: status_model.Status) -> scenes.Scene:
    return scenes.build(
        spec=state.spec, status=status, seen=state.seen, reasons=state.reasons, now=state.at
    )
