"""Starts and ends the stage's programs; each is a child of ours with a log file of its own."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from bot.local.traffic import errors

_TERM_S, _KILL_S = 3.0, 3.0
_TAIL = 600


class Program:
    """``start`` once, ``stop`` any number of times."""

    def __init__(self, *, name: str, argv: Sequence[str], log: Path) -> None:
        self._name, self._argv, self._log = name, argv, log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._argv, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
                )
            except OSError as error:
                raise errors.PartMissing(f"{self._name} does not start: {error}") from error

    def check(self) -> None:
        """Raise if it ended by itself."""
        if self._process is None or self._process.returncode is not None:
            code = self._process.returncode if self._process else "nothing"
            tail = self._log.read_text(errors="replace")[-_TAIL:]
            raise errors.PartFailed(f"{self._name} ended with {code}: {tail}")

    async def stop(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _TERM_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.wait_for(process.wait(), _KILL_S)
