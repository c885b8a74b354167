"""What the demo saw: the route, the rollout and the runs, each with its time.

Only recording. What it means is decided in ``checks``.
"""

import asyncio
import dataclasses
import time
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
    """Something of the API server changed: ``kind`` weight, phase or run."""

    at: float
    kind: str
    value: Any


class Witness:
    """Everything seen, oldest first; ``changed`` is set at every new sight."""

    def __init__(self, *, namespace: str, name: str, route: str) -> None:
        self._namespace, self._name, self._route = namespace, name, route
        self.sights: list[Sight] = []
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

    def _saw(self, kind: str, value: Any) -> None:
        if self.last(kind) != value:
            self.sights.append(Sight(at=time.time(), kind=kind, value=value))
            self.changed.set()
