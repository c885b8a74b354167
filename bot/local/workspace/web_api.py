"""The Web API over HTTP: arguments, tokens, faults, tiers, log. Methods are in `methods`."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.local.workspace import people, responses
from bot.local.workspace.arguments import Args
from bot.local.workspace.errors import RefusedError
from bot.local.workspace.methods import chat, directory, files, views

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.local.workspace.faults import Faults
    from bot.local.workspace.sockets import Sockets
    from bot.local.workspace.state import State
    from bot.local.workspace.tiers import Tiers

METHODS = {**directory.METHODS, **chat.METHODS, **files.METHODS, **views.METHODS}
HANG_S = 600.0
_SHOWN_CHARACTERS = 20_000
_SCOPES = (
    "commands,chat:write,files:write,files:read,users:read,usergroups:read,im:write,"
    "channels:read,groups:read,channels:history,groups:history,im:history"
)


class WebApi:
    """What the bot talks to: API methods, uploads, downloads, response URLs."""

    def __init__(
        self,
        *,
        state: State,
        faults: Faults,
        tiers: Tiers,
        sockets: Sockets,
        tokens: tuple[str, str],
    ) -> None:
        self._state = state
        self._faults = faults
        self._tiers = tiers
        self._sockets = sockets
        self._bot_token, self._app_token = tokens
        self.stopping = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/{method}", self._method),
            web.post("/api/{method}", self._method),
            web.post("/upload/v1/{key}", self._upload),
            web.get("/files-pri/{file}/{name}", self._download),
            web.post("/response/{key}", self._respond),
            web.get("/_socket", self._sockets.serve),
        ]

    async def _method(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            raw = await _arguments(request)
        except ValueError:
            raw, call = {}, _refusing("invalid_json")
        else:
            call = self._call(method, raw, _token(request, raw))
        return await self._faulty(request, method, raw, call)

    def _call(
        self, method: str, raw: dict[str, Any], token: str
    ) -> Callable[[], Awaitable[web.Response]]:
        async def work() -> web.Response:
            wait_s = self._tiers.wait_s(method=method, channel=str(raw.get("channel", "")))
            if wait_s and self._faults.tiers:
                return _limited(wait_s)
            try:
                self._faults.refuse(method, raw)
                answer = self._answer(method, raw, token)
            except RefusedError as refused:
                answer = refused.answer()
            return web.json_response(answer, headers={"X-OAuth-Scopes": _SCOPES})

        return work

    def _answer(self, method: str, raw: dict[str, Any], token: str) -> dict[str, Any]:
        if method == "api.test":
            return directory.api_test(self._state, Args(raw))
        if not token:
            raise RefusedError("not_authed")
        if method == "apps.connections.open":
            if token != self._app_token:
                known = token == self._bot_token
                raise RefusedError("not_allowed_token_type" if known else "invalid_auth")
            return {"ok": True, "url": self._sockets.issue_url()}
        if token != self._bot_token:
            known = token == self._app_token
            raise RefusedError("not_allowed_token_type" if known else "invalid_auth")
        if method not in METHODS:
            raise RefusedError("unknown_method")
        return METHODS[method](self._state, Args(raw))

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        content = await _bytes(request)
        key = request.match_info["key"]

        async def work() -> web.Response:
            try:
                file = files.receive(self._state, key, content)
            except RefusedError as refused:
                return web.Response(status=400, text=refused.code)
            return web.Response(text=f"OK - {len(file.content)}")

        return await self._faulty(request, "upload", {"length": len(content)}, work)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        async def work() -> web.Response:
            if _token(request, {}) != self._bot_token:
                return web.Response(status=401)
            key = request.match_info["file"].removeprefix(f"{people.TEAM}-")
            file = self._state.files.get(key)
            if file is None or not file.ready:
                return web.Response(status=404)
            return web.Response(body=file.content, content_type="application/octet-stream")

        return await self._faulty(request, "download", dict(request.match_info), work)

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["key"]
        try:
            raw = await _arguments(request)
        except ValueError:
            return web.Response(status=400, text="invalid_payload")

        async def work() -> web.Response:
            try:
                responses.respond(self._state, key, raw)
            except RefusedError as refused:
                gone = {"unknown", "expired", "used"}
                if refused.code in gone:
                    return web.Response(status=404, text=f"{refused.code}_url")
                return web.Response(status=400, text=refused.code)
            return web.Response(text="ok")

        return await self._faulty(request, "response_url", raw, work)

    # -- faults and the log

    async def _faulty(
        self,
        request: web.Request,
        method: str,
        raw: dict[str, Any],
        work: Callable[[], Awaitable[web.Response]],
    ) -> web.StreamResponse:
        """Do the work unless a switch says otherwise; log the call either way."""
        started = self._state.clock()
        fate, response = await self._fate(request, method, work)
        shown = _shown(raw)
        self._state.calls.append(
            {
                "time": started,
                "took_ms": round((self._state.clock() - started) * 1000, 1),
                "method": method,
                "args": shown,
                "fault": fate,
                "status": response.status if response is not None else 0,
                "answer": _body(response),
            }
        )
        if response is None:
            _reset(request)
            return web.Response(status=503)
        return response

    async def _fate(
        self, request: web.Request, method: str, work: Callable[[], Awaitable[web.Response]]
    ) -> tuple[str, web.Response | None]:
        faults = self._faults
        if faults.slow_s:
            await self._pause(faults.slow_s)
        if faults.down == "hang":
            await self._pause(HANG_S)
        if faults.down == "reset":
            return "down", None
        if faults.down:
            return "down", web.Response(status=503, text="local stand-in: switched off")
        if faults.rate_limited.takes(method):
            return "rate_limit", _limited(faults.retry_after_s)
        if faults.lost.takes(method):
            return "lose", _lost(request, method, self._state)
        if faults.dropped.takes(method):
            if faults.drop_when == "after":
                await work()
            return "drop", None
        return ("slow" if faults.slow_s else ""), await work()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not past the end of the server or of the fault."""
        loop = asyncio.get_running_loop()
        end, hanging = loop.time() + seconds, self._faults.down == "hang"
        while (left := end - loop.time()) > 0 and not self.stopping.is_set():
            if hanging and self._faults.down != "hang":
                return
            try:
                await asyncio.wait_for(self.stopping.wait(), min(left, 0.05))
            except TimeoutError:
                continue


