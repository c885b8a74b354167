"""A started workspace, a client of it, and a real Bolt app in Socket Mode."""

import asyncio
import time

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.local.workspace import LocalWorkspace

RELEASES = "CRELEASES1"
RANDOM = "CRANDOM001"


@pytest.fixture
async def workspace():
    served = LocalWorkspace()
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def session():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as opened:
        yield opened


@pytest.fixture
def slack(workspace):
    return AsyncWebClient(token=workspace.bot_token, base_url=workspace.api_url, timeout=60)


@pytest.fixture
def control(workspace, session):
    """POST with a body, GET without."""

    async def call(name, body=None):
        url = f"{workspace.url}/_control/{name}"
        if body is None:
            async with session.get(url) as answer:
                return await answer.json()
        async with session.post(url, json=body) as answer:
            return await answer.json()

    return call


@pytest.fixture
async def app(workspace, slack):
    """The listeners may be added after the start; Bolt looks them up per request."""
    bolt = AsyncApp(client=slack, process_before_response=True)
    client = AsyncWebClient(token=workspace.app_token, base_url=workspace.api_url)
    handler = AsyncSocketModeHandler(
        bolt, workspace.app_token, web_client=client, ping_interval=0.2
    )
    await handler.connect_async()
    bolt.handler = handler
    yield bolt
    await handler.close_async()
    await asyncio.sleep(0)


@pytest.fixture
def until():
    """Wait for a condition, not for a time."""

    async def wait(condition, *, seconds=5.0):
        end = time.monotonic() + seconds
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            assert time.monotonic() < end, "the condition never became true"
            await asyncio.sleep(0.005)

    return wait
