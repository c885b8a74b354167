"""The bot as a process of its own, started, killed and stopped. What it does is its affair."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from bot.local.demo import errors

START_S = 120.0
STOP_S = 10.0
TAIL = 2000


class BotProcess:
    """``rollout-bot run`` with no flag that a real installation would not have."""

    def __init__(
        self,
        *,
        kubeconfig: Path,
        folder: Path,
        prometheus: str,
        slack: dict[str, str],
        arguments: tuple[str, ...] = (),
    ) -> None:
        self._kubeconfig = kubeconfig
        self._folder = folder
        self._slack = slack
        self._prometheus = prometheus
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._failed = ""
        self.log = folder / "bot.log"
        self.ports: dict[str, int] = {}

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Return when it says that it is ready.

        Raises:
            errors.DemoError: it ended, or was not ready in time; with the end of its log.

        """
        ports = self._folder / "bot-ports.json"
        ports.unlink(missing_ok=True)
        command = [
            *(sys.executable, "-m", "bot", "run", "--kubeconfig", str(self._kubeconfig)),
            *("--cluster", "demo", "--slack-channel", "releases"),
            *("--slack-api-url", self._slack["url"], "--logformat", "json"),
            *("--metricsPort", "0", "--healthzPort", "0", "--ports-file", str(ports)),
            *self._arguments,
        ]
        known = {
            "SLACK_BOT_TOKEN": self._slack["bot"],
            "SLACK_APP_TOKEN": self._slack["app"],
            # Its port is free, so the templates cannot name it; Argo knows this name too.
            "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS": self._prometheus,
        }
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, env=os.environ | known, stdout=log, stderr=log
            )
        try:
            async with asyncio.timeout(START_S):
                while not (ports.exists() and ports.stat().st_size):
                    if self._process.returncode is not None:
                        code = self._process.returncode
                        raise errors.DemoError(f"the bot ended ({code}): {self.tail()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            text = f"the bot is not ready after {START_S:.0f} s: {self.tail()}"
            raise errors.TookTooLongError(text) from None
        self.ports = json.loads(ports.read_text(encoding="utf-8"))

    def keep(self, *, restarted: Callable[[], None]) -> None:
        """Start it again whenever a signal ends it, as a Deployment does."""
        work = self._keep(restarted)
        self._keeper = asyncio.create_task(work, name="keep the bot")  # noqa: TID251 - stop ends it

    async def _keep(self, restarted: Callable[[], None]) -> None:
        while self._process is not None:
            code = await self._process.wait()
            if code >= 0:
                self._failed = f"the bot ended ({code}): {self.tail()}"
                return
            try:
                await self.start()
            except errors.DemoError as error:
                self._failed = str(error)
                return
            restarted()

    def check(self) -> None:
        """Raise errors.DemoError where it has ended by itself, or would not start again."""
        if self._failed:
            raise errors.DemoError(self._failed)

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-TAIL:]

    async def stop(self) -> int | None:
        """SIGTERM, SIGKILL where that is not obeyed; its exit code, None if it never ran."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            return await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            return await asyncio.wait_for(self._process.wait(), STOP_S)
