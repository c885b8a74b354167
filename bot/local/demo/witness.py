"""What the demo saw: the route, the rollout, the runs and the answers, each with its time.

Only recording. What it means is decided in ``checks``.
"""

import asyncio
import contextlib
import dataclasses
import time
from typing import Any

import aiohttp

from bot.local.demo import kube

RATE = 60.0  # requests a second: 5 s of 10 % are 30 requests of the canary
IN_FLIGHT = 16
REQUEST_S = 3.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request through the proxy; ``revision`` is its x-revision, status 0: no answer."""

    at: float
    revision: str
    status: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Something of the API server changed: ``kind`` weight, phase or run."""

    at: float
    kind: str
    value: Any


class Witness:
    """Everything seen, oldest first; ``changed`` is set at every new sight."""

    def __init__(self, *, namespace: str, name: str, route: str) -> None:
        self._namespace, self._name, self._route = namespace, name, route
        self.sights: list[Sight] = []
        self.answers: list[Answer] = []
        self.rollout: kube.Object = {}
        self.changed = asyncio.Event()

    def last(self, kind: str) -> Any:
        return next((s.value for s in reversed(self.sights) if s.kind == kind), None)

    async def watch_route(self, api: kube.Kube, *, canary: str) -> None:
        """The canary Service's weight in the VirtualService."""
        path = f"/apis/networking.istio.io/v1alpha3/namespaces/{self._namespace}/virtualservices"
        async for found in api.watch(path, fields=f"metadata.name={self._route}"):
            weights = [
                entry.get("weight", 0)
                for rule in found["spec"].get("http") or []
                for entry in rule.get("route") or []
                if entry["destination"]["host"].partition(".")[0] == canary
            ]
            self._saw("weight", max(weights, default=0))

    async def watch_rollout(self, api: kube.Kube) -> None:
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{self._namespace}/rollouts"
        async for found in api.watch(path, fields=f"metadata.name={self._name}"):
            self.rollout = found
            status = found.get("status") or {}
            current = status.get("observedGeneration") == str(found["metadata"]["generation"])
            self._saw("phase", status.get("phase", "") if current else "")
            self.changed.set()

    async def watch_runs(self, api: kube.Kube) -> None:
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{self._namespace}/analysisruns"
        seen: dict[str, str] = {}
        async for found in api.watch(path):
            name, phase = found["metadata"]["name"], (found.get("status") or {}).get("phase", "")
            if seen.get(name) != phase:
                seen[name] = phase
                self.sights.append(Sight(at=time.time(), kind="run", value=(name, phase)))
                self.changed.set()

    async def send(self, url: str, *, host: str) -> None:
        """Requests at an even rate, until cancelled."""
        slots = asyncio.Semaphore(IN_FLIGHT)
        limit = aiohttp.ClientTimeout(total=REQUEST_S)
        async with aiohttp.ClientSession(timeout=limit) as http, asyncio.TaskGroup() as group:
            due = time.monotonic()
            while True:
                due = max(due + 1 / RATE, time.monotonic() - 1)
                await asyncio.sleep(due - time.monotonic())
                await asyncio.wait_for(slots.acquire(), 2 * REQUEST_S)
                group.create_task(self._ask(http, url, host, slots))

    async def _ask(
        self, http: aiohttp.ClientSession, url: str, host: str, slots: asyncio.Semaphore
    ) -> None:
        at, revision, status = time.time(), "", 0
        try:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with http.get(url, headers={"Host": host}) as answer:
                    await answer.read()
                    revision, status = answer.headers.get("x-revision", ""), answer.status
        finally:
            slots.release()
        self.answers.append(Answer(at=at, revision=revision, status=status))

    def _saw(self, kind: str, value: Any) -> None:
        if self.last(kind) != value:
            self.sights.append(Sight(at=time.time(), kind=kind, value=value))
            self.changed.set()
