"""Telling people: takes each pass's facts at once, works them off beside the path of control.

What should stand comes from ``bot.core.notices``, where it stands from ``anchors``; here is
only the difference. Nothing in here may raise into a pass or keep it waiting.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from bot.core import codec_status, served
from bot.core import links as links_module
from bot.core.notices import scene as scenes
from bot.model import errors, messenger, ports, world
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.runtime import aftermath as aftermaths
from bot.runtime import (
    anchors,
    authorize,
    catchup,
    delivery,
    lines,
    outbox,
    pictures,
    states,
    tasks,
)
from bot.runtime import bundles as post_mortems
from bot.runtime import folding as foldings
from bot.runtime import lanes as lanes_module
from bot.runtime import quotas as quotas_module
from bot.runtime import ward as wards

log = logging.getLogger(__name__)

GATE_FIRST_S = 5.0
CARD_LOOK_S = 1.0


@dataclass(slots=True, kw_only=True)
class Announcer:
    """Implements ``reconcile.Teller``.

    Three lanes a rollout: what is loud never waits behind what is quiet, and no card behind the
    lines of its thread.
    ``observing``: for a bot that only looks on; it shows cards and writes nothing down.
    """

    chat: messenger.Messenger
    api: ports.Api
    clock: ports.Clock
    rules: authorize.Rules
    observe: Callable[[ports.Object], None]
    painter: pictures.Painter | None = None
    series: pictures.SeriesSource | None = None
    link: Callable[[messenger.Place], str] | None = None
    sent: delivery.Sent = lambda _told, _kind, _good: None
    observing: bool = False
    providers: Mapping[str, ports.Provider] = field(default_factory=dict)
    queries: served.Queries = field(default_factory=served.Queries)
    links: links_module.Links = field(default_factory=links_module.Links)
    limit: Callable[[states.Told], int] = lambda _told: foldings.USUAL
    box: outbox.Outbox = field(init=False)
    sender: delivery.Sender = field(init=False)
    gallery: pictures.Gallery = field(init=False)
    bundles: post_mortems.Bundles = field(init=False)
    absence: catchup.CatchUp = field(init=False)
    folding: foldings.Folding = field(init=False)
    ward: wards.Ward = field(init=False)
    aftermath: aftermaths.Aftermath = field(init=False)
    quotas: quotas_module.Quotas = field(init=False)
    _loud: dict[str, lanes_module.Lane] = field(default_factory=dict)
    _quiet: dict[str, lanes_module.Lane] = field(default_factory=dict)
    _thread: dict[str, lanes_module.Lane] = field(default_factory=dict)
    _last: dict[str, delivery.Told] = field(default_factory=dict)
    _stopping: bool = False

    def __post_init__(self) -> None:
        self.box = outbox.Outbox(chat=self.chat, clock=self.clock)
        places = anchors.Anchors(api=self.api, observe=self.observe, written=not self.observing)
        self.absence = catchup.CatchUp(box=self.box, rules=self.rules)
        self.folding = foldings.Folding(box=self.box, clock=self.clock, limit=self.limit)
        self.box.recovered = self.absence.over
        self.ward = wards.Ward(api=self.api, found=self._diagnosed)
        self.quotas = quotas_module.Quotas(api=self.api, found=self._diagnosed)
        self.aftermath = aftermaths.Aftermath(
            api=self.api,
            providers=self.providers,
            clock=self.clock,
            queries=self.queries,
            found=self._known_after,
        )
        self.sender = delivery.Sender(
            box=self.box,
            places=places,
            rules=self.rules,
            absence=self.absence,
            folding=self.folding,
            lines=lines.Lines(
                box=self.box,
                places=places,
                absence=self.absence,
                folding=self.folding,
                observing=self.observing,
            ),
            link=self.link,
            sent=self.sent,
            observing=self.observing,
            links=self.links,
        )
        self.bundles = post_mortems.Bundles(
            chat=self.chat,
            api=self.api,
            places=places,
            clock=self.clock,
            newest=self._last.get,
        )
        self.gallery = pictures.Gallery(
            chat=self.chat,
            painter=self.painter,
            series=self.series,
            places=places,
            painted=self._painted,
        )

    def tell(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec | errors.UserError,
        status: status_model.Status,
        seen: world.Seen,
        decision: world.Decision,
    ) -> None:
        """Take the facts; returns at once and never raises."""
        if self._stopping:
            return
        key = f"{seen.namespace}/{seen.name}"
        told = states.told(rollout, spec, status, seen, decision, at=self.clock())
        if self.box.down_since is not None:
            channel, stood = self.rules.channel(rollout), self.sender.memory.card(key)
            self.absence.collect(key, channel, states.scene(told), stood=stood)
        scene = states.scene(told)
        self.ward.watch(scene)
        if not self.observing:
            self.aftermath.watch(scene)
            self.quotas.watch(scene)
        self._last[key] = told = self._with_known(key, told)
        if self.sender.memory.awaited(key, scene):
            self.box.hurry(key)
        self._put(key, told)

    def say(self, sentence: str) -> None:
        """One sentence about the bot itself, to the default channel."""
        if not self._stopping:
            self.absence.say(self.rules.default_channel, sentence)

    def _put(self, key: str, told: delivery.Told) -> None:
        mark = states.mark(told.status)
        for lanes, work in (
            (self._loud, self._tell_loud),
            (self._quiet, self._tell_quiet),
            (self._thread, self._tell_thread),
        ):
            lane = lanes.setdefault(key, lanes_module.Lane())
            lane.put(mark, told)
            if lane.task is None:
                name = f"{work.__name__.strip('_')} {key}"
                lane.task = tasks.spawn(self._work(key, lanes, lane, work), name=name)

    def forget(self, key: str) -> None:
        """The rollout is gone: nothing more is said of it."""
        for lanes in (self._loud, self._quiet, self._thread):
            lane = lanes.pop(key, None)
            if lane is not None and lane.task is not None:
                lane.task.cancel()
        self._last.pop(key, None)
        self.ward.forget(key)
        self.aftermath.forget(key)
        self.quotas.forget(key)
        self.sender.forget(key)

    def _diagnosed(self, key: str) -> None:
        """It has become known why pods do not get ready, or that they do."""
        told = self._last.get(key)
        if told is None or self._stopping:
            return
        self._last[key] = told = replace(self._with_known(key, told), at=self.clock())
        self._put(key, told)

    def _with_known(self, key: str, told: delivery.Told) -> delivery.Told:
        """With what others have found out beside it."""
        scene = states.scene(told)
        return replace(
            told,
            ailment=self.ward.known(key, scene.hash),
            room=self.quotas.known(key, scenes.gate(scene)),
        )

    def _known_after(self, key: str, rollout: ports.Object) -> None:
        """It was written down how things went after an abort: that is news."""
        self.observe(rollout)
        told = self._last.get(key)
        if told is None or self._stopping:
            return
        status = codec_status.decode(rollout.get("status"))
        told = replace(told, rollout=rollout, status=status, at=self.clock())
        self._last[key] = told
        self.aftermath.watch(states.scene(told))
        self._put(key, told)

    def _painted(self, told: delivery.Told) -> None:
        """The chart is up: the alert says so, if nothing newer has come meanwhile."""
        key = told.key
        if not self._stopping:
            self._put(key, self._last.get(key, told))

    async def _work(
        self,
        key: str,
        lanes: dict[str, lanes_module.Lane],
        lane: lanes_module.Lane,
        work: Callable[[lanes_module.Lane], Awaitable[None]],
    ) -> None:
        try:
            while lane.pending:
                try:
                    await work(lane)
                except Exception:
                    log.exception("telling failed: a bug", extra={"key": key})
        finally:
            lane.task = None
            if lanes.get(key) is lane and not lane.pending:
                del lanes[key]

    async def _tell_loud(self, lane: lanes_module.Lane) -> None:
        _, told = lane.pending.popleft()
        last = lane.pending[-1][1] if lane.pending else told
        scene = states.scene(told)
        await self.sender.loud(told, scene, newest=lambda: lane.newest(last))
        self.gallery.want(told, scene)
        self.bundles.want(told, scene)

    async def _gate_first(self, told: delivery.Told) -> None:
        """A card links to the gate that it waits at: so that stands before, within a moment."""
        loud = self._loud.get(told.key)
        if loud is not None and loud.task is not None and scenes.gate(states.scene(told)):
            await asyncio.wait({loud.task}, timeout=GATE_FIRST_S)

    async def _tell_quiet(self, lane: lanes_module.Lane) -> None:
        await self._gate_first(lane.pending[-1][1])
        every = lane.take()
        scene_list = [(told, states.scene(told)) for told in every]
        await self.sender.quiet(scene_list, newest=lambda: lane.newest(every[-1]))

    async def _tell_thread(self, lane: lanes_module.Lane) -> None:
        """The lines of every state; a thread hangs on its card, so that stands before."""
        told = lane.pending[-1][1]
        quiet = self._quiet.get(told.key)
        card = quiet.task if quiet is not None else None
        while card is not None and not card.done() and not self.sender.lines.hangs(told):
            # It stands long before its lane ends, where much is edited.
            await asyncio.wait({card}, timeout=CARD_LOOK_S)
        for one in lane.take():
            await self.sender.lines.tell(one, states.scene(one))

    async def drain(self, *, timeout_s: float) -> None:
        """Take nothing new; give what waits ``timeout_s``, then let it go."""
        self._stopping = True
        await self.ward.close()
        await self.aftermath.close()
        await self.quotas.close()
        await self.bundles.close()
        every = [*self._loud.values(), *self._quiet.values(), *self._thread.values()]
        running = (
            {lane.task for lane in every if lane.task is not None}
            | self.gallery.running
            | self.bundles.running
        )
        if running:
            await asyncio.wait(running, timeout=timeout_s)
        await tasks.cancel(*(task for task in running if not task.done()))
