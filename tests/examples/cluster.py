"""The cluster of the examples: objects, pods and Jobs that come up by themselves, in its own time.

What the bot writes wakes nobody, as with the real informers; what others write is heard.
"""

import asyncio
import collections
import copy

from bot.core import codec_status
from bot.model import errors, ports
from tests.core.engine import simulation
from tests.runtime import virtual

KINDS = {
    kind.name: kind
    for kind in (
        ports.ROLLOUT,
        ports.REPLICA_SET,
        ports.SERVICE,
        ports.RUN,
        ports.EXPERIMENT,
        ports.TEMPLATE,
        ports.CLUSTER_TEMPLATE,
        ports.INGRESS,
        ports.VIRTUAL_SERVICE,
        ports.DESTINATION_RULE,
        ports.DEPLOYMENT,
        ports.POD_TEMPLATE,
        ports.JOB,
        ports.SECRET,
    )
}
JOB_S = 20.0


class Shelves(dict):
    """Objects by (plural, name), and by kind: a thousand of one do not slow down another's look."""

    def __init__(self):
        super().__init__()
        self.kinds = collections.defaultdict(dict)

    def __setitem__(self, key, obj):
        super().__setitem__(key, obj)
        self.kinds[key[0]][key[1]] = obj

    def pop(self, key):
        del self.kinds[key[0]][key[1]]
        return super().pop(key)


class Cache(simulation.Cache):
    """A view that is always fresh, of one kind's shelf."""

    def list(self, namespace=""):
        return list(self.cluster.objects.kinds[self.kind.plural].values())


def _check(body):
    """What an API server says to pods that cannot be."""
    try:
        template = body["spec"]["template"]
        labels = (template.get("metadata") or {}).get("labels") or {}
        images = [one["image"] for one in template["spec"]["containers"] if one["name"]]
        wanted = (body["spec"].get("selector") or {}).get("matchLabels") or {}
        sound = bool(images) and all(isinstance(one, str) for one in (*images, *labels.values()))
        sound = sound and wanted.items() <= labels.items()
    except (KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        name = body["metadata"]["name"]
        raise errors.Refused(f'{body["kind"]} "{name}" is invalid: spec.template: Invalid value')


class Live(simulation.Cluster):
    """``listeners`` are the bot's, ``lookers`` the tests'.

    ``pull_s`` is how long the first pods of an image need, ``ready_s`` all pods.
    """

    def __init__(self, *, pull_s=5.0, ready_s=1.0):
        super().__init__()
        self.objects = Shelves()
        self.pull_s, self.ready_s = pull_s, ready_s
        self.listeners, self.lookers, self.changed = [], [], asyncio.Event()
        self._own, self._pulled = False, {}

    async def write(self, write):
        self._own = True
        try:
            answer = await super().write(write)
        finally:
            self._own = False
        self.changed.set()
        return answer

    def _write(self, write):
        if write.verb is ports.Verb.CREATE and write.ref.kind in {ports.REPLICA_SET, ports.JOB}:
            _check(write.body)
        return super()._write(write)

    def put(self, kind, obj):
        old = self.objects.get((kind.plural, obj["metadata"]["name"]))
        if old is None:
            obj = copy.deepcopy(obj)
            obj["metadata"].setdefault("creationTimestamp", codec_status.stamp(virtual.now()))
        new = super().put(kind, obj)
        if new is old:
            return new
        self.changed.set()
        if kind == ports.REPLICA_SET:
            self._pods(old, new)
        if kind == ports.JOB and old is None:
            asyncio.get_running_loop().call_later(JOB_S, self._finish, new["metadata"]["name"])
        for looker in self.lookers:
            looker()
        if not self._own:
            for listener in self.listeners:
                listener(kind, old, new)
        return new

    def apply(self, documents):
        """What ``kubectl apply`` does with new objects, in the order of the file."""
        for document in documents:
            self.put(KINDS[document["kind"]], document)

    def all(self, kind):
        return Cache(self, kind).list()

    def find(self, kind, name):
        return self.objects.get((kind.plural, name))

    def _pods(self, old, new):
        if old is not None and old["spec"].get("replicas") == new["spec"].get("replicas"):
            return
        now = asyncio.get_running_loop().time()
        there = self._pulled.setdefault(simulation._image(new), now + self.pull_s)
        grows = new["spec"].get("replicas", 1) > (old or {"spec": {}})["spec"].get("replicas", 0)
        delay = max(there - now, self.ready_s) if grows else self.ready_s
        asyncio.get_running_loop().call_later(delay, self._kubelet, new["metadata"]["name"])

    def _kubelet(self, name):
        rs = self.find(ports.REPLICA_SET, name)
        if rs is None:
            return
        count = rs["spec"].get("replicas", 1)
        ready = 0 if simulation._image(rs).endswith(":never-ready") else count
        counts = {"replicas": count, "readyReplicas": ready, "availableReplicas": ready}
        generation = rs["metadata"]["generation"]
        status = {**counts, "observedGeneration": generation}
        self.put(ports.REPLICA_SET, {**rs, "status": status})

    def _finish(self, name):
        """A Job comes to the end that its image says."""
        job = self.find(ports.JOB, name)
        if job is not None:
            image = job["spec"]["template"]["spec"]["containers"][0]["image"]
            word = "Failed" if image.endswith(":fails") else "Complete"
            ends = {"conditions": [{"type": word, "status": "True"}]}
            self.put(ports.JOB, {**job, "status": ends})
