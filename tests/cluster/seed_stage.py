"""The stage of the teaching material on a real control plane: its time, its apps, their answers.

Time goes twenty times as fast: pauses and intervals are shortened, and what a query looks back on
is short in the same way.
"""

import asyncio
import contextlib
import functools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot import settings
from bot.adapters.kubernetes import informer
from bot.core import durations
from bot.model import ports
from bot.runtime import tasks
from bot.wiring import serving
from tests.cluster.control_plane import ControlPlane
from tests.examples import traffic

SPEED = 20
KEY = "a-key-of-the-stage"
LOOK_S = traffic.SCRAPE_S / SPEED
TIMES = {"duration", "interval", "initialDelay", "scaleDownDelaySeconds"}
SEEN = (
    ports.ROLLOUT,
    ports.REPLICA_SET,
    ports.SERVICE,
    ports.INGRESS,
    ports.VIRTUAL_SERVICE,
    ports.DESTINATION_RULE,
    ports.RUN,
    ports.EXPERIMENT,
)
Object = dict[str, Any]


@dataclass(kw_only=True)
class Mirror:
    """The objects of one namespace as its watches tell them, and what its app has counted."""

    objects: dict[tuple[str, str], Object] = field(default_factory=dict)
    seen: dict[str, list[int]] = field(default_factory=dict)
    scrapes: int = 0

    def __post_init__(self) -> None:
        self.app = traffic.App(self)

    def all(self, kind: ports.Kind) -> list[Object]:
        return [one for (plural, _), one in self.objects.items() if plural == kind.plural]

    def find(self, kind: ports.Kind, name: str) -> Object | None:
        return self.objects.get((kind.plural, name))

    def changed(self, kind: ports.Kind, old: Object | None, new: Object | None) -> None:
        name = (new or old or {})["metadata"]["name"]
        if new is None:
            self.objects.pop((kind.plural, name), None)
        else:
            self.objects[kind.plural, name] = new
        self._note()

    def _note(self) -> None:
        """What share of its users each revision has now."""
        for rollout in self._open():
            for pod_hash, share in traffic.shares(self, rollout).items():
                seen = self.seen.setdefault(pod_hash, [])
                if seen[-1:] != [round(share * 100)]:
                    seen.append(round(share * 100))

    def scrape(self) -> None:
        self.app.scrape(now_s())
        # Two points and more have a rate.
        self.scrapes += bool(self._open())

    def _open(self) -> list[Object]:
        """Rollouts that have users: what they name is all there."""
        found = self.all(ports.ROLLOUT)
        return [one for one in found if (one.get("status") or {}).get("stableRS")]


@dataclass(kw_only=True)
class Stage:
    """All namespaces, looked at together; ``url`` answers for their apps."""

    plane: ControlPlane
    mark: str
    url: str = ""
    mirrors: dict[str, Mirror] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: Any = None) -> Object:
        return await asyncio.to_thread(self.plane.client.call, method, path, body)

    @contextlib.asynccontextmanager
    async def looked_at(self) -> AsyncIterator[None]:
        """Watched and not listed again and again: no share is missed on a busy machine."""
        chosen = settings.Settings(kubeconfig=str(self.plane.kubeconfig))
        async with serving.connected(chosen) as client:
            caches = [
                informer.Informer(
                    source=client, kind=kind, on_change=functools.partial(self._changed, kind)
                )
                for kind in SEEN
            ]
            running = [tasks.spawn(cache.run(), name="look") for cache in caches]
            try:
                for cache in caches:
                    await cache.synced.wait()
                yield
            finally:
                await tasks.cancel(*running)

    def _changed(self, kind: ports.Kind, old: Object | None, new: Object | None) -> None:
        mirror = self.mirrors.get((new or old or {})["metadata"]["namespace"])
        if mirror is not None:
            mirror.changed(kind, old, new)

    async def scrape(self) -> None:
        """Again and again; the counters go on in the time of the material."""
        while True:
            for mirror in self.mirrors.values():
                mirror.scrape()
            await asyncio.sleep(LOOK_S)

    async def answer(self, request: web.Request) -> web.Response:
        """As Prometheus answers, Datadog and New Relic, and as the web service of a manifest."""
        if request.match_info["tail"] == "health":
            return web.json_response({"health": {"status": "healthy"}})
        app = self.mirrors[request.match_info["namespace"]].app
        if request.headers.get("DD-API-KEY") == KEY:
            return web.Response(body=traffic.dog_body(app, now_s()))
        if request.headers.get("API-Key") == KEY:
            nrql = {"results": traffic.relic_rows(app, now_s())}
            return web.json_response({"data": {"actor": {"account": {"nrql": nrql}}}})
        found = app.ask(request.query["query"], now_s())
        if isinstance(found, float):
            data = {"resultType": "scalar", "result": [0, repr(found)]}
        else:
            result = [{"metric": {}, "value": [0, repr(value)]} for value in found.values()]
            data = {"resultType": "vector", "result": result}
        return web.json_response({"status": "success", "data": data})


def now_s() -> float:
    return asyncio.get_running_loop().time() * SPEED


def shortened(value: Any, key: str = "") -> Any:
    """The same manifest for a world in which time goes faster."""
    if isinstance(value, dict):
        return {name: shortened(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [shortened(one) for one in value]
    if key not in TIMES or isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]+[smh]", value):
        return f"{max(1, round(durations.parse_go(value).total_seconds() / SPEED))}s"
    return max(1, round(value / SPEED)) if isinstance(value, int) else value


def pointed(value: Any, url: str) -> Any:
    """Every metric asks the stage."""
    if isinstance(value, list):
        return [pointed(one, url) for one in value]
    if not isinstance(value, dict):
        return value
    out = {name: pointed(inner, url) for name, inner in value.items()}
    provider = out.get("provider")
    if isinstance(provider, dict) and "prometheus" in provider:
        provider["prometheus"]["address"] = url
    if isinstance(provider, dict) and "web" in provider:
        provider["web"]["url"] = f"{url}/health"
    return out
