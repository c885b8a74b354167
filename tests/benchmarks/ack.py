"""How soon Slack's signed requests are acknowledged while the same process drives a crowd."""

import asyncio
import os
import secrets
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from bot.adapters.slack import http, signatures
from tests.benchmarks import freshness, measures
from tests.benchmarks.world import World
from tests.cluster import processes

CALLERS = (1, 16, 64)
EACH = {1: 150, 16: 30, 64: 15}
REQUEST_S = 10.0
ANSWER_S = 30.0
SECRET = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """The stand-in for Slack, as the bot is told of it."""

    api_url: str
    tokens: dict[str, str]
    port: int

    @property
    def arguments(self) -> tuple[str, ...]:
        return (
            *("--cluster", "bench", "--slack-channel", "#releases"),
            *("--slack-api-url", self.api_url),
            *("--slack-http", f"127.0.0.1:{self.port}"),
        )


@contextmanager
def standing() -> Iterator[Slack]:
    """A workspace in a process of its own, and the bot's secrets in the environment."""
    command = [sys.executable, "-m", "bot.local.workspace"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said: dict[str, str] = {}
        while process.stdout is not None and "SLACK_APP_TOKEN" not in said:
            name, _, value = process.stdout.readline().strip().partition("=")
            said[name] = value
        api_url = said.pop("SLACK_API_URL")
        tokens = {"SLACK_BOT_TOKEN": said["SLACK_BOT_TOKEN"], "SLACK_SIGNING_SECRET": SECRET}
        os.environ.update(tokens)
        try:
            yield Slack(api_url=api_url, tokens=tokens, port=processes.free_port())
        finally:
            for name in tokens:
                os.environ.pop(name, None)
            process.terminate()


class Answers:
    """Where the bot's answers arrive; a person reads one before the next command is typed."""

    def __init__(self) -> None:
        self.url = ""
        self._waiting: dict[str, asyncio.Event] = {}

    async def _take(self, request: web.Request) -> web.Response:
        self._waiting[request.match_info["key"]].set()
        return web.Response(text="ok")

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/{key}", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    def expect(self) -> tuple[str, asyncio.Event]:
        key = secrets.token_hex(8)
        self._waiting[key] = asyncio.Event()
        return f"{self.url}/{key}", self._waiting[key]


async def ack(world: World, size: measures.Size, meter: measures.Meter) -> list[measures.Row]:
    """``/rollout get`` by 1, 16 and 64 callers while a crowd takes its steps."""
    await freshness.crowd(world, size.acked)
    rows = []
    url = f"http://127.0.0.1:{meter.slack_port}{http.PATH}"
    answers = Answers()
    runner = await answers.start()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_S)) as session:
        for callers in CALLERS:
            taken = await asyncio.gather(
                *(_caller(session, url, turn, EACH[callers], answers) for turn in range(callers))
            )
            seconds = [one for each in taken for one in each]
            notes = f"{size.acked} rollouts move, {len(seconds)} requests, signed HTTP"
            rows.append(measures.Row(name=f"ack-{callers}", seconds=seconds, notes=notes))
    await runner.cleanup()
    return rows


async def _caller(
    session: aiohttp.ClientSession, url: str, turn: int, count: int, answers: Answers
) -> list[float]:
    """One person; the time is from the command until its acknowledgment."""
    seconds = []
    for number in range(count):
        where, answered = answers.expect()
        began = time.perf_counter()
        async with session.post(url, **_request(turn + number, where)) as taken:
            await taken.read()
        seconds.append(time.perf_counter() - began)
        if taken.status != 200:
            raise AssertionError(f"the bot answered {taken.status}")
        async with asyncio.timeout(ANSWER_S):
            await answered.wait()
    return seconds


def _request(turn: int, response_url: str) -> dict[str, Any]:
    form = {
        "command": "/rollout",
        "text": f"get c{turn % 3}",
        "team_id": "TLOCAL0001",
        "channel_id": "CRELEASES1",
        "channel_name": "releases",
        "user_id": "UALICE0001",
        "trigger_id": secrets.token_hex(8),
        "response_url": response_url,
    }
    body = urllib.parse.urlencode(form).encode()
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        signatures.TIMESTAMP: stamp,
        signatures.SIGNATURE: signatures.signature(SECRET, timestamp=stamp, body=body),
    }
    return {"data": body, "headers": headers}


ALL = {"ack": ack}
