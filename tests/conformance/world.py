"""Everything watched in one namespace, and what became of it: states, path, events.

What a point of a recording holds is in ``snapshot``.
"""

import asyncio
import contextlib
import re
import time
from typing import Any

import aiohttp

from tests.conformance import cluster as clusters
from tests.conformance.cluster import Cluster, Object

NAME = "app"
HASH = "rollouts-pod-template-hash"
REVISION = "rollout.argoproj.io/revision"
CANARY_WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"
WATCHED = (
    "Rollout",
    "ReplicaSet",
    "Service",
    "VirtualService",
    "DestinationRule",
    "Ingress",
    "AnalysisRun",
    "Experiment",
    "Deployment",
    "Event",
    "Job",
)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
GOING = (None, "", "Pending", "Running")


class World:
    """One namespace. ``watch`` runs for each kind in a task of its own."""

    def __init__(self, *, cluster: Cluster, namespace: str) -> None:
        self.namespace = namespace
        self.seen: dict[str, dict[str, Object]] = {kind: {} for kind in WATCHED}
        self.path: list[list[Any]] = []
        self.events: list[list[str]] = []
        self.revisions: dict[str, str] = {}
        # Pods asked for and pods available, after each change of a ReplicaSet.
        self.pods: list[tuple[int, int]] = []
        self._cluster = cluster
        self._counted: dict[str, int] = {}
        self._changed_at = time.monotonic()
        self._changed = asyncio.Event()

    async def watch(self, kind: str) -> None:
        """Until cancelled; a kind that is not installed is never seen."""
        while True:
            try:
                await self._list_and_watch(kind)
            except clusters.Refused:
                return
            except (aiohttp.ClientError, TimeoutError, clusters.Expired):
                await asyncio.sleep(0.2)

    async def _list_and_watch(self, kind: str) -> None:
        path = clusters.path_of(self.namespace, kind)
        listed = await self._cluster.call("GET", path)
        for item in listed["items"]:
            self._note(kind, item)
        version = listed["metadata"]["resourceVersion"]
        async with contextlib.aclosing(self._cluster.events(path, version=version)) as events:
            async for change, item in events:
                if change != "BOOKMARK":
                    self._note(kind, item, deleted=change == "DELETED")

    def _note(self, kind: str, item: Object, *, deleted: bool = False) -> None:
        if kind == "Event":
            self._note_event(item)
            return
        name = item["metadata"]["name"]
        if deleted:
            self.seen[kind].pop(name, None)
        else:
            self.seen[kind][name] = item
            if kind == "ReplicaSet" and (found := item["metadata"].get("labels", {}).get(HASH)):
                self.revisions.setdefault(found, f"h{len(self.revisions) + 1}")
        if kind == "ReplicaSet":
            self.pods.append(self._counted_pods())
        self._changed_at = time.monotonic()
        state = self.state()
        if state and (not self.path or self.path[-1] != state):
            self.path.append(state)
        self._changed.set()

    def _counted_pods(self) -> tuple[int, int]:
        sets = self.seen["ReplicaSet"].values()
        asked = sum(rs["spec"].get("replicas", 0) for rs in sets)
        return asked, sum(rs.get("status", {}).get("availableReplicas", 0) for rs in sets)

    def _note_event(self, item: Object) -> None:
        name, count = item["metadata"]["name"], item.get("count") or 1
        about = item.get("involvedObject", {}).get("kind")
        if about == "Rollout" and self._counted.get(name, 0) < count:
            self._counted[name] = count
            self.events.append([item.get("type"), item.get("reason"), item.get("message", "")])

    def rollout(self) -> Object | None:
        return self.seen["Rollout"].get(NAME)

    def is_current(self) -> bool:
        """The status speaks of the present spec."""
        found = self.rollout()
        if not found or "status" not in found:
            return False
        told = str(found["status"].get("observedGeneration"))
        return told == str(found["metadata"]["generation"])

    def weight(self) -> int | None:
        """What the router was told; None without a router."""
        if found := self.seen["VirtualService"].get(NAME):
            return _virtual_service_weight(found)
        for name, ingress in self.seen["Ingress"].items():
            if name.endswith("-canary"):
                return int(ingress["metadata"].get("annotations", {}).get(CANARY_WEIGHT, 0))
        return None

    def state(self) -> list[Any] | None:
        """Phase, message, step, weight, aborted: one stop of the path."""
        found = self.rollout()
        if found is None or not self.is_current():
            return None
        status = found["status"]
        return [
            status.get("phase"),
            status.get("message", ""),
            status.get("currentStepIndex"),
            self.weight(),
            bool(status.get("abort")),
        ]

    def facts(self) -> Object:
        """What a ``wait`` of a scenario may name."""
        found = self.rollout() or {}
        status = found.get("status", {})
        phase, message, step, weight, aborted = self.state() or [None] * 5
        runs = [run.get("status", {}).get("phase") for run in self.seen["AnalysisRun"].values()]
        sides = status.get("blueGreen", {})
        annotations = found.get("metadata", {}).get("annotations", {})
        return {
            "phase": phase,
            "message": message,
            "step": step,
            "weight": weight,
            "aborted": aborted,
            "revision": int(annotations.get(REVISION, 0)),
            "stable": self.revisions.get(status.get("stableRS", "")),
            "paused": bool(status.get("pauseConditions")),
            "runs": len(runs),
            "running": sum(1 for phase in runs if phase in GOING),
            "available": status.get("availableReplicas", 0),
            "updated": status.get("updatedReplicas", 0),
            "replicas": status.get("replicas", 0),
            "experiments": len(self.seen["Experiment"]),
            "active": self.revisions.get(sides.get("activeSelector", "")),
            "preview": self.revisions.get(sides.get("previewSelector", "")),
        }

    async def until(self, want: Object, *, timeout_s: float) -> None:
        """Raise TimeoutError with what is there instead."""
        deadline = time.monotonic() + timeout_s
        while not self._is(want):
            left = deadline - time.monotonic()
            if left <= 0:
                have = self.facts()
                raise TimeoutError(f"waited {timeout_s} s for {want}, have {have}")
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), min(left, 1))

    def _is(self, want: Object) -> bool:
        facts = self.facts()
        return self.is_current() and all(facts.get(k) == v for k, v in want.items())

    async def rest(self, *, quiet_s: float, at_most_s: float = 8) -> None:
        """Return when nothing has changed for ``quiet_s``."""
        deadline = time.monotonic() + at_most_s
        while time.monotonic() < min(deadline, self._changed_at + quiet_s):
            await asyncio.sleep(0.05)

    def clean(self, value: Any) -> Any:
        """Hashes by revision, and without what differs between any two runs."""
        match value:
            case dict():
                return {self.clean(k): self.clean(v) for k, v in value.items()}
            case list():
                return [self.clean(v) for v in value]
            case str():
                for found, name in self.revisions.items():
                    value = value.replace(found, name)
                return UID.sub("U", TIME.sub("T", value)).replace(self.namespace, "NS")
        return value


def _virtual_service_weight(found: Object) -> int:
    routes = found["spec"]["http"]
    route = next((r for r in routes if r.get("name") == "primary"), routes[-1])["route"]
    for entry in route:
        target = entry["destination"]
        if "canary" in target.get("host", "") + target.get("subset", ""):
            return entry.get("weight", 0)
    return 0
