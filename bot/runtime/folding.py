"""Many rollouts from one cause: one message with a row each, in place of a card each.

What is critical (approvals, rollbacks) never comes here. Digests live in memory; a card that
became a row has the digest's place recorded as its own, with the cause, so that a restart finds
the rows again.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.core.notices import card, listing
from bot.core.notices import scene as scenes
from bot.model import errors, messages, messenger, ports
from bot.render import rendering
from bot.runtime import anchors, outbox, shown, states, tasks
from bot.runtime import budget as budgets

log = logging.getLogger(__name__)

USUAL = 60
"""Messages of an hour, where nothing else is said."""
BURST = 5
BURST_SPAN = timedelta(minutes=1)
SAME = 3
SAME_SPAN = timedelta(minutes=10)
SHARED_HOLDS = ("freeze:", "unread", "window:")
OPEN_SPAN = timedelta(hours=1)
"""For how long a digest takes new rows."""
ROWS_LIMIT = 300
DIGESTS_LIMIT = 200
TOGETHER_S = 0.3
SPACING_S = 2.0
"""Between two edits of one digest, so that what comes together is shown together."""
AWAITED_S = 1.0
"""The same where a row asks for what is decided, or does not say yet what people wait for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Began:
    at: datetime
    key: str
    images: tuple[str, ...]
    commit: str
    held: str


