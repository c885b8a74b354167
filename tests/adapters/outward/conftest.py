"""A receiver on loopback that answers as it was told to, and keeps what it got."""

import asyncio
import json

import pytest
from aiohttp import web


class Receiver:
    """``script`` holds (status, headers) or "hang" for the next requests; then 202."""

    def __init__(self):
        self.script = []
        self.got = []
        self.url = ""

    async def handle(self, request):
        body = await request.read()
        self.got.append((dict(request.headers), body))
        answer = self.script.pop(0) if self.script else (202, {})
        if answer == "hang":
            await asyncio.sleep(30)
        status, headers = answer
        return web.Response(status=status, headers=headers)

    def bodies(self):
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
async def receiver():
    made = Receiver()
    app = web.Application()
    app.router.add_post("/in/{secret}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/in/path-secret"
    yield made
    await runner.cleanup()
