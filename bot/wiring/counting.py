"""Who counts what: the parts of the controller and the meter that ``/metrics`` shows."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.adapters import meter as meters
from bot.adapters.kubernetes import requests, session
from bot.core import series
from bot.model import errors, ports, world
from bot.model import series as series_model
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.runtime import delivery, reconcile
from bot.runtime import world as worlds

MOST_WAITS = 10_000
FORGOTTEN_AFTER_S = 65.0
"""Argo keeps the series of a deleted object for so long, so that a last scrape sees them."""

PREFIXES = {
    ports.ROLLOUT: "rollout_",
    ports.RUN: "analysis_run_",
    ports.EXPERIMENT: "experiment_",
}
"""What the series of a kind begin with; those of notifications are a rollout's."""

Work = Callable[[str], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Events:
    """Counts the events of rollouts on their way."""

    to: reconcile.Events
    meter: meters.Meter

    def post(self, *, obj: ports.Object, type: str, reason: str, message: str) -> None:  # noqa: A002 - the API's word
        if obj.get("kind") == "Rollout":
            meta = obj["metadata"]
            self.meter.count(
                "rollout_events_total",
                namespace=meta.get("namespace", ""),
                name=meta["name"],
                type=type,
                reason=reason,
            )
        self.to.post(obj=obj, type=type, reason=reason, message=message)


@dataclass(slots=True, kw_only=True)
class _Wait:
    """How long a rollout waited for people so far, and since when it waits now.

    ``counted`` is the start of the course whose end was counted last.
    """

    total_s: float = 0.0
    since: datetime | None = None
    counted: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Counting:
    """One a process. ``leading`` says whether this replica decides."""

    meter: meters.Meter
    caches: worlds.Caches
    clock: ports.Clock
    leading: Callable[[], bool]
    _waits: dict[str, _Wait] = field(default_factory=dict)

    def timed(self, family: str, work: Work) -> Work:
        """``work`` with its time and its failures counted under ``family``."""

        async def counted(key: str) -> None:
            namespace, _, name = key.partition("/")
            began = time.monotonic()
            try:
                await work(key)
            except Exception:
                self.meter.count(f"{family}_error", namespace=namespace, name=name)
                raise
            finally:
                took = time.monotonic() - began
                self.meter.observe(family, took, namespace=namespace, name=name)

        return counted

    def sent(self, told: delivery.Told, kind: str, good: bool) -> None:  # noqa: FBT001 - a port's shape
        """A message about a rollout stands, or was refused for good."""
        me = {"namespace": told.seen.namespace, "name": told.seen.name}
        family = "notification_send_success" if good else "notification_send_error"
        self.meter.count(family, **me, type="slack", reason=kind)
        took = max(0.0, (self.clock() - told.at).total_seconds())
        self.meter.observe("notification_send", took, **me)

    def gauges(self) -> Callable[[], list[series_model.Family]]:
        """What is so now: what is there is listed at once, and made into series later."""
        caches = self.caches
        experiments = caches.experiments
        leads = series_model.Point(labels={}, value=float(self.leading()))
        leader = series_model.Family(
            name="rollout_bot_leading", help="Whether this replica decides.", points=(leads,)
        )
        found = functools.partial(
            series.families,
            rollouts=list(caches.rollouts.list()),
            runs=list(caches.runs.list()),
            templates=[*caches.templates.list(), *caches.cluster_templates.list()],
            experiments=list(experiments.list()) if experiments is not None else [],
            now=self.clock(),
        )
        return lambda: [leader, *found()]

    def changed(
        self, prefix: str, cache: ports.Cache
    ) -> Callable[[ports.Object | None, ports.Object | None], None]:
        """A listener that lets the series of a deleted object go after a while."""

        def listen(old: ports.Object | None, new: ports.Object | None) -> None:
            if new is None and old is not None:
                meta = old["metadata"]
                asyncio.get_running_loop().call_later(
                    FORGOTTEN_AFTER_S, forget, meta.get("namespace", ""), meta["name"]
                )

        def forget(namespace: str, name: str) -> None:
            if cache.get(namespace, name) is None:
                self.meter.forget(prefix=prefix, namespace=namespace, name=name)
                if prefix == PREFIXES[ports.ROLLOUT]:
                    self.meter.forget(prefix="notification_", namespace=namespace, name=name)

        return listen

    def course(self, old: ports.Object, new: ports.Object) -> None:
        """One pass led from one state to another: how long the course took, if it ended."""
        uid, now = new["metadata"].get("uid", ""), self.clock()
        wait = self._waits.setdefault(uid, _Wait())
        since = series.waiting_since(new)
        if since is None and wait.since is not None:
            wait.total_s += max(0.0, (now - wait.since).total_seconds())
        wait.since = since
        while len(self._waits) > MOST_WAITS:
            del self._waits[next(iter(self._waits))]
        end, started = series.ended(old, new, now), series.started(old)
        if end is None or wait.counted == started:
            return
        for family, value in (
            ("rollout_duration_seconds", end.seconds),
            ("rollout_progression_duration_seconds", max(0.0, end.seconds - wait.total_s)),
            ("rollout_manual_pause_duration_seconds", wait.total_s),
        ):
            self.meter.observe(family, value, status=end.how)
        wait.counted, wait.total_s = started, 0.0


@dataclass(slots=True, kw_only=True)
class Teller:
    """Measures the course of a rollout on its way to those who tell people."""

    to: reconcile.Teller
    counting: Counting

    def tell(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec | errors.UserError,
        status: status_model.Status,
        seen: world.Seen,
        decision: world.Decision,
    ) -> None:
        self.counting.course(dict(seen.raw), rollout)
        self.to.tell(rollout, spec, status, seen, decision)

    def forget(self, key: str) -> None:
        self.to.forget(key)


def requests_of(meter: meters.Meter) -> session.Asked:
    """Counts the requests to the API server."""

    def asked(method: str, path: str, query: Mapping[str, str], status: int) -> None:
        labels = requests.labels(method, path, query)
        meter.count("controller_clientset_k8s_request_total", **labels, status_code=str(status))

    return asked
