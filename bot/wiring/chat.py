"""Slack behind the controller: built where tokens are given, silent where they are not."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from slack_bolt.async_app import AsyncApp

from bot.adapters import charts
from bot.adapters.kubernetes import informer
from bot.adapters.metrics import prometheus
from bot.adapters.slack import messenger, socket
from bot.core import links, served
from bot.core.notices import ailing
from bot.model import errors, feed, ports, records
from bot.model import messenger as places
from bot.runtime import (
    announce,
    authorize,
    desk,
    missed_lines,
    orders,
    reason_lines,
    reconcile,
    roster,
    scenery,
    series,
    tasks,
)
from bot.wiring import feeding, freezing, outlets, ways_in
from handlers import buttons, home, reasons, slash

if TYPE_CHECKING:
    from bot.wiring import controller as controllers

log = logging.getLogger(__name__)

CHECK_TIMEOUT_S = 5.0


class Chat(Protocol):
    """What the controller needs of its chat."""

    @property
    def teller(self) -> reconcile.Teller: ...

    @property
    def outlets(self) -> Sequence[feed.Outlet]: ...

    @property
    def watches(self) -> Sequence[informer.Informer]: ...

    def noticed(self, rollout: ports.Object) -> None: ...

    def keep(self, history: records.Readable) -> None: ...

    def link(self, place: places.Place, /) -> str: ...

    def say(self, sentence: str) -> None: ...

    def frozen(self) -> None: ...

    def led(self) -> None: ...

    async def check(self) -> None: ...

    def start(self) -> None: ...

    async def drain(self, timeout_s: float) -> None: ...

    async def close(self) -> None: ...


class _Mute:
    """A teller for nobody."""

    def tell(self, *_: Any) -> None:
        """Say nothing."""

    def forget(self, key: str) -> None:
        """Remember nothing."""


class Silent:
    """The chat of a controller without Slack tokens."""

    def __init__(self) -> None:
        self.teller: reconcile.Teller = _Mute()
        self.outlets: Sequence[feed.Outlet] = ()
        self.watches: Sequence[informer.Informer] = ()

    def noticed(self, rollout: ports.Object) -> None:
        """Nobody waits for an answer."""

    def keep(self, history: records.Readable) -> None:
        """Nobody asks for it."""

    def link(self, _place: places.Place, /) -> str:
        """Nothing stands anywhere."""
        return ""

    def say(self, sentence: str) -> None:
        """Nobody hears it; the log has it too."""

    def frozen(self) -> None:
        """Nobody is told of a freeze."""

    def led(self) -> None:
        """Nothing was said while nobody led."""

    async def check(self) -> None:
        log.warning(
            "no Slack tokens (SLACK_BOT_TOKEN, SLACK_APP_TOKEN): running as a controller only"
        )

    def start(self) -> None:
        """Nothing to open."""

    async def drain(self, timeout_s: float) -> None:
        """Nothing was held back."""

    async def close(self) -> None:
        """Nothing is open."""


class Slack:
    """Commands and clicks come in on every replica; only the leader's passes tell anything."""

    _task: asyncio.Task[None] | None = None
    _looking: asyncio.Task[None] | None = None

    def __init__(self, controller: "controllers.Controller") -> None:
        chosen, evidence = controller.chosen.slack, controller.chosen.evidence
        token = chosen.bot_token.reveal()
        self._messenger = messenger.SlackMessenger(token=token, base_url=chosen.api_url)
        rules = authorize.Rules(
            approvers=chosen.approvers,
            channels={name: _named(channel) for name, channel in chosen.channels.items()},
            default_channel=_named(chosen.default_channel),
        )
        self._view = scenery.Scenery(
            reader=controller.reader,
            clock=controller.clock,
            latest=controller.latest,
            instance_id=controller.chosen.instance_id,
            ailment=self._ailment,
            signer=controller.signer,
        )
        book = orders.Orders(
            scenery=self._view,
            api=controller.api,
            urgent=lambda key: controller.queue.add(key, urgent=True),
        )
        self.watches, people = feeding.subscriptions_of(controller)
        self.desk = desk.Desk(
            scenery=self._view,
            book=book,
            clock=controller.clock,
            rules=rules,
            members=self._messenger.members,
            silence=self._silence,
            roster=roster.Roster(ask=self._messenger.directory.usergroup),
            subscriptions=people,
        )
        self.desk.freezing = freezing.desk(controller, self.desk)
        self.observing = controller.chosen.observe
        self.teller: announce.Announcer = announce.Announcer(
            chat=self._messenger,
            api=controller.api,
            clock=controller.clock,
            rules=rules,
            observe=controller.caches.rollouts.observe,
            sent=controller.counting.sent,
            observing=self.observing,
            providers=controller.providers,
            links=links.Links(metrics=evidence.metrics_url, argocd=evidence.argocd_url),
            queries=served.Queries(requests=evidence.requests_query, failed=evidence.failed_query),
            limit=lambda told: told.seen.policy.message_budget or chosen.message_budget,
            painter=charts.ChartPainter(),
            link=self.link,
            series=series.PrometheusSeries(ask=_asking(controller.providers["prometheus"])),
        )
        self.outlets = outlets.by_slack(
            controller, people, messenger=self._messenger, teller=self.teller, desk=self.desk
        )
        self._news = freezing.news(controller, self.desk, self.teller)
        self.app = self._bolt(token, chosen.api_url)
        self._way_in = ways_in.build(self.app, chosen)

    def _bolt(self, token: str, base_url: str) -> AsyncApp:
        app = socket.app(token=token, base_url=base_url, directory=self._messenger.directory)
        who = self._messenger.directory.person
        self._tab = tab = home.Home(
            desk=self.desk,
            who=who,
            publish=lambda user, view: self._messenger.publish(user=user, view=view),
            subscriptions=self.desk.subscriptions,
        )
        tab.register(app)
        slash.register(app, at=self.desk, who=who)
        lines = reason_lines.Reasons(desk=self.desk)
        self._missed = missed_lines.Missed(
            reasons=lines,
            clock=self.desk.clock,
            read=self._messenger.replies,
            hear=reasons.register(app, at=lines, who=who),
        )
        buttons.register(app, at=self.desk, who=who, tab=tab)
        return app

    def _silence(self) -> float | None:
        """For how long the watch of the rollouts has been broken."""
        cache = self._view.reader.caches.rollouts
        if not isinstance(cache, informer.Informer) or not cache.problem:
            return None
        return None if cache.last_contact is None else time.monotonic() - cache.last_contact

    def _ailment(self, key: str, pod_hash: str) -> ailing.Ailment | None:
        return self.teller.ward.known(key, pod_hash)

    def noticed(self, rollout: ports.Object) -> None:
        self.desk.noticed(rollout)

    def keep(self, history: records.Readable) -> None:
        """What commands read of the past."""
        self.desk.history = history

    def link(self, place: places.Place) -> str:
        return self._messenger.permalink(place)

    def say(self, sentence: str) -> None:
        """Trouble of our own, to the default channel; returns at once."""
        self.teller.say(sentence)

    def frozen(self) -> None:
        """Look whether people must be told of a freeze."""
        self._news.changed(None, None)

    def led(self) -> None:
        """Look for what was said while nobody heard it; returns at once."""
        self._looking = tasks.spawn(self._missed.look(), name="missed lines")

    async def check(self) -> None:
        """Say once where Slack cannot be used; never a reason not to run."""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await self._messenger.check()
        except (errors.RolloutBotError, TimeoutError) as error:
            log.warning("Slack cannot be reached now, rollouts go on without it: %s", error)

    def start(self) -> None:
        """Hear commands and clicks; not while only looking on, when nothing can be done."""
        if self.observing:
            return
        self._task = tasks.spawn(self._way_in.run(), name="slack")

    async def drain(self, timeout_s: float) -> None:
        await self.teller.drain(timeout_s=timeout_s)

    async def close(self) -> None:
        await tasks.cancel(self._task, self._looking)
        await self._tab.close()


def _named(channel: str) -> str:
    """``#name`` for a name, an id as it is: this text is shown to people."""
    is_id = channel[:1] in {"C", "G"} and channel.isupper() and len(channel) >= 9
    return channel if is_id or not channel else f"#{channel.lstrip('#')}"


def _asking(provider: Any) -> series.Range:
    """A Prometheus range query whose failure is one of our errors."""

    async def ask(
        config: Any, query: str, start: datetime, end: datetime, step_s: float
    ) -> list[tuple[datetime, float]]:
        if not isinstance(provider, prometheus.Prometheus):
            return []
        try:
            found = await provider.range(config, query, start, end, step_s)
        except ports.MetricError as error:
            raise errors.Unavailable(str(error)) from None
        return [(datetime.fromtimestamp(at, UTC), value) for at, value in found]

    return ask


def build(controller: "controllers.Controller") -> Chat:
    """The chat that the settings ask for."""
    return Slack(controller) if controller.chosen.slack.configured else Silent()
