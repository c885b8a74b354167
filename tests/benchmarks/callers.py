"""People who call the bot from outside, as Slack does, and time its acknowledgments.

In a process of their own: the one that follows the cluster would measure its own work.
"""

import asyncio
import json
import secrets
import sys
import time
import urllib.parse
from typing import Any

import aiohttp
from aiohttp import web

from bot.adapters.slack import signatures

REQUEST_S = 10.0
ANSWER_S = 30.0
SECRET = "bench"


async def timed(url: str, callers: int, each: int) -> list[float]:
    """Seconds of every acknowledgment; raises ``AssertionError`` where one was refused."""
    command = [sys.executable, "-m", "tests.benchmarks.callers", url, str(callers), str(each)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    if process.returncode:
        raise AssertionError(f"{callers} callers ended with {process.returncode}")
    found: list[float] = json.loads(said)
    return found


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


async def _all(url: str, callers: int, each: int) -> list[float]:
    answers = Answers()
    runner = await answers.start()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_S)) as session:
        taken = await asyncio.gather(
            *(_caller(session, url, turn, each, answers) for turn in range(callers))
        )
    await runner.cleanup()
    return [one for each_of in taken for one in each_of]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