def _limited(seconds: int) -> web.Response:
    body = {"ok": False, "error": "ratelimited"}
    return web.json_response(body, status=429, headers={"Retry-After": str(seconds)})


def _lost(request: web.Request, method: str, state: State) -> web.Response:
    """Answer as if it was done."""
    del request
    body: dict[str, Any] = {"ok": True}
    if method.startswith("chat."):
        stamp = state.next_ts()
        body |= {"channel": people.CHANNELS[0].id, "ts": stamp, "message_ts": stamp}
    return web.json_response(body)


def _refusing(code: str) -> Callable[[], Awaitable[web.Response]]:
    async def work() -> web.Response:
        return web.json_response(RefusedError(code).answer())

    return work


def _reset(request: web.Request) -> None:
    """Cut the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()


def _shown(raw: dict[str, Any]) -> dict[str, Any]:
    """Return arguments for the log: no token, structures readable, nothing endless."""
    shown: dict[str, Any] = {}
    for key, value in raw.items():
        if key == "token":
            continue
        shown[key] = value
        if isinstance(value, str):
            shown[key] = value[:_SHOWN_CHARACTERS]
            if key in {"blocks", "attachments", "metadata", "files", "view"}:
                shown[key] = _json_or_text(value)
    return shown


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text[:_SHOWN_CHARACTERS]


def _body(response: web.Response | None) -> Any:
    if response is None or not isinstance(response.body, bytes):
        return None
    if response.content_type == "application/json":
        return json.loads(response.body)
    return response.body[:200].decode("utf-8", "replace")


async def _arguments(request: web.Request) -> dict[str, Any]:
    """Merge query, form and JSON, as Slack takes them all."""
    raw: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        text = await request.text()
        body = json.loads(text) if text else {}
        if not isinstance(body, dict):
            raise ValueError("an object is needed")
        return raw | body
    form = await request.post()
    return raw | {key: value for key, value in form.items() if isinstance(value, str)}


async def _bytes(request: web.Request) -> bytes:
    """Read an upload: raw, or the first file of a multipart form."""
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    form = await request.post()
    for value in form.values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""


def _token(request: web.Request, raw: dict[str, Any]) -> str:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip()
    return str(raw.get("token") or "")
