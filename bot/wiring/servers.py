"""The two HTTP ports: health for the kubelet, metrics for Prometheus."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from bot import settings
from bot.adapters import meter as meters


class Servers:
    """``/healthz`` and ``/readyz`` on one port, ``/metrics`` on the other."""

    def __init__(
        self,
        chosen: settings.Settings,
        *,
        ready: Callable[[], str],
        meter: meters.Meter,
    ) -> None:
        self._chosen = chosen
        self._ready = ready
        self._meter = meter
        self._runners: list[web.AppRunner] = []
        self.health_port = 0
        self.metrics_port = 0

    async def start(self) -> None:
        health = web.Application()
        health.router.add_get("/healthz", self._alive)
        health.router.add_get("/readyz", self._is_ready)
        metrics = web.Application()
        metrics.router.add_get("/metrics", self._metrics)
        self.health_port = await self._serve(health, self._chosen.healthz_port)
        self.metrics_port = await self._serve(metrics, self._chosen.metrics_port)

    async def _serve(self, app: web.Application, port: int) -> int:
        runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=2)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, self._chosen.bind_address, port)
        await site.start()
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()

    def write_ports(self, path: str) -> None:
        """Tell whoever started us which ports were free."""
        if path:
            found = {"health": self.health_port, "metrics": self.metrics_port}
            Path(path).write_text(json.dumps(found), encoding="utf-8")

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _is_ready(self, _request: web.Request) -> web.Response:
        because = self._ready()
        return web.Response(text=because or "ok", status=503 if because else 200)

    async def _metrics(self, _request: web.Request) -> web.Response:
        # What is there is listed at once; writing all of it down would be felt on the loop.
        body = await asyncio.to_thread(self._meter.snapshot().text)
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4"})
