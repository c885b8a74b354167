"""A whole bot on a virtual clock: everything but the sockets, over a cluster kept in memory.

``Place`` is what outlives a kill: the cluster with its kubelet, the workspace, the backend that
answers queries. ``Process`` is what a kill takes: caches, queues, timers, the announcer.
"""

import asyncio
from datetime import timedelta

from bot.adapters import routers
from bot.core import codec_status
from bot.model import buttons, facts, ports
from bot.runtime import (
    announce,
    apply,
    authorize,
    desk,
    measure,
    orders,
    pods,
    queue,
    reconcile,
    references,
    scenery,
    workloads,
)
from bot.runtime import world as worlds
from bot.wiring import triggers
from tests.core.engine import simulation
from tests.runtime import stage, virtual

KEY = simulation.KEY
SAM = facts.Person(name="sam", slack_id="U0SAM")
KINDS = {
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


class Place:
    """``call`` counts every call of any process and lets a test stop the world at one of them."""

    def __init__(self, strategy, *, annotations=None):
        self.cluster = simulation.Cluster()
        self.trouble = stage.Trouble()
        self.chat = stage.Chat(self.trouble)
        self.process = None
        self.bad = {"three"}
        self.sampling = lambda: None
        strategy = strategy | simulation._routed(self.cluster)
        self.put(ports.ROLLOUT, simulation.rollout(strategy, 4, annotations))

    def template(self, name, metrics):
        self.put(ports.TEMPLATE, {"metadata": {"name": name}, "spec": {"metrics": metrics}})

    @property
    def raw(self):
        return self.cluster.objects["rollouts", simulation.NAME]

    @property
    def status(self):
        return codec_status.decode(self.raw.get("status"))

    def weight(self):
        obj = self.cluster.objects.get(("ingresses", "app-web-canary"), {"metadata": {}})
        notes = obj["metadata"].get("annotations") or {}
        return int(notes.get("nginx.ingress.kubernetes.io/canary-weight", 0))

    def runs(self):
        return [o for (kind, _), o in self.cluster.objects.items() if kind == "analysisruns"]

    def stable_image(self):
        for (kind, _), obj in self.cluster.objects.items():
            if kind == "replicasets" and simulation._hash(obj) == self.status.stable_hash:
                return simulation._image(obj)
        return ""

    def put(self, kind, obj):
        """A change that is not the bot's."""
        old = self.cluster.objects.get((kind.plural, obj["metadata"]["name"]))
        new = self.cluster.put(kind, obj)
        if self.process is not None and new is not old:
            self.process.changed(kind, old, new)
        self.soon(kind)
        return new

    def soon(self, kind):
        """The kubelet looks a moment after a ReplicaSet was written."""
        if kind == ports.REPLICA_SET:
            asyncio.get_running_loop().call_later(0.5, self.kubelet)

    def kubelet(self):
        for (kind, _), rs in list(self.cluster.objects.items()):
            if kind != "replicasets":
                continue
            count = rs["spec"]["replicas"]
            fresh = {
                "replicas": count,
                "readyReplicas": count,
                "availableReplicas": count,
                "observedGeneration": rs["metadata"]["generation"],
            }
            if rs.get("status") != fresh:
                self.put(ports.REPLICA_SET, {**rs, "status": fresh})

    def patch(self, **body):
        self.put(ports.ROLLOUT, simulation.merge(self.raw, body))

    def ship(self, image):
        containers = [{"name": "app", "image": image}]
        self.patch(spec={"template": {"spec": {"containers": containers}}})

    def start(self):
        self.process = Process(self)
        return self.process


class Line:
    """What one process can reach of the cluster; nothing once it was killed."""

    def __init__(self, place):
        self.place = place
        self.alive = True

    async def _through(self, name):
        if not self.alive:
            await asyncio.Event().wait()
        await self.place.trouble.gate(name)

    async def get(self, ref, *, urgent=False):
        await self._through(f"get {ref.kind.plural}")
        return await self.place.cluster.get(ref)

    async def list(self, kind, *, namespace="", selector=""):
        await self._through(f"list {kind.plural}")
        return await self.place.cluster.list(kind, namespace=namespace, selector=selector)

    async def write(self, write):
        await self._through(f"write {write.ref.kind.plural}")
        answer = await self.place.cluster.write(write)
        self.place.soon(write.ref.kind)
        await self.place.trouble.done("write")
        return answer


class Backend:
    """Implements ``ports.Provider``: the canary is bad while a bad image is shipped."""

    name = "prometheus"

    def __init__(self, line):
        self.line = line

    async def sample(self, config, *, now):
        await self.line._through("sample")
        if (problem := self.line.place.sampling()) is not None:
            await problem
        image = self.line.place.raw["spec"]["template"]["spec"]["containers"][0]["image"]
        value = 0.5 if image in self.line.place.bad else 0.999
        return ports.Sample(value=[value], shape="[]float64", text=f"[{value}]")


class Timers:
    """On the loop's own clock."""

    def __init__(self, woken):
        self.woken = woken
        self.handles = {}

    def set(self, key, at):
        self.cancel(key)
        wait = max(0.0, (at - virtual.now()) / timedelta(seconds=1))
        self.handles[key] = asyncio.get_running_loop().call_later(wait, self.woken, key)

    def cancel(self, key):
        if (handle := self.handles.pop(key, None)) is not None:
            handle.cancel()


class Process:
    """Wired as ``bot.wiring.controller`` does it; ``kill()`` leaves nothing behind."""

    def __init__(self, place):
        self.place = place
        self.before = asyncio.all_tasks()
        self.line = Line(place)
        self.events = []
        self.caches = worlds.Caches(
            **{name: simulation.Cache(place.cluster, kind) for name, kind in KINDS.items()},
            workloads={kind: simulation.Cache(place.cluster, kind) for kind in workloads.KINDS},
        )
        self.queue = queue.Queue(self._pass)
        self.run_queue = queue.Queue(self._measure, manners=self.queue.manners)
        self.timers = Timers(self._woken)
        self.index = references.Index()
        self.reader = worlds.Reader(cluster="test", caches=self.caches, routers=routers.table())
        self.announcer = self._announcer()
        self.desk = self._desk()
        self.triggers = triggers.Triggers(
            rollouts=self.queue,
            runs=self.run_queue,
            experiments=queue.Queue(self._pass),
            index=self.index,
            noticed=self.desk.noticed,
        )
        self.reconciler = self._reconciler()
        self.measurer = self._measurer()
        self.serving = [asyncio.create_task(work.run()) for work in (self.queue, self.run_queue)]
        self.queue.add(KEY)
        for run in place.runs():
            self.run_queue.add(triggers.key_of(run))

    def _announcer(self):
        rules = authorize.Rules(default_channel="#releases")
        return announce.Announcer(
            chat=Workspace(self.line, self.place.chat),
            api=self.line,
            clock=virtual.now,
            rules=rules,
            observe=self.caches.rollouts.observe,
        )

    def _desk(self):
        view = scenery.Scenery(reader=self.reader, clock=virtual.now)
        book = orders.Orders(
            scenery=view,
            api=self.line,
            urgent=lambda key: self.queue.add(key, urgent=True),
        )
        return desk.Desk(
            scenery=view,
            book=book,
            clock=virtual.now,
            rules=self.announcer.rules,
            members=self.announcer.chat.members,
        )

    def _reconciler(self):
        applier = apply.Applier(
            api=self.line, caches=self.caches, reader=self.reader, begun=self._begun
        )
        return reconcile.Reconciler(
            api=self.line,
            reader=self.reader,
            applier=applier,
            pods=pods.Pods(api=self.line, replica_sets=self.caches.replica_sets),
            clock=virtual.now,
            timers=self.timers,
            events=self,
            teller=self.announcer,
            index=self.index,
            again=self.queue.add,
            noticed=self.desk.noticed,
        )

    def _measurer(self):
        return measure.Measurer(
            api=self.line,
            runs=self.caches.runs,
            providers={"prometheus": Backend(self.line)},
            clock=virtual.now,
            timers=self.timers,
            events=self,
            again=self.run_queue.add,
            changed=self.triggers.verdict,
        )

    async def _pass(self, key):
        await self.reconciler.reconcile(key)

    async def _measure(self, key):
        await self.measurer.reconcile(key)

    def _begun(self, obj):
        self.run_queue.add(triggers.key_of(obj))

    def _woken(self, key):
        kind, _, rest = key.partition(":")
        if kind == "run":
            self.run_queue.add(rest)
        else:
            self.queue.add(key)

    def post(self, *, obj, type, reason, message):
        self.events.append(reason)

    def changed(self, kind, old, new):
        """What the informers would pass on."""
        if kind == ports.ROLLOUT:
            self.triggers.rollout(old, new)
        elif kind == ports.REPLICA_SET:
            self.triggers.replica_set(old, new)
        elif kind == ports.RUN:
            self.triggers.run(old, new)
        else:
            self.triggers.named(kind)(old, new)

    async def kill(self):
        """As SIGKILL: nothing that runs here says or writes one thing more."""
        self.line.alive = False
        for key in list(self.timers.handles):
            self.timers.cancel(key)
        mine = asyncio.all_tasks() - self.before - {asyncio.current_task()}
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)
        self.place.process = None


class Workspace:
    """What one process can reach of the chat; nothing once it was killed."""

    def __init__(self, line, chat):
        self.line = line
        self.chat = chat

    def __getattr__(self, name):
        call = getattr(self.chat, name)

        async def through(*args, **more):
            if not self.line.alive:
                await asyncio.Event().wait()
            return await call(*args, **more)

        return through


async def approve(process):
    """What a person does who sees an approval request; whether it was taken."""
    for one in process.desk.waiting().waiting:
        for button in one.buttons:
            if button.kind == buttons.ButtonKind.APPROVE:
                reply = await process.desk.press(button.value, button.kind, SAM)
                return reply.accepted
    return False


def hanging():
    """An answer that never comes."""
    return asyncio.Event().wait()
