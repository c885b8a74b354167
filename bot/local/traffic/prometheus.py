"""A real Prometheus, where there is one on PATH: it scrapes each pod once a second.

The targets are a file that is renamed into place; the data lives in the stage's own folder.
"""

import asyncio
import json
import shutil
import socket
from pathlib import Path

import aiohttp

from bot.local.traffic import errors, processes

HOST = "127.0.0.1"
START_S = 30.0
_TRIES = 3
_POLL_S = 0.05
_CALL_S = 2.0
_CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s}}
scrape_configs:
- job_name: pods
  file_sd_configs: [{{files: [{targets}], refresh_interval: 1s}}]
"""


def program() -> str | None:
    return shutil.which("prometheus")


class Prometheus:
    """``source`` says what it is; ``url`` after ``start``."""

    source = "prometheus"

    def __init__(self, *, folder: Path) -> None:
        self.url = ""
        self._folder = folder.resolve()
        self._program: processes.Program | None = None

    async def start(self) -> None:
        binary = program()
        if binary is None:
            raise errors.PartMissing("prometheus is not on PATH: apt-get install prometheus")
        (self._folder / "data").mkdir(parents=True, exist_ok=True)
        targets = self._folder / "targets.json"
        self.targets([])
        config = self._folder / "prometheus.yml"
        config.write_text(_CONFIG.format(targets=json.dumps(str(targets))))
        for attempt in range(_TRIES):
            try:
                await self._start(binary, config=config)
                return
            except errors.PartFailed:  # another program may have taken the port in between
                if attempt == _TRIES - 1:
                    raise

    async def stop(self) -> None:
        if self._program is not None:
            await self._program.stop()

    def targets(self, ports: list[int]) -> None:
        """From now on scrape these."""
        fresh = self._folder / "targets.json.new"
        fresh.write_text(json.dumps([{"targets": [f"{HOST}:{port}" for port in sorted(ports)]}]))
        fresh.rename(self._folder / "targets.json")

    async def _start(self, binary: str, *, config: Path) -> None:
        address = f"{HOST}:{_free_port()}"
        argv = [
            binary,
            f"--config.file={config}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            "--storage.tsdb.retention.time=2h",
            f"--web.listen-address={address}",
            "--web.console.templates=",
            "--web.console.libraries=",
            "--log.level=warn",
        ]
        log = self._folder / "prometheus.log"
        self._program = processes.Program(name="Prometheus", argv=argv, log=log)
        await self._program.start()
        try:
            await asyncio.wait_for(self._ready(f"http://{address}"), START_S)
        except TimeoutError as error:
            await self._program.stop()
            raise errors.PartFailed("Prometheus did not get ready") from error
        self.url = f"http://{address}"

    async def _ready(self, url: str) -> None:
        timeout = aiohttp.ClientTimeout(total=_CALL_S)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            while True:
                if self._program is not None:
                    self._program.check()
                try:
                    async with session.get(f"{url}/-/ready") as answer:
                        if answer.status == 200:
                            return
                except (aiohttp.ClientError, TimeoutError):
                    pass  # it only begins to listen
                await asyncio.sleep(_POLL_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
