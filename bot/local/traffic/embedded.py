"""A stand-in for Prometheus where there is none: scrapes the same pods, answers the same API.

Good for the queries of the demo; what it does not understand gets the error that a real server
would send for a bad query. The demo says which of the two it uses.
"""

import asyncio
import collections
import math
import re
import time
from typing import Any

import aiohttp
from aiohttp import web

from bot.local.traffic import errors, evaluate, jobs, promql

HOST = "127.0.0.1"
SCRAPE_S = 1.0
_CALL_S = 0.9
_POINTS = 1800
_STEPS = 11_000
_STOP_S = 1.0
_LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


class Embedded:
    """The same few names as ``prometheus.Prometheus`` has."""

    source = "embedded"

    def __init__(self, *, port: int = 0) -> None:
        self.url = ""
        self._port = port
        self._ports: list[int] = []
        self._series: dict[evaluate.Labels, collections.deque[tuple[float, float]]] = {}
        self._jobs = jobs.Jobs()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        for method in ("GET", "POST"):
            app.router.add_route(method, "/api/v1/query", self._query)
            app.router.add_route(method, "/api/v1/query_range", self._range)
        app.router.add_get("/-/ready", _ready)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        self.url = f"http://{HOST}:{self._runner.addresses[0][1]}"
        self._jobs.start(self._scrapes(), name="scrape")

    async def stop(self) -> None:
        await self._jobs.stop()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await asyncio.wait_for(runner.cleanup(), 2 * _STOP_S)

    def targets(self, ports: list[int]) -> None:
        """From now on scrape these."""
        self._ports = list(ports)

    def take(self, text: str, *, instance: str, at: float) -> None:
        """The samples of one scrape."""
        for line in text.splitlines():
            if match := _LINE.match(line):
                name, inside, value = match.groups()
                labels = {"__name__": name, "instance": instance, "job": "pods"}
                labels |= dict(_LABEL.findall(inside or ""))
                key = tuple(sorted(labels.items()))
                points = self._series.setdefault(key, collections.deque(maxlen=_POINTS))
                points.append((at, float(value)))

    def value(self, query: str, *, at: float) -> evaluate.Value:
        """What a query comes to; raises ``BadQuery``."""
        series = {labels: list(points) for labels, points in self._series.items()}
        return evaluate.evaluate(promql.parse(query), series=series, at=at)

    async def _scrapes(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_CALL_S)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            while True:
                due = time.monotonic() + SCRAPE_S
                await asyncio.gather(*(self._scrape(session, port) for port in self._ports))
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _scrape(self, session: aiohttp.ClientSession, port: int) -> None:
        try:
            async with session.get(f"http://{HOST}:{port}/metrics") as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return  # the pod is gone: its series ends here
        self.take(text, instance=f"{HOST}:{port}", at=time.time())

    async def _query(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        try:
            at = float(asked.get("time") or time.time())
            found = self.value(asked.get("query", ""), at=at)
        except (ValueError, errors.BadQuery) as error:
            return _bad(error)
        if not isinstance(found, dict):
            return _good(kind="scalar", result=[at, _text(found)])
        rows = [{"metric": dict(k), "value": [at, _text(v)]} for k, v in found.items()]
        return _good(kind="vector", result=rows)

    async def _range(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        try:
            start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
            rows = self._rows(asked.get("query", ""), start=start, end=end, step=step)
        except KeyError as error:
            return _bad(ValueError(f"missing {error}"))
        except (ValueError, errors.BadQuery) as error:
            return _bad(error)
        values = [{"metric": dict(k), "values": v} for k, v in rows.items()]
        return _good(kind="matrix", result=values)

    def _rows(
        self, query: str, *, start: float, end: float, step: float
    ) -> dict[evaluate.Labels, list[list[Any]]]:
        if not step > 0 or end < start or (end - start) / step > _STEPS:
            raise ValueError("start, end and step do not go together")
        rows: dict[evaluate.Labels, list[list[Any]]] = {}
        for number in range(int((end - start) / step) + 1):
            at = start + number * step
            found = self.value(query, at=at)
            for labels, value in (found if isinstance(found, dict) else {(): found}).items():
                rows.setdefault(labels, []).append([at, _text(value)])
        return rows


async def _asked(request: web.Request) -> dict[str, str]:
    form = await request.post()
    return {**request.query, **{k: v for k, v in form.items() if isinstance(v, str)}}


async def _ready(request: web.Request) -> web.Response:
    del request
    return web.Response(text="ready")


def _text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value)).removesuffix(".0")


def _good(*, kind: str, result: list[Any]) -> web.Response:
    return web.json_response({"status": "success", "data": {"resultType": kind, "result": result}})


def _bad(error: Exception) -> web.Response:
    body = {"status": "error", "errorType": "bad_data", "error": str(error)}
    return web.json_response(body, status=400)