@dataclass(slots=True, kw_only=True)
class _Digest:
    """``place`` is None until it stands; ``gone`` once somebody deleted it."""

    channel: str
    cluster: str
    cause: messages.DigestCause
    what: str
    since: datetime
    place: messenger.Place | None = None
    gone: bool = False
    edits: int = 0
    dirty: bool = False
    edited_at: float = 0.0
    awaited: asyncio.Event = field(default_factory=asyncio.Event)
    rows: dict[str, messages.RowFact] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """As it is recorded beside the place of each row."""
        return f"{self.cause}:{self.what[:120]}"

    @property
    def about(self) -> str:
        return f"digest {self.place.channel}/{self.place.ts}" if self.place is not None else ""

    def content(self) -> messages.Message:
        self.edits += 1
        self.dirty = False
        self.awaited.clear()
        self.edited_at = asyncio.get_running_loop().time()
        facts = messages.DigestFacts(
            cluster=self.cluster,
            cause=self.cause,
            what=self.what,
            rows=tuple(self.rows.values()),
            generation=self.edits,
        )
        return rendering.render(facts)

    async def turn(self) -> None:
        """Until it may be edited."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(max(TOGETHER_S, self.edited_at + AWAITED_S - now))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self.edited_at + SPACING_S):
                await self.awaited.wait()


@dataclass(slots=True, kw_only=True)
class Folding:
    """One a process. ``limit`` is the message budget of an hour for a rollout's channel."""

    box: outbox.Outbox
    clock: ports.Clock
    limit: Callable[[states.Told], int] = lambda _told: USUAL
    budget: budgets.Budget = field(default_factory=budgets.Budget)
    _recent: OrderedDict[str, deque[_Began]] = field(default_factory=OrderedDict)
    _open: OrderedDict[tuple[str, str], _Digest] = field(default_factory=OrderedDict)
    _standing: OrderedDict[tuple[str, str], _Digest] = field(default_factory=OrderedDict)

    async def join(
        self, channel: str, told: states.Told, scene: scenes.Scene, *, url: str = ""
    ) -> anchors.Record:
        """The record of a card that became a row; empty where it should stand by itself.

        ``url`` is of what stands alone of this rollout: its approval request, or its alert.
        """
        found = self._cause(channel, told, scene)
        if found is None:
            return {}
        digest = self._digest(channel, scene, *found)
        digest.rows[_key(scene)] = replace(listing.row(scene), url=url)
        async with digest.lock:
            if digest.place is None:
                try:
                    digest.place = await self.box.post(channel=channel, content=digest.content)
                except errors.RolloutBotError as problem:
                    log.warning("a digest was not sent: %s", problem)
                if digest.place is None:
                    del digest.rows[_key(scene)]
                    return {}
                self.budget.spend(channel, self.clock())
                self._stands(digest)
            else:
                self._touch(digest)
        return {"channel": digest.place.channel, "ts": digest.place.ts, "folded": digest.name}

    def show(self, record: anchors.Record, scene: scenes.Scene, *, url: str = "") -> bool:
        """Bring a row up to date; False where its digest was deleted."""
        digest = self._standing.get((str(record.get("channel")), str(record.get("ts"))))
        if digest is None:
            digest = self._adopted(record, scene)
        if digest.gone:
            return False
        before, row = digest.rows.get(_key(scene)), replace(listing.row(scene), url=url)
        digest.rows[_key(scene)] = row
        if before is None or _shown(before) != _shown(row):
            if before is not None and _awaited(before, row):
                digest.awaited.set()
            self._touch(digest)
        return True

    def shared(self, place: messenger.Place) -> bool:
        """Whether the message there is of several rollouts."""
        return (place.channel, place.ts) in self._standing

    def _cause(
        self, channel: str, told: states.Told, scene: scenes.Scene
    ) -> tuple[messages.DigestCause, str] | None:
        """Why a card should be a row: the first that holds."""
        recent = self._recent.setdefault(channel, deque(maxlen=ROWS_LIMIT))
        self._recent.move_to_end(channel)
        while len(self._recent) > budgets.CHANNELS_LIMIT:
            self._recent.popitem(last=False)
        hold, mine = scenes.held(scene), _began(scene, self.clock())
        every = [one for one in recent if one.key != mine.key and mine.at - one.at <= OPEN_SPAN]
        recent.append(mine)
        if hold and mine.held and len({o.key for o in every if o.held == mine.held}) >= SAME:
            return messages.DigestCause.HELD, hold.sentence
        others = [one for one in every if mine.at - one.at <= SAME_SPAN]
        for image in mine.images:
            if len({one.key for one in others if image in one.images}) >= SAME:
                return messages.DigestCause.IMAGE, image
        if mine.commit and len({o.key for o in others if o.commit == mine.commit}) >= SAME:
            return messages.DigestCause.COMMIT, mine.commit
        if len({one.key for one in others if mine.at - one.at <= BURST_SPAN}) >= BURST:
            return messages.DigestCause.BURST, ""
        if not self.budget.free(channel, mine.at, limit=self.limit(told)):
            return messages.DigestCause.BUDGET, ""
        return None

    def _digest(
        self, channel: str, scene: scenes.Scene, cause: messages.DigestCause, what: str
    ) -> _Digest:
        mine = (channel, f"{cause}:{what}")
        found, now = self._open.get(mine), self.clock()
        usable = found is not None and not found.gone and now - found.since <= OPEN_SPAN
        if found is None or not usable or len(found.rows) >= ROWS_LIMIT:
            found = _Digest(
                channel=channel,
                cluster=scene.rollout.cluster,
                cause=cause,
                what=what,
                since=now,
            )
            self._open[mine] = found
            while len(self._open) > DIGESTS_LIMIT:
                self._open.popitem(last=False)
        return found

    def _adopted(self, record: anchors.Record, scene: scenes.Scene) -> _Digest:
        """A digest that an earlier process posted: its rows come back one by one."""
        cause, _, what = str(record.get("folded", "")).partition(":")
        known = {str(one) for one in messages.DigestCause}
        digest = _Digest(
            channel=str(record.get("channel", "")),
            cluster=scene.rollout.cluster,
            cause=messages.DigestCause(cause if cause in known else messages.DigestCause.BURST),
            what=what,
            since=self.clock(),
            place=messenger.Place(
                channel=str(record.get("channel", "")), ts=str(record.get("ts", ""))
            ),
        )
        self._stands(digest)
        return digest

    def _stands(self, digest: _Digest) -> None:
        if digest.place is not None:
            self._standing[digest.place.channel, digest.place.ts] = digest
        while len(self._standing) > DIGESTS_LIMIT:
            self._standing.popitem(last=False)

    def _touch(self, digest: _Digest) -> None:
        digest.dirty = True
        if digest.awaited.is_set():
            self.box.hurry(digest.about)
        if digest.task is None and digest.place is not None:
            digest.task = tasks.spawn(self._edit(digest, digest.place), name="digest")

    async def _edit(self, digest: _Digest, place: messenger.Place) -> None:
        """Edit until nothing is new; what comes meanwhile is in the next edit."""
        try:
            while digest.dirty and not digest.gone:
                await digest.turn()
                awaited = digest.awaited.is_set()
                await self.box.update(
                    place=place,
                    content=digest.content,
                    priority=outbox.Priority.NEWS if awaited else outbox.Priority.EDIT,
                    about=digest.about,
                )
        except errors.NotFound:
            digest.gone = True
        except errors.RolloutBotError as problem:
            log.warning("a digest was not edited: %s", problem)
        finally:
            digest.task = None


def _began(scene: scenes.Scene, now: datetime) -> _Began:
    """What it may have in common with others: new images, the commit, what holds it."""
    facts, hold = card.card(scene), scenes.held(scene)
    old = facts.stable.images if facts.stable is not None else ()
    return _Began(
        at=now,
        key=_key(scene),
        images=tuple(one for one in facts.revision.images if one not in old),
        commit=facts.change.commit,
        held=hold.rule if hold is not None and hold.rule.startswith(SHARED_HOLDS) else "",
    )


def _shown(row: messages.RowFact) -> tuple[str, str, str]:
    return row.news, row.what, row.url


def _awaited(before: messages.RowFact, row: messages.RowFact) -> bool:
    """Whether people wait for the row to say so, or it asks for what is decided."""
    asked = before.news is messages.News.WAITS
    return asked or (row.news in shown.AWAITED and row.news is not before.news)


def _key(scene: scenes.Scene) -> str:
    return f"{scene.rollout.namespace}/{scene.rollout.name}"
