"""Slack → us by signed HTTP, beside Socket Mode: our own server and check in front of Bolt.

Belongs here: what is let in at all. Does not belong here: who may do what.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.adapters.slack import signatures

log = logging.getLogger(__name__)

PATH = "/slack/events"
BODY_LIMIT = 1_000_000
"""A click carries the message it was made in; Slack's own limits keep that far below this."""
READ_TIMEOUT_S = 3.0
DISPATCH_TIMEOUT_S = 5.0
"""Bolt gives up after three seconds by itself."""
AT_ONCE = 256
RETRY_S = 2.0
SAY_AGAIN_S = 60.0


class Server:
    """Listens until it is canceled. ``secrets``: the signing secret, and the one before it."""

    def __init__(
        self,
        *,
        bolt: AsyncApp,
        secrets: Sequence[str],
        host: str,
        port: int,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._bolt = bolt
        self._secrets = tuple(secrets)
        self._address = (host, port)
        self._wall = wall
        self._busy = 0
        self._said_at: dict[str, float] = {}
        self.port = 0
        """Where it listens; 0 while it does not."""

    async def run(self) -> None:
        """Serve, and try again where the port is taken; rollouts go on without it."""
        while True:
            runner = web.AppRunner(
                self._web(), access_log=None, handle_signals=False, shutdown_timeout=2.0
            )
            try:
                await runner.setup()
                await web.TCPSite(runner, *self._address).start()
                self.port = int(runner.addresses[0][1])
                log.info("Slack's requests are taken at %s:%d", self._address[0], self.port)
                await asyncio.Event().wait()
            except OSError as error:
                self._say(f"Slack's requests cannot be taken: {error}")
            finally:
                self.port = 0
                await runner.cleanup()
            await asyncio.sleep(RETRY_S)

    def _web(self) -> web.Application:
        app = web.Application(client_max_size=BODY_LIMIT)
        app.router.add_post(PATH, self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        if problem := signatures.stale(request.headers, now=self._wall()):
            return self._refused(401, problem)
        if self._busy >= AT_ONCE:
            return self._refused(503, "too many at once")
        self._busy += 1
        try:
            return await self._checked(request)
        finally:
            self._busy -= 1

    async def _checked(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return self._refused(413, "it is too large")
        except TimeoutError:
            return self._refused(408, "it did not come in time")
        if problem := signatures.forged(
            request.headers, body, secrets=self._secrets, now=self._wall()
        ):
            return self._refused(401, problem)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return self._refused(400, "it is not UTF-8")
        return await self._dispatched(request, text)

    async def _dispatched(self, request: web.Request, text: str) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            made = AsyncBoltRequest(body=text, query=request.query_string, headers=headers)  # type: ignore[arg-type]
        except (ValueError, AttributeError, TypeError):  # Bolt takes any JSON for an object
            return self._refused(400, "it is not as Slack writes it")
        try:
            async with asyncio.timeout(DISPATCH_TIMEOUT_S):
                answer = await self._bolt.async_dispatch(made)
        except Exception:
            # The sender proved to be Slack: what fails now is ours, and it may try again.
            log.exception("a request of Slack's could not be handled: a bug")
            return web.Response(status=500)
        return await to_aiohttp_response(answer)

    def _refused(self, status: int, because: str) -> web.Response:
        """Say nothing to the sender, whoever that is; the log hears of each kind once a minute."""
        self._say(f"a request to {PATH} was refused: {because}")
        return web.Response(status=status)

    def _say(self, sentence: str) -> None:
        kind, now = sentence.rpartition(": ")[2][:12], time.monotonic()
        if now - self._said_at.get(kind, -SAY_AGAIN_S) >= SAY_AGAIN_S:
            self._said_at[kind] = now
            log.warning(sentence)
