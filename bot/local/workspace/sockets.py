"""Socket Mode: open connections, hello, envelopes, acknowledgments, disconnect."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from bot.local.workspace import people
from bot.local.workspace.errors import RefusedError

if TYPE_CHECKING:
    from bot.local.workspace.faults import Faults
    from bot.local.workspace.state import State

ACK_S = 3.0
CONNECTIONS = 10
TICKET_S = 30
_SEND_S = 5.0


class UnansweredError(Exception):
    """The app did not take an envelope; the code is what Slack shows to the user."""


class Sockets:
    """All connections of the app; an envelope goes to any one of them."""

    def __init__(self, *, state: State, faults: Faults, ack_s: float = ACK_S) -> None:
        self._ack_s = ack_s
        self._state = state
        self._faults = faults
        self._open: list[web.WebSocketResponse] = []
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._turn = 0

    @property
    def count(self) -> int:
        return len(self._open)

    def issue_url(self) -> str:
        key = self._state.issue("socket", lifetime_s=TICKET_S, uses=1)
        base = self._state.base_url.replace("http://", "ws://", 1)
        return f"{base}/_socket?ticket={key}&app_id={people.APP}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection until either side ends it."""
        try:
            self._state.redeem("socket", request.query.get("ticket", ""))
        except RefusedError:
            raise web.HTTPUnauthorized from None
        if self._faults.down or len(self._open) >= CONNECTIONS:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(timeout=2.0, heartbeat=60.0)
        await socket.prepare(request)
        self._open.append(socket)
        try:
            await self._send(socket, self._hello())
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._acked(frame.data)
        finally:
            self._open.remove(socket)
        return socket

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "connection_info": {"app_id": people.APP},
            "debug_info": {"host": "local stand-in", "approximate_connection_time": 18_060},
        }

    async def _send(self, socket: web.WebSocketResponse, body: dict[str, Any]) -> None:
        await asyncio.wait_for(socket.send_str(json.dumps(body)), _SEND_S)

    def _acked(self, text: str) -> None:
        try:
            body = json.loads(text)
        except ValueError:
            return
        waiting = self._waiting.get(str(body.get("envelope_id"))) if type(body) is dict else None
        if waiting is not None and not waiting.done():
            payload = body.get("payload")
            waiting.set_result(payload if isinstance(payload, dict) else {})

    async def deliver(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send one envelope and return the acknowledgment's payload, within 3 s."""
        live = [socket for socket in self._open if not socket.closed]
        if not live or self._faults.down:
            raise UnansweredError("dispatch_failed")
        self._turn += 1
        socket = live[self._turn % len(live)]
        key = secrets.token_hex(16)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[key] = answer
        envelope: dict[str, Any] = {"envelope_id": key, "type": kind, "payload": payload}
        envelope["accepts_response_payload"] = kind != "events_api"
        try:
            async with asyncio.timeout(self._ack_s):
                await self._send(socket, envelope)
                if self._faults.duplicated.takes(kind):
                    await self._send(socket, envelope)
                return await answer
        except TimeoutError:
            raise UnansweredError("operation_timeout") from None
        except ConnectionError:
            raise UnansweredError("dispatch_failed") from None
        finally:
            del self._waiting[key]

    async def refresh(self) -> int:
        """Ask every connection to come anew, as Slack does now and then."""
        told = list(self._open)
        for socket in told:
            body = {"type": "disconnect", "reason": "refresh_requested"}
            await self._send(socket, {**body, "debug_info": {"host": "local stand-in"}})
        return len(told)

    async def cut(self) -> None:
        """Close every connection from our side."""
        async with asyncio.TaskGroup() as group:
            for socket in list(self._open):
                group.create_task(socket.close(code=1001))
