"""One pod of the demo app: a real HTTP server on a loopback port of its own.

Belongs here: what it answers and counts. Does not belong here: when it starts (``runner``).
"""

import asyncio
import dataclasses
import random
import time

from aiohttp import web

from bot.local.traffic import behaviors, samples

HOST = "127.0.0.1"
_STOP_S = 1.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose answers these are."""

    pod: str
    service: str
    revision: str
    version: str


class App:
    """``start`` returns the port; every answer says which revision gave it."""

    def __init__(self, *, identity: Identity, behavior: behaviors.Behavior) -> None:
        self.samples = samples.Samples(service=identity.service, version=identity.revision)
        self._identity, self._behavior = identity, behavior
        self._headers = {"x-revision": identity.revision, "x-version": identity.version}
        self._runner: web.ServerRunner | None = None

    async def start(self) -> int:
        self._runner = web.ServerRunner(
            web.Server(self._answer, access_log=None), shutdown_timeout=_STOP_S
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await asyncio.wait_for(runner.cleanup(), 2 * _STOP_S)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/metrics":
            return web.Response(
                text=self.samples.text(), headers={"Content-Type": samples.CONTENT_TYPE}
            )
        started = time.monotonic()
        # Real services scatter: a quarter each way keeps the mean what the table says.
        await asyncio.sleep(self._behavior.latency_ms / 1000 * random.uniform(0.75, 1.25))
        status = 500 if random.random() < self._behavior.errors else 200
        self.samples.observe(
            status=status,
            seconds=time.monotonic() - started,
            converted=status == 200 and random.random() < self._behavior.conversion,
        )
        body = {"ok": status == 200, **dataclasses.asdict(self._identity)}
        return web.json_response(body, status=status, headers=self._headers)
