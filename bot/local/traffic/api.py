"""A small client of the Kubernetes API: list, watch and the few writes of a kubelet.

Not the bot's client, on purpose: the stage must not share the bot's mistakes.
"""

import json
from collections.abc import AsyncGenerator
from typing import Any, Self

import aiohttp

from bot.local.traffic import errors, kubeconfig

Object = dict[str, Any]
STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
CALL_S = 10.0
WATCH_S = 240
_CONNECT_S = 5.0
_PAGE = 500
_LINE_BYTES = 4 * 1024 * 1024


class Api:
    """``async with Api(target=...) as api``; every call has a timeout."""

    def __init__(self, *, target: kubeconfig.Target) -> None:
        self._target = target
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        headers = {"User-Agent": "rollout-bot-stage", "Accept": "application/json"}
        if self._target.token:
            headers["Authorization"] = f"Bearer {self._target.token}"
        tls: Any = self._target.tls if self._target.tls is not None else True
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(ssl=tls, limit=64),
            timeout=aiohttp.ClientTimeout(total=CALL_S, sock_connect=_CONNECT_S),
            read_bufsize=_LINE_BYTES,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def get(self, path: str, *, params: dict[str, str] | None = None) -> Object:
        return await self._call("GET", path, params=params)

    async def create(self, path: str, body: Object) -> Object:
        return await self._call("POST", path, body=body)

    async def patch(self, path: str, body: Object, *, content: str = MERGE) -> Object:
        return await self._call("PATCH", path, body=body, content=content)

    async def delete(self, path: str, *, uid: str) -> Object:
        """At once, and only this very object."""
        body = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": uid},
        }
        return await self._call("DELETE", path, body=body)

    async def list(self, path: str) -> tuple[list[Object], str]:
        """All objects, and the version to watch from."""
        params, items = {"limit": str(_PAGE)}, list[Object]()
        while True:
            answer = await self.get(path, params=params)
            items += answer.get("items") or []
            meta = answer.get("metadata") or {}
            if not meta.get("continue"):
                return items, str(meta.get("resourceVersion", ""))
            params = {"limit": str(_PAGE), "continue": meta["continue"]}

    async def watch(self, path: str, *, version: str) -> AsyncGenerator[Object, None]:
        """Events as they come; ends when the server ends it."""
        params = {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_S),
        }
        silence = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_S, sock_read=WATCH_S + CALL_S
        )
        async with self._open().get(
            self._target.server + path, params=params, timeout=silence
        ) as answer:
            await _refuse(answer)
            async for line in answer.content:
                if line.strip():
                    yield json.loads(line)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: Object | None = None,
        content: str = "application/json",
        params: dict[str, str] | None = None,
    ) -> Object:
        async with self._open().request(
            method,
            self._target.server + path,
            params=params,
            data=None if body is None else json.dumps(body).encode(),
            headers={} if body is None else {"Content-Type": content},
        ) as answer:
            await _refuse(answer)
            return dict(json.loads(await answer.read()))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise errors.TrafficError("the API client is closed")
        return self._session


async def _refuse(answer: aiohttp.ClientResponse) -> None:
    if answer.status >= 300:
        raise errors.Refused(status=answer.status, text=await answer.text())
