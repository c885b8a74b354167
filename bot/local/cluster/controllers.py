"""What runs beside the API server: ReplicaSets, pods of the built-in kind, garbage, namespaces."""

import asyncio
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bot.local.cluster import resources, store

RS = resources.BY_PATH["apps", "v1", "replicasets"]
POD = resources.BY_PATH["", "v1", "pods"]
NAMESPACE = resources.BY_PATH["", "v1", "namespaces"]
NEVER = ("does-not-exist", "never-ready", "crash-")


class Controllers:
    """Reacts to changes of the store, one turn of the loop later."""

    def __init__(self, shelves: store.Store, *, builtin_pods: bool, ready_delay_s: float) -> None:
        self._store = shelves
        self._builtin = builtin_pods
        self._delay = ready_delay_s
        self._dirty: set[tuple[str, str]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        shelves.listeners.append(self._heard)

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def _later(self, seconds: float, work: Any, *args: Any) -> None:
        loop = asyncio.get_running_loop()
        self._timers.add(timer := loop.call_later(seconds, work, *args))
        if len(self._timers) > 1000:
            self._timers = {
                one for one in self._timers if not one.cancelled() and one.when() > loop.time()
            }
            self._timers.add(timer)

    def _heard(self, kind: resources.Resource, change: store.Change) -> None:
        meta = change.new["metadata"]
        if change.type == "DELETED":
            self._later(0, self._collect, meta["uid"])
        if kind == RS and change.type != "DELETED":
            self._mark(meta["namespace"], meta["name"])
        if kind == POD:
            for owner in meta.get("ownerReferences") or ():
                if owner.get("kind") == "ReplicaSet":
                    self._mark(meta["namespace"], owner["name"])
            if change.type == "ADDED" and self._builtin:
                self._later(self._delay, self._start_pod, meta["namespace"], meta["name"])

    def _mark(self, namespace: str, name: str) -> None:
        if (namespace, name) not in self._dirty:
            self._dirty.add((namespace, name))
            self._later(0, self._replicas, namespace, name)

    def _replicas(self, namespace: str, name: str) -> None:
        """One ReplicaSet: as many pods as it asks for, and their counts in its status."""
        self._dirty.discard((namespace, name))
        rs = self._store.shelf(RS).objects.get((namespace, name))
        if rs is None:
            return
        pods = [
            pod
            for pod in self._store.all(POD, namespace)
            if any(o.get("uid") == rs["metadata"]["uid"] for o in _owners(pod))
            and not pod["metadata"].get("deletionTimestamp")
        ]
        wanted = rs["spec"].get("replicas", 1)
        for _ in range(wanted - len(pods)):
            self._new_pod(rs)
        for pod in sorted(pods, key=_worth)[: max(0, len(pods) - wanted)]:
            self.delete_pod(pod)
        self._count(rs, pods, wanted)

    def _new_pod(self, rs: store.Object) -> None:
        meta, template = rs["metadata"], rs["spec"]["template"]
        owner = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                **template.get("metadata", {}),
                "name": f"{meta['name']}-{uuid.uuid4().hex[:5]}",
                "ownerReferences": [owner],
            },
            "spec": template.get("spec", {}),
        }
        self._store.create(POD, meta["namespace"], body)

    def delete_pod(self, pod: store.Object, *, at_once: bool = False) -> store.Object:
        """A pod on a node that somebody else runs only ends when that somebody says so."""
        grace = (pod.get("spec") or {}).get("terminationGracePeriodSeconds", 30)
        runs = (pod.get("spec") or {}).get("nodeName")
        if at_once or self._builtin or not runs or grace == 0:
            return self._store.remove(POD, pod)
        if pod["metadata"].get("deletionTimestamp"):
            return pod
        marked = {**pod, "metadata": {**pod["metadata"], "deletionTimestamp": store.stamp()}}
        return self._store._keep(POD, "MODIFIED", pod, marked)  # noqa: SLF001 - the store's other half

    def _count(self, rs: store.Object, pods: list[store.Object], wanted: int) -> None:
        ready = [pod for pod in pods if _ready_since(pod) is not None]
        least = rs["spec"].get("minReadySeconds", 0)
        now = datetime.now(UTC)
        ages = [(now - since).total_seconds() for p in ready if (since := _ready_since(p))]
        available = sum(1 for age in ages if age >= least)
        if available < len(ready):
            self._later(
                min(least - age for age in ages if age < least) + 0.05,
                self._mark,
                rs["metadata"]["namespace"],
                rs["metadata"]["name"],
            )
        status: dict[str, Any] = {
            "replicas": min(len(pods), wanted) if len(pods) > wanted else len(pods),
            "fullyLabeledReplicas": min(len(pods), wanted),
            "readyReplicas": min(len(ready), wanted),
            "availableReplicas": min(available, wanted),
            "observedGeneration": rs["metadata"]["generation"],
        }
        kept = {key: value for key, value in status.items() if value or key == "replicas"}
        current = self._store.get(RS, rs["metadata"]["namespace"], rs["metadata"]["name"])
        if current.get("status") != kept:
            self._store.replace(RS, current, {**current, "status": kept}, part="status")

    def _start_pod(self, namespace: str, name: str) -> None:
        pod = self._store.shelf(POD).objects.get((namespace, name))
        if pod is None:
            return
        images = [c.get("image", "") for c in pod["spec"].get("containers", [])]
        if any(word in image for word in NEVER for image in images):
            self._waiting(pod)
            return
        now = store.stamp()
        states = [
            {
                "name": c.get("name"),
                "ready": True,
                "started": True,
                "restartCount": 0,
                "image": c.get("image"),
                "state": {"running": {"startedAt": now}},
            }
            for c in pod["spec"].get("containers", [])
        ]
        status = {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "startTime": now,
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": now}],
            "containerStatuses": states,
        }
        self._store.replace(POD, pod, {**pod, "status": status}, part="status")

    def _waiting(self, pod: store.Object) -> None:
        now = store.stamp()
        states = [
            {
                "name": c.get("name"),
                "ready": False,
                "restartCount": 0,
                "image": c.get("image"),
                "state": {
                    "waiting": {"reason": "ErrImagePull", "message": "image cannot be pulled"}
                },
            }
            for c in pod["spec"].get("containers", [])
        ]
        status = {
            "phase": "Pending",
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": now}],
            "containerStatuses": states,
        }
        self._store.replace(POD, pod, {**pod, "status": status}, part="status")

    def _collect(self, uid: str) -> None:
        """Background garbage collection: what was owned by ``uid`` goes."""
        for kind, obj in self._everything():
            owners = _owners(obj)
            if owners and any(o.get("uid") == uid for o in owners):
                left = [o for o in owners if o.get("uid") != uid]
                if left:
                    meta = {**obj["metadata"], "ownerReferences": left}
                    self._store.replace(kind, obj, {**obj, "metadata": meta})
                elif kind == POD:
                    self.delete_pod(obj)
                else:
                    self._store.remove(kind, obj)

    def empty_namespace(self, name: str) -> None:
        """Everything in a namespace that was deleted goes with it."""
        for kind, obj in self._everything():
            if obj["metadata"].get("namespace") == name:
                self._store.remove(kind, obj)

    def _everything(self) -> Iterable[tuple[resources.Resource, store.Object]]:
        for kind in resources.ALL:
            for obj in self._store.all(kind):
                yield kind, obj


def _owners(obj: store.Object) -> list[dict[str, Any]]:
    return list(obj["metadata"].get("ownerReferences") or ())


def _ready_since(pod: store.Object) -> datetime | None:
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Ready" and condition.get("status") == "True":
            raw = condition.get("lastTransitionTime") or pod["metadata"]["creationTimestamp"]
            return datetime.fromisoformat(str(raw))
    return None


def _worth(pod: store.Object) -> tuple[bool, str]:
    """Pods that are not ready go first, then the youngest."""
    created = pod["metadata"]["creationTimestamp"]
    newest_first = "".join(chr(0x10FFFF - ord(letter)) for letter in created)
    return _ready_since(pod) is not None, newest_first
