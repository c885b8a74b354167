"""A live copy of one kind of object: list, then watch, and again for ever.

It says only *that* something changed: who uses it looks at everything again.
"""

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import Callable

import aiohttp

from bot.local.traffic import api as apis
from bot.local.traffic import errors

log = logging.getLogger(__name__)
FAULTS = (aiohttp.ClientError, TimeoutError, OSError, json.JSONDecodeError, errors.Refused)
_FIRST_S, _LONGEST_S = 0.1, 2.0


class Mirror:
    """``objects`` by uid; ``synced`` after the first list, or when there is no such kind."""

    def __init__(self, *, api: apis.Api, path: str, changed: Callable[[], None]) -> None:
        self.objects: dict[str, apis.Object] = {}
        self.synced = asyncio.Event()
        self._api, self._path, self._changed = api, path, changed

    async def run(self) -> None:
        """Never returns; a fault is a wait and a new list."""
        wait_s = _FIRST_S
        while True:
            try:
                version = await self._list()
                wait_s = _FIRST_S
                await self._follow(version)
            except FAULTS as error:
                self._missing(error)
                log.debug("%s: %s", self._path, error)
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(_LONGEST_S, wait_s * 2)

    async def _list(self) -> str:
        items, version = await self._api.list(self._path)
        self.objects = {item["metadata"]["uid"]: item for item in items}
        self.synced.set()
        self._changed()
        return version

    async def _follow(self, version: str) -> None:
        while True:
            events = self._api.watch(self._path, version=version)
            async with contextlib.aclosing(events):
                async for event in events:
                    version = self._take(event) or version

    def _take(self, event: apis.Object) -> str | None:
        kind, obj = event["type"], event["object"]
        if kind == "ERROR":
            raise errors.Refused(status=obj.get("code", 500), text=obj.get("message", ""))
        meta = obj["metadata"]
        if kind == "DELETED":
            self.objects.pop(meta["uid"], None)
        elif kind != "BOOKMARK":
            self.objects[meta["uid"]] = obj
        if kind != "BOOKMARK":
            self._changed()
        version = meta.get("resourceVersion")
        return str(version) if version else None

    def _missing(self, error: Exception) -> None:
        # A cluster without Istio has no VirtualServices: nobody waits for them.
        if isinstance(error, errors.Refused) and error.status == 404:
            self.objects = {}
            self.synced.set()
