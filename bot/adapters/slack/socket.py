"""Slack → us: the Bolt app, and its connection in Socket Mode. What is asked is ``handlers``'."""

import asyncio
import contextlib
import logging
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web import async_client

from bot.adapters.slack import directory as directories
from bot.adapters.slack import intake

log = logging.getLogger(__name__)

RECONNECT_S = 2.0
CLOSE_TIMEOUT_S = 2.0
PING_S = 5.0
"""Between two looks at the connection, and between two attempts to open it."""


def app(*, token: str, base_url: str, directory: directories.Directory | None = None) -> AsyncApp:
    """A Bolt app that never asks Slack for its own rights before it acknowledges.

    It serves both ways in. What comes by HTTP was checked by our own server (``http``) before,
    with two secrets, so that Bolt's check is off. ``directory`` tells who is of our workspace.
    """

    async def known(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token)

    client = async_client.AsyncWebClient(token=token, base_url=base_url)
    made = AsyncApp(client=client, authorize=known, request_verification_enabled=False)
    made.middleware(intake.Once().middleware)
    if directory is not None:
        made.middleware(intake.Gate(directory=directory).middleware)
    return made


class Connection:
    """Keeps one Socket Mode connection open until it is canceled."""

    def __init__(self, *, bolt: AsyncApp, app_token: str, base_url: str) -> None:
        self._bolt = bolt
        self._token = app_token
        self._base_url = base_url
        self._handler: AsyncSocketModeHandler | None = None
        self._said = False

    async def run(self) -> None:
        """Connect, and connect again; a Slack that is away stops nothing else."""
        while True:
            try:
                await self._connect()
                self._said = False
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, try again
                if not self._said:
                    log.warning("Slack's socket is not open: %s", type(error).__name__)
                    self._said = True
            finally:
                await self._close()
            await asyncio.sleep(RECONNECT_S)

    async def _connect(self) -> None:
        web = async_client.AsyncWebClient(
            token=self._token, base_url=self._base_url, retry_handlers=[]
        )
        self._handler = AsyncSocketModeHandler(
            self._bolt, self._token, web_client=web, ping_interval=PING_S
        )
        await self._handler.connect_async()  # type: ignore[no-untyped-call]

    async def _close(self) -> None:
        handler, self._handler = self._handler, None
        if handler is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await handler.close_async()  # type: ignore[no-untyped-call]
