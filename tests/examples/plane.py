"""The bot on the cluster of the examples: the real passes, queues and triggers in virtual time.

What is not real: the server, the informers (their caches are always fresh), Prometheus, the web.
"""

import asyncio
import collections
import contextlib
from dataclasses import replace

from bot.adapters import metrics, routers
from bot.core import codec_block, codec_status, revisions
from bot.model import ports
from bot.model import status as status_model
from bot.runtime import apply, measure, pods, queue, reconcile, references, trials, workloads
from bot.runtime import world as worlds
from bot.wiring import triggers
from tests.core.engine import simulation
from tests.examples import cluster as clusters
from tests.examples import traffic
from tests.runtime import virtual

NS = simulation.NS
CACHED = {
    "rollouts": ports.ROLLOUT,
    "replica_sets": ports.REPLICA_SET,
    "services": ports.SERVICE,
    "runs": ports.RUN,
    "experiments": ports.EXPERIMENT,
    "templates": ports.TEMPLATE,
    "cluster_templates": ports.CLUSTER_TEMPLATE,
    "ingresses": ports.INGRESS,
    "virtual_services": ports.VIRTUAL_SERVICE,
    "destination_rules": ports.DESTINATION_RULE,
}


class Timers:
    """One timer a key, on the loop."""

    def __init__(self, woken):
        self._woken, self.pending = woken, {}

    def set(self, key, at):
        self.cancel(key)
        delay = max(0.0, (at - virtual.now()).total_seconds())
        self.pending[key] = asyncio.get_running_loop().call_later(delay, self._fire, key)

    def cancel(self, key):
        if (handle := self.pending.pop(key, None)) is not None:
            handle.cancel()

    def _fire(self, key):
        del self.pending[key]
        self._woken(key)


class Silent:
    """Tells nobody."""

    def tell(self, *facts):
        pass

    def forget(self, key):
        pass


class Plane:
    """``web`` is what the web answers; ``events`` are (kind, type, reason, message).

    ``prometheus`` is a provider to use instead of the app's counters.
    """

    def __init__(self, *, web=None, prometheus=None, **cluster):
        self.cluster = clusters.Live(**cluster)
        self.app = traffic.App(self.cluster)
        self.scraped = prometheus is None
        self.prometheus = prometheus or traffic.Prometheus(self.app, _clock_s)
        self.web = traffic.Web({"health": {"status": "healthy"}} if web is None else web)
        self.datadog = traffic.Datadog(self.app, _clock_s)
        self.new_relic = traffic.NewRelic(self.app, _clock_s)
        self.events, self.passes = [], collections.Counter()
        self.teller = Silent()
        self.queue = queue.Queue(self._pass)
        self.runs = queue.Queue(lambda key: self._counted("run", self.measurer.reconcile, key))
        self.trying = queue.Queue(
            lambda key: self._counted("experiment", self.trials.reconcile, key)
        )
        self.timers = Timers(self._woken)
        self._build()

    def _build(self):
        api, index = self.cluster, references.Index()
        caches = worlds.Caches(
            **{name: clusters.Cache(api, kind) for name, kind in CACHED.items()},
            workloads={kind: clusters.Cache(api, kind) for kind in workloads.KINDS},
        )
        self.reader = worlds.Reader(cluster="test", caches=caches, routers=routers.table())
        common = {"api": api, "clock": virtual.now, "timers": self.timers, "events": self}
        self.reconciler = reconcile.Reconciler(
            **common,
            reader=self.reader,
            applier=apply.Applier(api=api, caches=caches, reader=self.reader, begun=self._begun),
            pods=pods.Pods(api=api, replica_sets=caches.replica_sets),
            teller=self,
            index=index,
            again=self.queue.add,
        )
        self.triggers = triggers.Triggers(
            rollouts=self.queue,
            runs=self.runs,
            experiments=self.trying,
            index=index,
            noticed=lambda rollout: None,
        )
        self._workers(common, caches)
        api.listeners.append(self._heard)

    def _workers(self, common, caches):
        self.measurer = measure.Measurer(
            **common,
            runs=caches.runs,
            providers={
                "prometheus": self.prometheus,
                "web": self.web,
                "datadog": self.datadog,
                "newRelic": self.new_relic,
            },
            lasting=metrics.build_lasting(metrics.Place(api=self.cluster)),
            again=self.runs.add,
            changed=self.triggers.verdict,
        )
        self.trials = trials.Trials(
            **common,
            caches=caches,
            again=self.trying.add,
            changed=self.triggers.verdict,
            measure=lambda run: self.runs.add(triggers.key_of(run)),
        )

    def tell(self, *facts):
        self.teller.tell(*facts)

    def forget(self, key):
        self.teller.forget(key)

    def post(self, *, obj, type, reason, message):
        self.events.append((obj.get("kind", ""), type, reason, message))

    async def _pass(self, key):
        await self._counted("rollout", self.reconciler.reconcile, key)

    async def _counted(self, kind, work, key):
        self.passes[f"{kind}:{key}"] += 1
        await work(key)

    def _woken(self, key):
        kind, _, rest = key.partition(":")
        known = {"run": self.runs, "experiment": self.trying}
        known.get(kind, self.queue).add(rest if kind in known else key)

    def _begun(self, obj):
        work = self.trying if obj.get("kind") == "Experiment" else self.runs
        work.add(triggers.key_of(obj))

    def _heard(self, kind, old, new):
        known = {
            ports.ROLLOUT: self.triggers.rollout,
            ports.REPLICA_SET: self.triggers.replica_set,
            ports.RUN: self.triggers.run,
            ports.EXPERIMENT: self.triggers.experiment,
        }
        known.get(kind, self.triggers.named(kind))(old, new)

    @contextlib.asynccontextmanager
    async def running(self):
        """The queues work and the app is scraped until the block is left."""
        work = [self.queue.run(), self.runs.run(), self.trying.run(), self._scraped()]
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _scraped(self):
        while self.scraped:
            await asyncio.sleep(traffic.SCRAPE_S)
            self.app.scrape(_clock_s())

    async def until(self, test, *, limit_s=20_000):
        """Let time pass until something is true; only a change of an object can make it so."""
        async with asyncio.timeout(limit_s):
            while not test():
                self.cluster.changed.clear()
                await self.cluster.changed.wait()

    # people

    def rollout(self, name):
        return self.cluster.find(ports.ROLLOUT, name)

    def patch(self, kind, name, **body):
        self.cluster.put(kind, simulation.merge(self.cluster.find(kind, name), body))

    def ask(self, name, order):
        """What the desk writes for a click or a command."""
        status = codec_status.decode(self.rollout(name).get("status"))
        intent = status_model.Intent(
            id=f"i{len(status.bot.handled) + 1}",
            kind=order,
            revision=status.current_hash,
            step=None,
            actor="U0SAM",
            at=virtual.now(),
        )
        block = replace(status.bot, intents=(*status.bot.intents, intent))
        self.patch(ports.ROLLOUT, name, status={"rolloutBot": codec_block.encode(block)})

    def share(self, name):
        """Per cent of traffic that the current revision gets."""
        rollout = self.rollout(name)
        current = (rollout.get("status") or {}).get("currentPodHash")
        return round(100 * traffic.shares(self.cluster, rollout).get(current, 0)) if current else 0

    def image(self, pod_hash):
        for rs in self.cluster.all(ports.REPLICA_SET):
            if rs["metadata"]["labels"].get(revisions.HASH) == pod_hash:
                return simulation._image(rs)
        return ""


def _clock_s():
    return asyncio.get_running_loop().time()
