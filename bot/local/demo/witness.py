"""What the demo saw: the route, the rollout and the runs, each with its time.

Only recording. What it means is decided in ``checks``.
"""

import asyncio
import dataclasses
import time
from collections.abc import Coroutine, Iterable
from typing import Any, Protocol

from bot.local.demo import kube


class Answer(Protocol):
    """One request through the proxy, as the load saw it; status 0: no answer."""

    @property
    def t(self) -> float: ...

    @property
    def revision(self) -> str: ...

    @property
    def status(self) -> int: ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Something of the API server changed: ``kind`` weight, active, preview, phase or run."""

    at: float
    kind: str
    value: Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Of Approve, by a person: how long it could have been pressed before, what came of it."""

    at: float
    open_s: float
    weight: int | None
    by: str
    asked: str
    answer: Any


class Witness:
    """Everything seen, oldest first; ``changed`` is set at every new sight."""

    def __init__(self, *, namespace: str, name: str) -> None:
        self._namespace, self._name = namespace, name
        self.sights: list[Sight] = []
        self.rollout: kube.Object = {}
        self.runs: dict[str, kube.Object] = {}
        self.changed = asyncio.Event()

    def last(self, kind: str) -> Any:
        return next((s.value for s in reversed(self.sights) if s.kind == kind), None)

    def traffic(self, api: kube.Kube, rollout: kube.Object) -> list[Coroutine[Any, Any, None]]:
        """Watches of what moves users for this Rollout: its router, or its two Services."""
        strategy = rollout["spec"]["strategy"]
        if two := strategy.get("blueGreen"):
            return [
                self.watch_service(api, service=two["activeService"], kind="active"),
                self.watch_service(api, service=two["previewService"], kind="preview"),
            ]
        canary = strategy["canary"]
        routing, service = canary["trafficRouting"], canary["canaryService"]
        if nginx := routing.get("nginx"):
            name = f"{self._name}-{nginx['stableIngress']}-canary"
            return [self.watch_ingress(api, ingress=name)]
        name = routing["istio"]["virtualService"]["name"]
        return [self.watch_virtual_service(api, route=name, canary=service)]

    async def watch_virtual_service(self, api: kube.Kube, *, route: str, canary: str) -> None:
        """The canary Service's weight in the VirtualService."""
        path = f"/apis/networking.istio.io/v1alpha3/namespaces/{self._namespace}/virtualservices"
        async for found in api.watch(path, fields=f"metadata.name={route}"):
            weights = [
                entry.get("weight", 0)
                for rule in found["spec"].get("http") or []
                for entry in rule.get("route") or []
                if entry["destination"]["host"].partition(".")[0] == canary
            ]
            self._saw("weight", max(weights, default=0))

    async def watch_ingress(self, api: kube.Kube, *, ingress: str) -> None:
        """The weight on the canary Ingress that the bot made."""
        path = f"/apis/networking.k8s.io/v1/namespaces/{self._namespace}/ingresses"
        async for found in api.watch(path, fields=f"metadata.name={ingress}"):
            notes = found["metadata"].get("annotations") or {}
            self._saw("weight", int(notes.get("nginx.ingress.kubernetes.io/canary-weight", 0)))

    async def watch_service(self, api: kube.Kube, *, service: str, kind: str) -> None:
        """The revision that a Service selects."""
        path = f"/api/v1/namespaces/{self._namespace}/services"
        async for found in api.watch(path, fields=f"metadata.name={service}"):
            selector = found["spec"].get("selector") or {}
            self._saw(kind, selector.get("rollouts-pod-template-hash", ""))

    async def watch_rollout(self, api: kube.Kube) -> None:
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{self._namespace}/rollouts"
        async for found in api.watch(path, fields=f"metadata.name={self._name}"):
            self.rollout = found
            status = found.get("status") or {}
            current = status.get("observedGeneration") == str(found["metadata"]["generation"])
            self._saw("phase", status.get("phase", "") if current else "")
            self.changed.set()

    async def watch_runs(self, api: kube.Kube, *, known: Iterable[str] = ()) -> None:
        """The analysis runs of this Rollout but those that were ``known`` before."""
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{self._namespace}/analysisruns"
        earlier = frozenset(known)
        async for found in api.watch(path):
            name, phase = found["metadata"]["name"], (found.get("status") or {}).get("phase", "")
            if name in earlier:
                continue
            former = self.runs.get(name)
            self.runs[name] = found
            if former is None or (former.get("status") or {}).get("phase", "") != phase:
                self.sights.append(Sight(at=time.time(), kind="run", value=(name, phase)))
                self.changed.set()

    def _saw(self, kind: str, value: Any) -> None:
        if self.last(kind) != value:
            self.sights.append(Sight(at=time.time(), kind=kind, value=value))
            self.changed.set()
