"""How soon Slack's signed requests are acknowledged while the same process drives a crowd."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.adapters.slack import http
from tests.benchmarks import callers, freshness, measures
from tests.benchmarks.world import World
from tests.cluster import processes

CALLERS = (1, 16, 64)
EACH = {1: 150, 16: 30, 64: 15}


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
        tokens = {"SLACK_BOT_TOKEN": said["SLACK_BOT_TOKEN"], "SLACK_SIGNING_SECRET": callers.SECRET}
        os.environ.update(tokens)
        try:
            yield Slack(api_url=api_url, tokens=tokens, port=processes.free_port())
        finally:
            for name in tokens:
                os.environ.pop(name, None)
            process.terminate()


async def ack(world: World, size: measures.Size, meter: measures.Meter) -> list[measures.Row]:
    """``/rollout get`` by 1, 16 and 64 callers while a crowd takes its steps."""
    await freshness.crowd(world, size.acked)
    rows = []
    url = f"http://127.0.0.1:{meter.slack_port}{http.PATH}"
    for count in CALLERS:
        seconds = await callers.timed(url, count, EACH[count])
        notes = f"{size.acked} rollouts move, {len(seconds)} requests, signed HTTP"
        rows.append(measures.Row(name=f"ack-{count}", seconds=seconds, notes=notes))
    return rows


ALL = {"ack": ack}
