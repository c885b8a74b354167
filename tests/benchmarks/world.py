"""The world of a benchmark: rollouts made, shipped, watched. Times are of watch events."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.conformance import cluster

NAMESPACE = "bench"
TIMEOUT_S = 300.0
AT_ONCE = 48


class World:
    """``async with World(kubeconfig=F)``: a namespace of its own, followed by watches."""

    def __init__(self, *, kubeconfig: Path) -> None:
        self.api = cluster.Cluster(kubeconfig=kubeconfig)
        self._main: asyncio.Task[Any]
        self.rollouts: dict[str, dict[str, Any]] = {}
        self.weights: dict[str, int] = {}
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def __aenter__(self) -> Self:
        self._main = asyncio.current_task()
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        with contextlib.suppress(cluster.Refused):
            await self.api.call("POST", "/api/v1/namespaces", body)
        for kind, seen in (("Rollout", self._rollout), ("VirtualService", self._route)):
            task = asyncio.create_task(self._follow(kind, seen))
            task.add_done_callback(self._blind)
            self._tasks.append(task)
        return self

    def _blind(self, task: asyncio.Task[None]) -> None:
        """A watch that died would be measured as a bot that does nothing."""
        if not task.cancelled() and task.exception() is not None:
            self._main.cancel()

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.api.__aexit__()
        if broken := [end for end in ends if isinstance(end, Exception)]:
            raise ExceptionGroup("a watch died", broken)

    async def _follow(self, kind: str, seen: Callable[[str, dict[str, Any]], None]) -> None:
        path = cluster.path_of(NAMESPACE, kind)
        while True:
            found = await self.api.call("GET", path)
            # What went while nobody watched would stay for ever.
            (self.rollouts if kind == "Rollout" else self.weights).clear()
            for obj in found["items"]:
                seen("ADDED", obj)
            # What is waited for may have come about while nobody watched.
            async with self._changed:
                self._changed.notify_all()
            with contextlib.suppress(cluster.Expired, aiohttp.ClientError):
                async for word, obj in self.api.events(
                    path, version=found["metadata"]["resourceVersion"]
                ):
                    if word == "BOOKMARK":
                        continue
                    seen(word, obj)
                    async with self._changed:
                        self._changed.notify_all()

    def _rollout(self, word: str, obj: dict[str, Any]) -> None:
        name = obj["metadata"]["name"]
        if word == "DELETED":
            self.rollouts.pop(name, None)
        else:
            self.rollouts[name] = obj

    def _route(self, word: str, obj: dict[str, Any]) -> None:
        name = obj["metadata"]["name"]
        if word == "DELETED":
            self.weights.pop(name, None)
            return
        for entry in obj["spec"]["http"][0]["route"]:
            if entry["destination"]["host"].endswith("-canary"):
                self.weights[name] = entry.get("weight", 0)

    def phase(self, name: str) -> str | None:
        """The phase, once the present spec was observed."""
        obj = self.rollouts.get(name, {})
        status = obj.get("status") or {}
        if str(status.get("observedGeneration")) != str(obj.get("metadata", {}).get("generation")):
            return None
        return status.get("phase")

    def paused(self, name: str) -> bool:
        status = self.rollouts.get(name, {}).get("status") or {}
        return bool(status.get("pauseConditions")) and self.phase(name) == "Paused"

    async def until(self, holds: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> float:
        """The moment in which ``holds()`` was first seen to be true."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(holds)
        return time.perf_counter()

    def path(self, name: str, sub: str = "") -> str:
        return cluster.path_of(NAMESPACE, "Rollout", name, sub=sub)

    async def say(self, name: str, status: dict[str, Any]) -> float:
        """Write to the status as kubectl would; the moment before."""
        began = time.perf_counter()
        await self.api.merge(self.path(name, "/status"), {"status": status})
        return began

    async def ship(self, name: str, image: str = "nginx:2") -> None:
        template = {"spec": {"containers": [{"name": "c", "image": image}]}}
        async with self._turn:
            await self.api.merge(self.path(name), {"spec": {"template": template}})

    async def make(
        self, name: str, steps: list[dict[str, Any]], *, analysis: dict[str, Any] | None = None
    ) -> None:
        """A rollout of one pod behind a VirtualService of its own."""
        labels = {"app": name}
        async with self._turn:
            for side in ("stable", "canary"):
                body = {"selector": labels, "ports": [{"port": 80}]}
                await self._post("Service", f"{name}-{side}", body, version="v1")
            route = [
                {"destination": {"host": f"{name}-stable"}, "weight": 100},
                {"destination": {"host": f"{name}-canary"}, "weight": 0},
            ]
            spec = {"hosts": [name], "http": [{"name": "primary", "route": route}]}
            await self._post("VirtualService", name, spec, version="networking.istio.io/v1alpha3")
            await self._post("Rollout", name, _spec(name, steps, analysis))

    async def _post(
        self, kind: str, name: str, spec: dict[str, Any], *, version: str = "argoproj.io/v1alpha1"
    ) -> None:
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}
        await self.api.call("POST", cluster.path_of(NAMESPACE, kind), body)

    async def template(self, name: str, metrics: list[dict[str, Any]]) -> None:
        await self._post("AnalysisTemplate", name, {"metrics": metrics})

    async def healthy(self, names: list[str]) -> None:
        await self.until(lambda: all(self.phase(name) == "Healthy" for name in names))

    async def _delete(self, path: str, options: dict[str, Any]) -> None:
        """The server deletes one after the other and gives up after its own limit: ask again."""
        for left in range(20, -1, -1):
            try:
                await self.api.call("DELETE", path, options, timeout_s=TIMEOUT_S)
            except cluster.Refused as refused:
                if refused.status != HTTPStatus.GATEWAY_TIMEOUT or not left:
                    raise
            else:
                return

    async def clear(self) -> None:
        """Take everything away again, and wait for it."""
        options = {"propagationPolicy": "Background"}
        for kind in ("Rollout", "AnalysisTemplate", "VirtualService", "Service", "AnalysisRun"):
            path = cluster.path_of(NAMESPACE, kind)
            await self._delete(path, options)
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                pods = await self.api.call("GET", cluster.path_of(NAMESPACE, "Pod") + "?limit=1")
                if not pods["items"] and not self.rollouts:
                    return
                await asyncio.sleep(0.2)


def _spec(
    name: str, steps: list[dict[str, Any]], analysis: dict[str, Any] | None
) -> dict[str, Any]:
    canary: dict[str, Any] = {
        "steps": steps,
        "maxSurge": 1,
        "maxUnavailable": 0,
        "canaryService": f"{name}-canary",
        "stableService": f"{name}-stable",
        "trafficRouting": {"istio": {"virtualService": {"name": name, "routes": ["primary"]}}},
    }
    if analysis:
        canary["analysis"] = analysis
    pod = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "nginx:1"}]}
    return {
        "replicas": 1,
        "revisionHistoryLimit": 2,
        "selector": {"matchLabels": {"app": name}},
        "strategy": {"canary": canary},
        "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
    }
