"""The workspace as its people use it: /_control over HTTP, and each message's first words.

What a message means for a story is decided in ``checks``.
"""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Any

import aiohttp

CALL_S = 30.0
POLL_S = 0.1  # the levers have no stream; people look about as often
Object = dict[str, Any]


class Chat:
    """``messages`` is the workspace now; ``texts`` what each one has said, and when it came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.messages: list[Object] = []
        self.texts: dict[str, list[tuple[float, str]]] = {}
        self.changed = asyncio.Event()
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S))

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def follow(self) -> None:
        """Read all messages again and again, until cancelled."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                await self.look()
            await asyncio.sleep(POLL_S)

    async def look(self) -> None:
        self.messages = (await self._call("GET", "messages"))["messages"]
        for said in self.messages:
            known = self.texts.setdefault(said["ts"], [])
            if not known or known[-1][1] != said["text"]:
                known.append((time.time(), said["text"]))
        self.changed.set()

    @property
    def first(self) -> dict[str, tuple[float, str]]:
        """Each message's first text and when it came."""
        return {ts: texts[0] for ts, texts in self.texts.items()}

    async def click(self, *, user: str, ts: str, action: str) -> Object:
        return await self._call("POST", "click", {"user": user, "ts": ts, "action": action})

    async def command(self, *, user: str, channel: str, text: str) -> Object:
        body = {"user": user, "channel": channel, "text": text}
        return await self._call("POST", "command", body)

    async def status(self) -> Object:
        return await self._call("GET", "status")

    async def save(self, file: Object, folder: Path) -> Path:
        """An uploaded picture, as the workspace serves it."""
        if self._http is None:
            raise RuntimeError("used before it was opened")
        async with self._http.get(f"{self.url}/_control/files/{file['id']}") as answer:
            answer.raise_for_status()
            path = folder / f"chart-{file['id']}.png"
            path.write_bytes(await answer.read())
            return path

    async def _call(self, method: str, name: str, body: Object | None = None) -> Object:
        if self._http is None:
            raise RuntimeError("used before it was opened")
        address = f"{self.url}/_control/{name}"
        async with self._http.request(method, address, json=body) as answer:
            found: Object = await answer.json()
            return found
