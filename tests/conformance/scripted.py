"""A web and a Prometheus endpoint whose answers the scenarios script."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class Scripted:
    """A list of answers for each (namespace, metric); the last one stays, 1 where none is given.

    The answer "error" is a status 500, "empty" an empty vector.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], list[Any]] = {}
        self._asked: dict[tuple[str, str], int] = {}
        self.port = 0

    def script(self, namespace: str, metrics: dict[str, list[Any]]) -> None:
        """From now on, beginning with the first."""
        for name, answers in metrics.items():
            self._answers[namespace, name] = answers
            self._asked.pop((namespace, name), None)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/web/{namespace}/{name}", self._web)
        app.router.add_route("*", "/prom/{namespace}/api/v1/query", self._prometheus)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.port = runner.addresses[0][1]
            yield
        finally:
            await runner.cleanup()

    def _next(self, namespace: str, name: str) -> Any:
        answers = self._answers.get((namespace, name), [1])
        asked = self._asked.get((namespace, name), 0)
        self._asked[namespace, name] = asked + 1
        return answers[min(asked, len(answers) - 1)]

    async def _web(self, request: web.Request) -> web.Response:
        value = self._next(request.match_info["namespace"], request.match_info["name"])
        if value == "error":
            return web.Response(status=500, text="scripted failure")
        return web.json_response({"v": value})

    async def _prometheus(self, request: web.Request) -> web.Response:
        asked = {**request.query, **await request.post()}
        value = self._next(request.match_info["namespace"], str(asked["query"]))
        if value == "error":
            return web.Response(status=500, text="scripted failure")
        sample = {"metric": {}, "value": [time.time(), str(value)]}
        data = {"resultType": "vector", "result": [] if value == "empty" else [sample]}
        return web.json_response({"status": "success", "data": data})
