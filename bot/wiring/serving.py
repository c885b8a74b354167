"""The life of one process: connect, watch, become ready, lead, stop."""

import asyncio
import contextlib
import dataclasses
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

from bot import settings
from bot.adapters import meter as meters
from bot.adapters import metrics
from bot.adapters.kubernetes import api, credentials, informer, lease, session
from bot.model import errors
from bot.runtime import courtesy, tasks
from bot.wiring import alone, counting, loads, pruning, servers
from bot.wiring import controller as controllers

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def connected(
    chosen: settings.Settings,
    asked: session.Asked | None = None,
    give_way: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[api.KubernetesApi]:
    """A client for the cluster that the settings name."""
    named = bool(chosen.kubeconfig or os.environ.get("KUBECONFIG"))
    known = credentials.Credentials(
        kubeconfig=chosen.kubeconfig,
        context=chosen.context,
        in_cluster=not named and "KUBERNETES_SERVICE_HOST" in os.environ,
    )
    async with session.Session(credentials=known, asked=asked) as open_session:
        yield api.KubernetesApi(
            session=open_session,
            qps=chosen.qps,
            burst=chosen.burst,
            read_only=chosen.observe,
            give_way=give_way,
        )


@contextlib.asynccontextmanager
async def elsewhere(chosen: settings.Settings) -> AsyncIterator[metrics.Place | None]:
    """Where the Jobs of metrics run, if that is another cluster than the runs'."""
    if not chosen.job_kubeconfig:
        yield None
        return
    there = dataclasses.replace(chosen, kubeconfig=chosen.job_kubeconfig, context="")
    async with connected(there) as client:
        yield metrics.Place(api=client, namespace=chosen.job_namespace, elsewhere=True)


async def run(chosen: settings.Settings, *, ports_file: str = "", ignored: list[str]) -> int:
    """Run until SIGTERM or SIGINT; the exit code."""
    for name in ignored:
        log.info("the flag --%s means nothing to rollout-bot and is ignored", name)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    meter, manners = meters.Meter(), courtesy.Courtesy()
    async with (
        connected(chosen, counting.requests_of(meter), manners.give_way) as client,
        elsewhere(chosen) as jobs,
    ):
        controller = controllers.Controller(chosen, client, meter, manners, jobs)
        loads.count_of(controller)
        return await _serve(controller, stop, ports_file)


async def _serve(controller: controllers.Controller, stop: asyncio.Event, ports_file: str) -> int:
    state = {"why not": "the caches are not filled yet"}
    web = servers.Servers(
        controller.chosen,
        ready=lambda: state["why not"],
        meter=controller.meter,
    )
    await web.start()
    controller.timers.start()
    definition = controller.definition()
    block = pruning.Check(
        api=controller.api,
        rollouts=controller.caches.rollouts,
        definitions=definition,
        say=lambda sentence: state.update({"why not": sentence}),
    )
    definition.listen(block.changed)
    running = _watching(controller, definition)
    try:
        await _begin(controller)
        running.append(tasks.spawn(controller.rulebook.run(), name="policy file"))
        running.append(tasks.spawn(controller.key.run(), name="signing key"))
        if not controller.chosen.observe:
            running.append(tasks.spawn(block.run(), name="pruning"))
        else:
            state["why not"] = ""
        _settle_memory()
        web.write_ports(ports_file)
        log.info("ready", extra={"rollouts": len(controller.caches.rollouts.list())})
        leading = tasks.spawn(_lead(controller, block.fit), name="lead")
        running.append(leading)
        ended = tasks.spawn(stop.wait(), name="stop")
        await asyncio.wait({leading, ended}, return_when=asyncio.FIRST_COMPLETED)
        failed = leading.done()
        await controller.drain()
        if controller.chosen.observe:
            log.info("done: %s", controller.observer.summary())
        return 1 if failed else 0
    except TimeoutError:
        log.exception("the cluster's objects could not be read in time")
        return 1
    except errors.UserError as problem:
        log.error(problem.sentence)  # noqa: TRY400 - the sentence says it all
        return 1
    finally:
        await tasks.cancel(*reversed(running))
        controller.timers.stop()
        await controller.chat.close()
        await controller.recording.close()
        for provider in controller.providers.values():
            await provider.close()
        await web.stop()


def _watching(
    controller: controllers.Controller, definition: informer.Informer
) -> list[asyncio.Task[None]]:
    """What keeps the caches fresh, from before anything else."""
    watches = (*controller.informers(), definition, controller.frozen, *controller.chat.watches)
    running = [tasks.spawn(one.run(), name=f"watch {one.kind.plural}") for one in watches]
    return [*running, tasks.spawn(controller.reading.run(), name="freezes")]


async def _begin(controller: controllers.Controller) -> None:
    """Everything that must be so before the first pass."""
    chosen = controller.chosen
    if not chosen.leader_elect and not chosen.observe:
        await alone.check(controller.api, namespace=chosen.namespace)
    await controller.rulebook.load()
    await controller.key.load()
    await controller.sync()
    await controller.chat.check()
    controller.chat.start()


def _settle_memory() -> None:
    """Keep the collector off the caches: a full pass over them stops the loop for long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


async def _lead(controller: controllers.Controller, fit: asyncio.Event) -> None:
    """Lead once the cluster keeps what a leader decides; another replica may until then."""
    chosen = controller.chosen
    if chosen.observe:
        log.info("observing: what another controller does is looked at, nothing is written")
        await controller.lead()
        return
    await fit.wait()
    if not chosen.leader_elect:
        await controller.lead()
        return
    identity = f"{socket.gethostname()}_{os.getpid()}_{os.urandom(4).hex()}"
    elector = lease.Lease(
        api=controller.api,
        namespace=chosen.lease_namespace,
        name=chosen.lease_name,
        identity=identity,
        clock=controllers.now,
    )
    await elector.run(controller.lead)
