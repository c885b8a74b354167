"""The composition root: which adapter stands behind which port, and who calls whom."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import prometheus_client

from bot import settings
from bot.adapters import metrics, routers, timers
from bot.adapters.kubernetes import api, credentials, events, informer, lease, session
from bot.core import jsonpath
from bot.model import ports, world
from bot.runtime import apply, measure, queue, reconcile, references, tasks
from bot.runtime import world as worlds
from bot.wiring import chat, pruning, servers, triggers

log = logging.getLogger(__name__)

SYNC_TIMEOUT_S = 120.0
DRAIN_S = 8.0
RESYNC_TICK_S = 30.0


def now() -> datetime:
    """The one clock of the process."""
    return datetime.now(UTC)


class Controller:
    """One bot process: watches always, works while it leads."""

    def __init__(self, chosen: settings.Settings, client: api.KubernetesApi) -> None:
        self.chosen = chosen
        self.api = client
        self.index = references.Index()
        self.queue = queue.Queue(self._reconcile)
        self.run_queue = queue.Queue(self._measure, workers=16, urgent_workers=4)
        self.timers = timers.Timers(woken=self._woken)
        self.events = events.EventWriter(api=client, clock=now)
        self.caches = self._watch()
        self.reader = worlds.Reader(
            cluster=chosen.cluster,
            caches=self.caches,
            routers=routers.table(istio_version=chosen.istio_version),
        )
        self.providers = metrics.build(
            metrics.Settings(
                find=jsonpath.find,
                find_error=jsonpath.JsonPathError,
                prometheus_address=chosen.prometheus_address,
            )
        )
        self.clock: ports.Clock = now
        self.latest: dict[str, tuple[world.Reason, ...]] = {}
        self.chat = chat.build(self)
        self.reconciler = reconcile.Reconciler(
            api=client,
            reader=self.reader,
            applier=apply.Applier(
                api=client,
                caches=self.caches,
                reader=self.reader,
                measure=lambda run: self.run_queue.add(triggers.key_of(run)),
            ),
            clock=now,
            timers=self.timers,
            events=self.events,
            teller=self.chat.teller,
            index=self.index,
            again=self.queue.add,
            instance_id=chosen.instance_id,
            latest=self.latest,
        )
        self.triggers = triggers.Triggers(
            rollouts=self.queue,
            runs=self.run_queue,
            index=self.index,
            noticed=self.chat.noticed,
        )
        self.measurer = measure.Measurer(
            api=client,
            runs=self.caches.runs,
            providers=self.providers,
            clock=now,
            timers=self.timers,
            events=self.events,
            again=self.run_queue.add,
            changed=self.triggers.verdict,
            instance_id=chosen.instance_id,
        )
        self._listen()

    def _watch(self) -> worlds.Caches:
        """One informer a kind; optional kinds only fill where the server has them."""
        inside = self.chosen.namespace

        def cache(kind: ports.Kind, selector: str = "") -> informer.Informer:
            return informer.Informer(
                source=self.api,
                kind=kind,
                namespace=inside if kind.namespaced else "",
                selector=selector,
            )

        mesh = ports.Kind(
            group="networking.istio.io",
            version=self.chosen.istio_version,
            plural="virtualservices",
            name="VirtualService",
        )
        return worlds.Caches(
            rollouts=cache(ports.ROLLOUT),
            replica_sets=cache(ports.REPLICA_SET, "rollouts-pod-template-hash"),
            services=cache(ports.SERVICE),
            runs=cache(ports.RUN),
            templates=cache(ports.TEMPLATE),
            cluster_templates=cache(ports.CLUSTER_TEMPLATE),
            ingresses=cache(ports.INGRESS),
            virtual_services=cache(mesh),
        )

    def informers(self) -> list[informer.Informer]:
        found = [getattr(self.caches, name) for name in self.caches.__dataclass_fields__]
        return [cache for cache in found if isinstance(cache, informer.Informer)]

    def _listen(self) -> None:
        for cache in self.informers():
            kind = cache.kind
            if kind == ports.ROLLOUT:
                cache.listen(self.triggers.rollout)
            elif kind == ports.REPLICA_SET:
                cache.listen(self.triggers.replica_set)
            elif kind == ports.RUN:
                cache.listen(self.triggers.run)
            else:
                cache.listen(self.triggers.named(kind))

    def _woken(self, key: str) -> None:
        kind, _, rest = key.partition(":")
        if kind == "run":
            self.run_queue.add(rest)
        else:
            self.queue.add(key)

    async def _reconcile(self, key: str) -> None:
        await self.reconciler.reconcile(key)

    async def _measure(self, key: str) -> None:
        await self.measurer.reconcile(key)

    async def sync(self) -> None:
        """Wait for the first list of every kind that the server has."""
        waits = []
        for cache in self.informers():
            if cache.kind.group == "networking.istio.io" and not await self.api.resource_exists(
                cache.kind
            ):
                log.info("no VirtualServices here: Istio is not installed")
                continue
            waits.append(cache.synced.wait())
        async with asyncio.timeout(SYNC_TIMEOUT_S):
            await asyncio.gather(*waits)

    async def lead(self) -> None:
        """Work: every rollout once, then whatever changes."""
        for cache, work in (
            (self.caches.rollouts, self.queue),
            (self.caches.runs, self.run_queue),
        ):
            for obj in cache.list():
                work.add(triggers.key_of(obj))
        async with asyncio.TaskGroup() as group:
            group.create_task(self.queue.run())
            group.create_task(self.run_queue.run())
            group.create_task(self.events.run())
            group.create_task(self._resync())

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
        await self.events.flush(2)
        await self.chat.drain(3)


@contextlib.asynccontextmanager
async def connected(chosen: settings.Settings) -> AsyncIterator[api.KubernetesApi]:
    """A client for the cluster that the settings name."""
    named = bool(chosen.kubeconfig or os.environ.get("KUBECONFIG"))
    known = credentials.Credentials(
        kubeconfig=chosen.kubeconfig,
        context=chosen.context,
        in_cluster=not named and "KUBERNETES_SERVICE_HOST" in os.environ,
    )
    async with session.Session(credentials=known) as open_session:
        yield api.KubernetesApi(session=open_session, qps=chosen.qps, burst=chosen.burst)


async def run(chosen: settings.Settings, *, ports_file: str = "", ignored: list[str]) -> int:
    """Run until SIGTERM or SIGINT; the exit code."""
    for name in ignored:
        log.info("the flag --%s means nothing to rollout-bot and is ignored", name)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with connected(chosen) as client:
        return await _serve(Controller(chosen, client), stop, ports_file)


async def _serve(controller: Controller, stop: asyncio.Event, ports_file: str) -> int:
    state = {"why not": "the caches are not filled yet"}
    web = servers.Servers(
        controller.chosen,
        ready=lambda: state["why not"],
        registry=prometheus_client.REGISTRY,
    )
    await web.start()
    controller.timers.start()
    watching = [
        tasks.spawn(cache.run(), name=f"watch {cache.kind.plural}")
        for cache in controller.informers()
    ]
    leading: asyncio.Task[None] | None = None
    try:
        await controller.sync()
        await controller.chat.check()
        controller.chat.start()
        state["why not"] = await pruning.problem(controller.api, controller.caches.rollouts)
        if state["why not"]:
            log.error(state["why not"])
        _settle_memory()
        web.write_ports(ports_file)
        log.info("ready", extra={"rollouts": len(controller.caches.rollouts.list())})
        leading = tasks.spawn(_lead(controller), name="lead")
        ended = tasks.spawn(stop.wait(), name="stop")
        await asyncio.wait({leading, ended}, return_when=asyncio.FIRST_COMPLETED)
        failed = leading.done()
        await controller.drain()
        return 1 if failed else 0
    except TimeoutError:
        log.exception("the cluster's objects could not be read in time")
        return 1
    finally:
        await tasks.cancel(leading, *watching)
        controller.timers.stop()
        await controller.chat.close()
        for provider in controller.providers.values():
            await provider.close()
        await web.stop()


def _settle_memory() -> None:
    """Keep the collector off the caches: a full pass over them stops the loop for long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


async def _lead(controller: Controller) -> None:
    chosen = controller.chosen
    if not chosen.leader_elect:
        await controller.lead()
        return
    identity = f"{socket.gethostname()}_{os.getpid()}_{os.urandom(4).hex()}"
    elector = lease.Lease(
        api=controller.api,
        namespace=chosen.lease_namespace,
        name=chosen.lease_name,
        identity=identity,
        clock=now,
    )
    await elector.run(controller.lead)
