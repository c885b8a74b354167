"""A real HTTP server on loopback that answers as a test tells it to: also badly."""

import asyncio
import collections
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    async def handle(_: web.Request) -> web.StreamResponse:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(text=text, status=status, headers=headers)

    return handle


def refusal(code: int, reason: str = "", message: str = "no", **more: Any) -> Handler:
    headers = more.pop("headers", None)
    return answer(
        {"kind": "Status", "code": code, "reason": reason, "message": message, **more},
        status=code,
        headers=headers,
    )


def cut(_: web.Request) -> Awaitable[web.StreamResponse]:
    """Break the connection without a word."""
    assert _.transport is not None
    _.transport.abort()
    return asyncio.sleep(0, web.Response())


@dataclass
class Server:
    """Answers each request with the next handler; ``lists`` and ``watches`` are apart."""

    answers: collections.deque[Handler] = field(default_factory=collections.deque)
    lists: collections.deque[Handler] = field(default_factory=collections.deque)
    watches: collections.deque[Handler] = field(default_factory=collections.deque)
    seen: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        script = self.answers
        if request.query.get("watch"):
            script = self.watches
        elif self.lists:
            script = self.lists
        handler = script.popleft() if script else self.hang
        return await handler(request)

    async def hang(self, _: web.Request) -> web.StreamResponse:
        await self.closing.wait()
        return web.Response(status=503)

    def events(self, *events: Any, end: str = "hang", split: bool = False) -> Handler:
        """A watch that sends the events and then hangs, ends, or is cut."""

        async def handle(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            for event in events:
                line = event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n"
                pieces = [line[:7], line[7:]] if split else [line]
                for piece in pieces:
                    await response.write(piece)
                    await asyncio.sleep(0)
            if end == "hang":
                await self.closing.wait()
            if end == "cut":
                assert request.transport is not None
                request.transport.abort()
            return response

        return handle

    async def __aenter__(self) -> "Server":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = "http://127.0.0.1:%d" % self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.closing.set()
        await self._runner.cleanup()


def kubeconfig(url: str, *, token: str = "one") -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {"token": token}}],
        }
    )


def thing(name: str, version: int, *, owner: str = "", uid: str = "", **more: Any) -> Any:
    metadata: dict[str, Any] = {
        "namespace": "shop",
        "name": name,
        "uid": uid or f"uid-{name}",
        "resourceVersion": str(version),
        "managedFields": [{"manager": "somebody"}],
    }
    if owner:
        metadata["ownerReferences"] = [
            {"uid": "not-me", "controller": False},
            {"uid": owner, "controller": True},
        ]
    return {"metadata": {**metadata, **more.pop("metadata", {})}, **more}


def page(*items: Any, version: int, more: str = "") -> Handler:
    return answer(
        {"items": list(items), "metadata": {"resourceVersion": str(version), "continue": more}}
    )


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.001)
