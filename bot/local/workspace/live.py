"""The page's live stream: a snapshot, then what changes, over Server-Sent Events."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.local.workspace import people, wire
from bot.local.workspace.errors import RefusedError

if TYPE_CHECKING:
    from bot.local.workspace.state import Message, State

QUEUE = 2_000
READERS = 64
_PING_S = 15.0
_WRITE_S = 10.0


class Live:
    """All open pages. A page that can not keep up is cut and starts anew."""

    def __init__(self, *, state: State) -> None:
        self._state = state
        self._readers: dict[asyncio.Queue[dict[str, Any] | None], str] = {}
        state.listeners.append(self._changed)

    def stop(self) -> None:
        for queue in list(self._readers):
            self._end(queue)

    def _end(self, queue: asyncio.Queue[dict[str, Any] | None]) -> None:
        while queue.full():
            queue.get_nowait()
        queue.put_nowait(None)

    def _changed(self, event: dict[str, Any]) -> None:
        for queue, reader in list(self._readers.items()):
            shown = self._for(reader, event)
            if shown is None:
                continue
            if queue.qsize() >= QUEUE - 1:
                self._end(queue)
            else:
                queue.put_nowait(shown)

    def _for(self, reader: str, event: dict[str, Any]) -> dict[str, Any] | None:
        """Return what this reader may see of a change."""
        kind = event["kind"]
        if kind == "channels":
            return {"kind": "channels", "channels": self._channels(reader)}
        if kind == "view":
            return self._views(reader) if event["user"] == reader else None
        message: Message = event["message"]
        if not self._sees(reader, message):
            return None
        if kind == "deleted":
            return {"kind": kind, "channel": message.channel, "ts": message.ts}
        return {"kind": kind, "message": wire.shown(self._state, message)}

    def _sees(self, reader: str, message: Message) -> bool:
        room = self._state.channels[message.channel]
        return message.only_for in {"", reader} and reader in room.members

    def _channels(self, reader: str) -> list[dict[str, Any]]:
        rooms = [room for room in self._state.channels.values() if reader in room.members]
        return [self._channel(reader, room) for room in rooms]

    def _channel(self, reader: str, room: people.Channel) -> dict[str, Any]:
        others = sorted(room.members - {reader})
        name = room.name or (self._state.users[others[0]].name if others else "you")
        members = [self._state.users[key].name for key in sorted(room.members)]
        body = {"id": room.id, "name": name, "topic": room.topic, "direct": room.direct}
        return body | {"members": members, "bot": people.BOT_USER in room.members}

    def _views(self, reader: str) -> dict[str, Any]:
        stack = self._state.stacks.get(reader, ())
        view = self._state.views.get(stack[-1]) if stack else None
        home = self._state.homes.get(reader)
        return {
            "kind": "view",
            "view": wire.view(view) if view else None,
            "home": wire.view(home) if home else None,
        }

    def _snapshot(self, reader: str) -> dict[str, Any]:
        state = self._state
        messages = [
            wire.shown(state, message)
            for log in state.messages.values()
            for message in log.values()
            if self._sees(reader, message)
        ]
        return {
            "kind": "snapshot",
            "me": reader,
            "users": [wire.user(state, who) for who in state.users.values()],
            "groups": [{"id": group.id, "handle": group.handle} for group in state.groups],
            "channels": self._channels(reader),
            "messages": messages,
            "view": self._views(reader)["view"],
            "home": self._views(reader)["home"],
        }

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Stream to one page until it leaves or the server stops."""
        try:
            reader = self._state.user(request.query.get("user", "")).id
        except RefusedError:
            raise web.HTTPNotFound from None
        if len(self._readers) >= READERS:
            raise web.HTTPServiceUnavailable
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(maxsize=QUEUE)
        self._readers[queue] = reader
        try:
            await _write(response, self._snapshot(reader))
            await _stream(response, queue)
        except (ConnectionError, TimeoutError):
            pass  # the page is gone
        finally:
            del self._readers[queue]
        return response


async def _stream(
    response: web.StreamResponse, queue: asyncio.Queue[dict[str, Any] | None]
) -> None:
    while True:
        try:
            event = await asyncio.wait_for(queue.get(), _PING_S)
        except TimeoutError:
            await asyncio.wait_for(response.write(b": still here\n\n"), _WRITE_S)
            continue
        if event is None:
            return
        await _write(response, event)


async def _write(response: web.StreamResponse, event: dict[str, Any]) -> None:
    line = f"data: {json.dumps(event)}\n\n".encode()
    await asyncio.wait_for(response.write(line), _WRITE_S)
