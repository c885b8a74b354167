"""A tiny cluster in memory under the real pass: reader, decide, apply, save. Time is ours.

Every object is as the API server keeps it, so each thing that is checked went through the
codecs. Faults are injected call by call; nothing waits for a clock.
"""

import asyncio
import copy
import weakref
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.adapters import routers
from bot.core import codec_block, codec_status, revisions
from bot.model import errors, policy, ports
from bot.model import status as status_model
from bot.runtime import apply, freezes, pods, reconcile, references, workloads
from bot.runtime import world as worlds

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NS, NAME, KEY = "shop", "app", "shop/app"


def merge(target, patch):
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge(out.get(key), value)
    return out


class Cache:
    """A view that is always fresh."""

    def __init__(self, cluster, kind):
        self.cluster, self.kind = cluster, kind

    def get(self, namespace, name):
        return self.cluster.objects.get((self.kind.plural, name))

    def list(self, namespace=""):
        return [o for (plural, _), o in self.cluster.objects.items() if plural == self.kind.plural]

    def owned_by(self, uid):
        return [
            o
            for o in self.list()
            if any(r["uid"] == uid for r in o["metadata"].get("ownerReferences", ()))
        ]

    def observe(self, obj):
        pass

    def forget(self, namespace, name):
        pass


class Cluster:
    """The API server: merge patches, versions, generations; ``before``/``after`` may raise."""

    def __init__(self):
        self.objects = {}
        self.version = 0
        self.writes = []
        self.calls = 0
        self.before = lambda number, write: None
        self.after = lambda number, write: None

    def put(self, kind, obj):
        key = (kind.plural, obj["metadata"]["name"])
        old = self.objects.get(key)
        if old is not None and _bare(old) == _bare(obj):
            return old
        self.version += 1
        obj = copy.deepcopy(obj)
        meta = obj["metadata"]
        meta.setdefault("uid", f"uid-{kind.plural}-{meta['name']}")
        meta.setdefault("creationTimestamp", codec_status.stamp(START))
        meta["namespace"] = NS
        meta["resourceVersion"] = str(self.version)
        changed = old is None or old.get("spec") != obj.get("spec")
        meta["generation"] = (old["metadata"]["generation"] if old else 0) + changed
        self.objects[key] = obj
        return obj

    async def get(self, ref, *, urgent=False):
        found = self.objects.get((ref.kind.plural, ref.name))
        if found is None:
            raise errors.NotFound(ref.name)
        return found

    async def list(self, kind, *, namespace="", selector=""):
        return [obj for obj in Cache(self, kind).list() if _fits(obj, selector)]

    async def write(self, write):
        self.calls += 1
        if (problem := self.before(self.calls, write)) is not None:
            raise problem
        answer = self._write(write)
        self.writes.append(write)
        if (problem := self.after(self.calls, write)) is not None:
            raise problem
        return answer

    def _write(self, write):
        key = (write.ref.kind.plural, write.ref.name)
        old = self.objects.get(key)
        if write.subresource == "eviction":
            if old is None:
                raise errors.NotFound(write.ref.name)
            return self.objects.pop(key)
        if write.verb is ports.Verb.CREATE:
            if old is not None:
                raise errors.AlreadyExists(write.ref.name)
            return self.put(write.ref.kind, write.body)
        if old is None:
            raise errors.NotFound(write.ref.name)
        if write.verb is ports.Verb.DELETE:
            return self.objects.pop(key)
        body = dict(write.body)
        meta = dict(body.get("metadata", {}))
        for field in ("uid", "resourceVersion"):
            if field in meta and meta.pop(field) != old["metadata"][field]:
                raise errors.Conflict(field)
        body["metadata"] = meta
        if write.subresource == "status":
            body = {"status": body["status"]}
        return self.put(write.ref.kind, merge(old, body))


def _fits(obj, selector):
    """The two forms that the bot lists pods by: ``key=value`` and ``key in (value,value)``."""
    key, word, rest = selector.partition(" in ") if " in " in selector else selector.partition("=")
    values = rest.strip("()").split(",")
    return not word or (obj["metadata"].get("labels") or {}).get(key) in values


