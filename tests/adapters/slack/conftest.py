"""A local workspace without rate tiers, and a messenger of it."""

import asyncio
import time

import pytest

from bot.adapters.slack import messenger
from bot.local.workspace import LocalWorkspace


@pytest.fixture
async def workspace():
    served = LocalWorkspace(tiers=False)
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
def chat(workspace):
    return messenger.SlackMessenger(token=workspace.bot_token, base_url=workspace.api_url)


@pytest.fixture
def until():
    async def wait(condition, *, seconds=8.0):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "the condition never became true"
            await asyncio.sleep(0.005)

    return wait
