"""The stage of the teaching material on a real control plane: its time, its apps, their answers.

Time goes twenty times as fast: pauses and intervals are shortened, and what a query looks back on
is short in the same way.
"""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.core import durations
from bot.model import ports
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
    """The objects of one namespace as they were a moment ago, and what its app has counted."""

    objects: dict[tuple[str, str], Object] = field(default_factory=dict)
    seen: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.app = traffic.App(self)

    def all(self, kind: ports.Kind) -> list[Object]:
        return [one for (plural, _), one in self.objects.items() if plural == kind.plural]

    def find(self, kind: ports.Kind, name: str) -> Object | None:
        return self.objects.get((kind.plural, name))

    def note(self) -> None:
        """What share of its users each revision has now."""
        for rollout in self.all(ports.ROLLOUT):
            if (rollout.get("status") or {}).get("stableRS"):
                for pod_hash, share in traffic.shares(self, rollout).items():
                    seen = self.seen.setdefault(pod_hash, [])
                    if seen[-1:] != [round(share * 100)]:
                        seen.append(round(share * 100))


@dataclass(kw_only=True)
class Stage:
    """All namespaces, looked at together; ``url`` answers for their apps."""

    plane: ControlPlane
    mark: str
    url: str = ""
    mirrors: dict[str, Mirror] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: Any = None) -> Object:
        return await asyncio.to_thread(self.plane.client.call, method, path, body)

    async def look(self) -> None:
        """Again and again; the counters go on in the time of the material."""
        while True:
            for kind in SEEN:
                root = f"/apis/{kind.group}/{kind.version}" if kind.group else "/api/v1"
                listed = await self.call("GET", f"{root}/{kind.plural}")
                self._keep(kind, listed["items"])
            for mirror in self.mirrors.values():
                mirror.app.scrape(now_s())
                mirror.note()
            await asyncio.sleep(LOOK_S)

    def _keep(self, kind: ports.Kind, items: list[Object]) -> None:
        for name, mirror in self.mirrors.items():
            for key in [key for key in mirror.objects if key[0] == kind.plural]:
                del mirror.objects[key]
            for one in items:
                if one["metadata"]["namespace"] == name:
                    mirror.objects[kind.plural, one["metadata"]["name"]] = one

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
