"""Servers on loopback that answer as a script says."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from aiohttp import web

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def success(kind, result):
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}})


ANSWERS = {
    "one": (200, success("vector", [{"metric": {}, "value": [1, "1"]}])),
    "two": (
        200,
        success(
            "vector",
            [
                {"metric": {"v": "a"}, "value": [1, "0.5"]},
                {"metric": {"v": "b"}, "value": [1, "1"]},
            ],
        ),
    ),
    "empty": (200, success("vector", [])),
    "nan": (200, success("vector", [{"metric": {}, "value": [1, "NaN"]}])),
    "inf": (200, success("vector", [{"metric": {}, "value": [1, "+Inf"]}])),
    "small": (200, success("vector", [{"metric": {}, "value": [1, "1e-07"]}])),
    "scalar": (200, success("scalar", [1, "2"])),
    "string": (200, success("string", [1, "text"])),
    "matrix": (
        200,
        success("matrix", [{"metric": {}, "values": [[1, "1"], [2, "2.5"]]}]),
    ),
    "warned": (
        200,
        json.dumps(
            {
                "status": "success",
                "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "1"]}]},
                "warnings": ["one shard is away", "so is another"],
            }
        ),
    ),
    "histogram": (200, success("vector", [{"metric": {}, "histogram": [1, {}]}])),
    "bad(": (
        400,
        json.dumps(
            {"status": "error", "errorType": "bad_data", "error": 'parse error: unclosed "("'}
        ),
    ),
    "broken": (500, "oh no"),
    "page": (200, "<html>sign in</html>"),
    "other": (200, '{"hello": 1}'),
}


class PrometheusLike:
    """Answers the queries of ANSWERS; keeps what it was asked; ``hang`` waits for ``release``."""

    def __init__(self):
        self.asked = []
        self.headers = []
        self.release = asyncio.Event()
        self.hanging = asyncio.Event()

    async def query(self, request):
        query = request.query["query"]
        self.asked.append(request.path_qs)
        self.headers.append(dict(request.headers))
        if query.startswith("hang"):
            self.hanging.set()
            await self.release.wait()
            query = "one"
        status, body = ANSWERS[query]
        return web.Response(status=status, text=body, content_type="application/json")


async def serve(app):
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


@pytest.fixture
async def prometheus_like():
    server = PrometheusLike()
    app = web.Application()
    app.router.add_get("/api/v1/query", server.query)
    app.router.add_get("/api/v1/query_range", server.query)
    runner, server.address = await serve(app)
    yield server
    server.release.set()
    await runner.cleanup()


@pytest.fixture
async def dead_address():
    """An address where nobody listens."""
    runner, address = await serve(web.Application())
    await runner.cleanup()
    return address
