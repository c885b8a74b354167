"""The composition root: which adapter stands behind which port, and who calls whom."""

import asyncio
import logging
from datetime import UTC, datetime

from bot import settings
from bot.adapters import meter as meters
from bot.adapters import metrics, routers, timers
from bot.adapters.kubernetes import api, events, informer, on_demand
from bot.model import ports, world
from bot.runtime import (
    apply,
    courtesy,
    orphans,
    pods,
    queue,
    reconcile,
    references,
)
from bot.runtime import world as worlds
from bot.wiring import (
    chat,
    counting,
    feeding,
    freezing,
    lifecycle,
    looking_on,
    measuring,
    policies,
    providers,
    pruning,
    recording,
    triggers,
    watched,
)

log = logging.getLogger(__name__)

SYNC_TIMEOUT_S = 120.0
DRAIN_S = 8.0
RESYNC_TICK_S = 30.0


def now() -> datetime:
    """The one clock of the process."""
    return datetime.now(UTC)


class Controller:
    """One bot process: watches always, works while it leads."""

    def __init__(
        self,
        chosen: settings.Settings,
        client: api.KubernetesApi,
        meter: meters.Meter | None = None,
        manners: courtesy.Courtesy | None = None,
        jobs: metrics.Place | None = None,
    ) -> None:
        self.chosen = chosen
        self.jobs = jobs or metrics.Place(api=client, namespace=chosen.job_namespace)
        self.meter = meter or meters.Meter()
        self.leading = False
        self.api = client
        self.index = references.Index()
        self.manners = manners = manners or courtesy.Courtesy()
        self.queue = queue.Queue(self._reconcile, manners=manners)
        self.run_queue, self.trial_queue, self.service_queue = (
            queue.Queue(work, workers=workers, urgent_workers=1, manners=manners)
            for work, workers in ((self._measure, 6), (self._try, 3), (self._release, 2))
        )
        self.timers = timers.Timers(woken=self._woken)
        self.events = events.EventWriter(api=client, clock=now)
        self.caches = watched.caches(chosen, client)
        self.counting = self._counting()
        told = counting.Events(to=self.events, meter=self.meter)
        self.lifecycle = lifecycle.Lifecycle(
            events=told, rollouts=self.caches.rollouts, leading=lambda: self.leading
        )
        self.rulebook = policies.build(self)
        self.clock: ports.Clock = now
        self.frozen = freezing.watch(self)
        self.reading = freezing.reading(self, self.frozen)
        self.freezes = freezing.build(self, self.frozen, self.reading)
        self.key, self.signer = policies.signer(self)
        self.reader = worlds.Reader(
            cluster=chosen.cluster,
            caches=self.caches,
            routers=routers.table(istio_version=chosen.istio_version),
            policy=self.rulebook.effective,
            freezes=self.freezes,
        )
        self.providers = providers.build(chosen, client)
        self.latest: dict[str, tuple[world.Reason, ...]] = {}
        self.chat = chat.build(self)
        self.feed = feeding.build(self, self.chat.outlets)
        self.recording = recording.build(self)
        self.reconciler = self._reconciler(told)
        self.observer = looking_on.build(self, now)
        self.orphans = orphans.Orphans(
            api=client,
            rollouts=self.caches.rollouts,
            services=self.caches.services,
            add=self.service_queue.add,
        )
        self.triggers = self._triggers()
        self.measurer = measuring.measurer(self, told)
        self.trials = measuring.trials(self, told)
        self._listen()

    def _reconciler(self, told: counting.Events) -> reconcile.Reconciler:
        return reconcile.Reconciler(
            api=self.api,
            reader=self.reader,
            applier=apply.Applier(
                api=self.api,
                caches=self.caches,
                reader=self.reader,
                begun=self._begun,
            ),
            pods=pods.Pods(api=self.api, replica_sets=self.caches.replica_sets),
            clock=now,
            timers=self.timers,
            events=told,
            teller=counting.Teller(to=self._tellers(), counting=self.counting),
            index=self.index,
            again=self.queue.add,
            instance_id=self.chosen.instance_id,
            signer=self.signer,
            noticed=self.chat.noticed,
            latest=self.latest,
        )

    def _tellers(self) -> feeding.Tellers:
        return feeding.Tellers(self.chat.teller, self.feed, self.recording.teller)

    def _triggers(self) -> triggers.Triggers:
        return triggers.Triggers(
            rollouts=self.queue,
            runs=self.run_queue,
            experiments=self.trial_queue,
            index=self.index,
            noticed=self.chat.noticed,
        )

    def _counting(self) -> counting.Counting:
        found = counting.Counting(
            meter=self.meter, caches=self.caches, clock=now, leading=lambda: self.leading
        )
        self.meter.gauges.append(found.gauges)
        return found

    def informers(self) -> list[informer.Informer]:
        found = [getattr(self.caches, name) for name in self.caches.__dataclass_fields__]
        found.extend(self.caches.workloads.values())
        return [cache for cache in found if isinstance(cache, informer.Informer)]

    def _listen(self) -> None:
        for cache in self.informers():
            kind = cache.kind
            if kind == ports.ROLLOUT:
                cache.listen(self.triggers.rollout)
                cache.listen(self.orphans.rollout)
                cache.listen(self.lifecycle.changed)
            elif cache is self.caches.replica_sets:
                cache.listen(self.triggers.replica_set)
            elif kind == ports.RUN:
                cache.listen(self.triggers.run)
            elif kind == ports.EXPERIMENT:
                cache.listen(self.triggers.experiment)
            else:
                cache.listen(self.triggers.named(kind))
            if kind == ports.SERVICE:
                cache.listen(self.orphans.service)
                cache.listen(self.triggers.service)
            if kind in counting.PREFIXES:
                cache.listen(self.counting.changed(counting.PREFIXES[kind], cache))

    def _woken(self, key: str) -> None:
        kind, _, rest = key.partition(":")
        if kind == "run":
            self.run_queue.add(rest)
        elif kind == "experiment":
            self.trial_queue.add(rest)
        else:
            self.queue.add(key)

    def _begun(self, obj: ports.Object) -> None:
        """A rollout has made or stopped one of its own."""
        work = self.trial_queue if obj.get("kind") == "Experiment" else self.run_queue
        work.add(triggers.key_of(obj))

    async def _reconcile(self, key: str) -> None:
        if self.chosen.observe:
            await self.observer.look(key)
            return
        work = self.lifecycle.telling(self.reconciler.reconcile)
        await self.counting.timed("rollout_reconcile", work)(key)

    async def _release(self, key: str) -> None:
        await self.orphans.release(key)

    async def _measure(self, key: str) -> None:
        if self.chosen.observe:
            self.observer.judge(key)
            return
        await self.counting.timed("analysis_run_reconcile", self.measurer.reconcile)(key)

    async def _try(self, key: str) -> None:
        await self.counting.timed("experiment_reconcile", self.trials.reconcile)(key)

    def definition(self) -> informer.Informer:
        """The cache of the one definition whose schema decides whether our block is kept."""
        return informer.Informer(
            source=self.api,
            kind=ports.DEFINITION,
            fields=f"metadata.name={pruning.DEFINITION_NAME}",
        )

    async def sync(self) -> None:
        """Wait for the first list of every kind that the server has."""
        waits = []
        for cache in self.informers():
            if isinstance(cache, on_demand.OnDemand):
                continue
            if cache.kind.group == "networking.istio.io" and not await self.api.resource_exists(
                cache.kind
            ):
                log.info("no VirtualServices here: Istio is not installed")
                continue
            waits.append(cache.synced.wait())
        async with asyncio.timeout(SYNC_TIMEOUT_S):
            await asyncio.gather(*waits)
        await self.reading.soon()

    async def lead(self) -> None:
        """Work: every rollout once, then whatever changes."""
        for cache, work in (
            (self.caches.rollouts, self.queue),
            (self.caches.runs, self.run_queue),
            (self.caches.experiments, self.trial_queue),
        ):
            for obj in cache.list() if cache is not None else ():
                work.add(triggers.key_of(obj))
        self.leading = not self.chosen.observe
        self.rulebook.repeat()
        async with asyncio.TaskGroup() as group:
            for work in (self.queue, self.run_queue):
                group.create_task(work.run())
            group.create_task(self._resync())
            if self.chosen.observe:
                return
            for work in (self.trial_queue, self.service_queue):
                group.create_task(work.run())
            group.create_task(self.events.run())
            group.create_task(self.recording.run())
            group.create_task(freezing.mind(self))
            self.chat.led()

    async def _resync(self) -> None:
        """Look at everything now and then, spread out: a lost timer is a delay, not a hang."""
        turn = 0
        rounds = max(1, int(self.chosen.resync_s / RESYNC_TICK_S))
        while True:
            await asyncio.sleep(RESYNC_TICK_S)
            turn = (turn + 1) % rounds
            for obj in self.caches.rollouts.list():
                if hash(obj["metadata"]["uid"]) % rounds == turn:
                    self.queue.add(triggers.key_of(obj))

    async def drain(self) -> None:
        """Take nothing new, finish what runs, say what is still to be said."""
        await self.queue.drain(timeout_s=DRAIN_S)
        await self.run_queue.drain(timeout_s=1)
        await self.trial_queue.drain(timeout_s=1)
        await self.events.flush(2)
        await self.chat.drain(3)
        await self.feed.drain(timeout_s=2)
        await self.recording.drain(2)