def _bare(obj):
    meta = {k: v for k, v in obj["metadata"].items() if k not in {"resourceVersion", "generation"}}
    return {**obj, "metadata": meta}


class Timers:
    def __init__(self):
        self.at = None

    def set(self, key, at):
        self.at = at

    def cancel(self, key):
        self.at = None


class Simulation:
    """One rollout, its pods and its people."""

    def __init__(self, *, steps=(), replicas=5, routed=False, annotations=None, **canary):
        self.cluster, self.timers = Cluster(), Timers()
        self.now, self.events, self.again, self.intents = START, [], False, 0
        self.broken, self.stuck, self.told = set(), set(), None
        self.routed, self.policy = routed, policy.Effective()
        self.loop = asyncio.new_event_loop()
        weakref.finalize(self, self.loop.close)
        if routed:
            canary |= _routed(self.cluster)
        strategy = {"steps": list(steps), **canary}
        self.cluster.put(ports.ROLLOUT, rollout(strategy, replicas, annotations))
        self._build()

    def _build(self):
        kinds = {
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
        caches = worlds.Caches(
            **{n: Cache(self.cluster, kind) for n, kind in kinds.items()},
            workloads={kind: Cache(self.cluster, kind) for kind in workloads.KINDS},
        )
        self.freezes = freezes.Freezes(
            api=self.cluster,
            cache=Cache(self.cluster, ports.CONFIG_MAP),
            rollouts=caches.rollouts,
            namespace=NS,
            clock=lambda: self.now,
        )
        reader = worlds.Reader(
            cluster="test",
            caches=caches,
            routers=routers.table(),
            policy=lambda _: self.policy,
            freezes=self.freezes,
        )
        applier = apply.Applier(
            api=self.cluster, caches=caches, reader=reader, begun=lambda run: None
        )
        self.reconciler = reconcile.Reconciler(
            api=self.cluster,
            reader=reader,
            applier=applier,
            pods=pods.Pods(api=self.cluster, replica_sets=caches.replica_sets),
            clock=lambda: self.now,
            timers=self.timers,
            events=self,
            teller=self,
            index=references.Index(),
            again=lambda key: setattr(self, "again", True),
        )

    def close(self):
        self.loop.close()

    def post(self, *, obj, type, reason, message):
        self.events.append((type, reason, message))

    def tell(self, rollout, spec, status, seen, decision):
        self.told = status

    def forget(self, key):
        self.told = None

    # what is there

    @property
    def raw(self):
        return self.cluster.objects["rollouts", NAME]

    @property
    def status(self):
        return codec_status.decode(self.raw.get("status"))

    def sets(self):
        return [o for (plural, _), o in self.cluster.objects.items() if plural == "replicasets"]

    def sized(self):
        """Pods asked for by image, of every ReplicaSet that has some."""
        return {_image(rs): rs["spec"]["replicas"] for rs in self.sets() if rs["spec"]["replicas"]}

    def available(self, image=None):
        return sum(
            rs.get("status", {}).get("availableReplicas", 0)
            for rs in self.sets()
            if image is None or _image(rs) == image
        )

    def weight(self):
        obj = self.cluster.objects.get(("ingresses", "app-web-canary"))
        if obj is None:
            return 0
        return int(obj["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"])

    def stable_image(self):
        return next((_image(rs) for rs in self.sets() if _hash(rs) == self.status.stable_hash), "")

    def reasons(self):
        return [reason for _, reason, _ in self.events]

    # what moves it

    def once(self):
        """One pass; a failure that the queue would answer with another pass is returned."""
        self.again = False
        try:
            self.loop.run_until_complete(self.reconciler.reconcile(KEY))
        except errors.RolloutBotError as error:
            self.again = True
            return error
        return None

    def kubelet(self):
        """Pods as asked: those of broken images never become ready, stuck ones do not change."""
        moved = False
        for rs in self.sets():
            if _image(rs) in self.stuck:
                continue
            count = rs["spec"]["replicas"]
            ready = 0 if _image(rs) in self.broken else count
            fresh = {
                "replicas": count,
                "readyReplicas": ready,
                "availableReplicas": ready,
                "observedGeneration": rs["metadata"]["generation"],
            }
            moved = moved or rs.get("status") != fresh
            self.cluster.put(ports.REPLICA_SET, {**rs, "status": fresh})
        return moved

    def settle(self, *, check=lambda: None, limit=300):
        """Passes and pods until nothing changes without time or people."""
        for _ in range(limit):
            self.once()
            check()
            moved = self.kubelet()
            check()
            if not (self.again or moved):
                return self
        raise AssertionError("it does not come to rest")

    def wait(self, seconds=None, **how):
        """Let time pass: to the next timer, or all timers within ``seconds``."""
        end = self.now + timedelta(seconds=seconds) if seconds is not None else self.timers.at
        while end is not None and self.timers.at is not None and self.timers.at <= end:
            self.now, self.timers.at = self.timers.at, None
            self.settle(**how)
        self.now = end or self.now
        return self.settle(**how)

    # what people do

    def patch(self, **body):
        self.cluster.put(ports.ROLLOUT, merge(self.raw, body))
        return self

    def write_status(self, **body):
        return self.patch(status=body)

    def ship(self, image):
        containers = [{"name": "app", "image": image}]
        return self.patch(spec={"template": {"spec": {"containers": containers}}})

    def ask(self, kind, **more):
        self.intents += 1
        block = self.status.bot
        intent = status_model.Intent(
            **{
                "id": f"i{self.intents}",
                "kind": kind,
                "revision": self.status.current_hash,
                "step": None,
                "actor": "U0SAM",
                "at": self.now,
                **more,
            }
        )
        raw = codec_block.encode(replace(block, intents=(*block.intents, intent)))
        return self.write_status(rolloutBot=raw)

    def freeze(self, freeze_id="incident", *, seconds=None, namespace="", name="", **more):
        """Somebody freezes; nobody is woken but by what the freeze does."""
        one = policy.Freeze(
            id=freeze_id,
            scope=policy.Scope(namespace=namespace, name=name),
            by="dana (U0DANA)",
            at=self.now,
            until=None if seconds is None else self.now + timedelta(seconds=seconds),
            **{"reason": "db incident", **more},
        )
        self.loop.run_until_complete(self.freezes.add(one))
        return self

    def unfreeze(self, freeze_id="incident"):
        self.loop.run_until_complete(
            self.freezes.change(freeze_id, lambda one: replace(one, lifted_at=self.now))
        )
        return self

    def answers(self):
        return [(h.accepted, h.sentence) for h in self.status.bot.handled]

    def finish_run(self, phase):
        """The verdict of the run that measures now."""
        for (plural, _), run in list(self.cluster.objects.items()):
            if plural == "analysisruns" and not run.get("status", {}).get("phase"):
                self.cluster.put(ports.RUN, {**run, "status": {"phase": phase, "message": "m"}})
        return self


def _image(rs):
    return rs["spec"]["template"]["spec"]["containers"][0]["image"]


def _hash(rs):
    return rs["metadata"]["labels"][revisions.HASH]


def rollout(strategy, replicas=5, annotations=None):
    labels = {"app": "app"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": NAME, "annotations": dict(annotations or {}), "labels": {}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": "one"}]},
            },
            "strategy": {"canary": strategy},
        },
    }


def _routed(cluster):
    for name in ("canary", "stable"):
        body = {"metadata": {"name": name}, "spec": {"selector": {"app": "app"}}}
        cluster.put(ports.SERVICE, body)
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "stable"}}}
    rules = [{"host": "shop.example", "http": {"paths": [path]}}]
    cluster.put(ports.INGRESS, {"metadata": {"name": "web"}, "spec": {"rules": rules}})
    return {
        "canaryService": "canary",
        "stableService": "stable",
        "trafficRouting": {"nginx": {"stableIngress": "web"}},
    }
