"""/_control: how tests, the demo and the page act as people, turn faults and read everything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.local.workspace import people, wire
from bot.local.workspace.arguments import Args
from bot.local.workspace.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.local.workspace.delivery import Delivery
    from bot.local.workspace.faults import Faults
    from bot.local.workspace.interactions import Interactions
    from bot.local.workspace.sockets import Sockets
    from bot.local.workspace.state import State

_CALLS_SHOWN = 5_000


class Control:
    """The levers; each is also what the page uses."""

    def __init__(
        self,
        *,
        state: State,
        faults: Faults,
        sockets: Sockets,
        interactions: Interactions,
        delivery: Delivery,
    ) -> None:
        self._delivery = delivery
        self._state = state
        self._faults = faults
        self._sockets = sockets
        self._interactions = interactions

    def routes(self) -> list[web.RouteDef]:
        acts: dict[str, Callable[[Args], Awaitable[dict[str, Any]]]] = {
            "command": self._command,
            "message": self._message,
            "click": self._click,
            "submit": self._submit,
            "close": self._close,
            "home": self._home,
            "invite": self._invite,
            "faults": self._change_faults,
            "refresh": self._refresh,
            "delivery": self._change_delivery,
        }
        posts = [web.post(f"/_control/{name}", _handled(act)) for name, act in acts.items()]
        return [
            *posts,
            web.get("/_control/faults", self._show_faults),
            web.get("/_control/messages", self._messages),
            web.get("/_control/calls", self._calls),
            web.get("/_control/status", self._status),
            web.get("/_control/files/{file}", self._file),
        ]

    async def _command(self, args: Args) -> dict[str, Any]:
        return await self._interactions.command(
            user=args.need("user"), channel=args.need("channel"), text=args.text("text")
        )

    async def _message(self, args: Args) -> dict[str, Any]:
        return await self._interactions.say(
            user=args.need("user"),
            channel=args.need("channel"),
            text=args.need("text"),
            thread_ts=args.text("thread_ts"),
        )

    async def _click(self, args: Args) -> dict[str, Any]:
        args.need("action")
        if args.flag("home"):
            return await self._interactions.click_home(user=args.need("user"), wanted=args)
        return await self._interactions.click(
            user=args.need("user"),
            channel=args.text("channel"),
            ts=args.need("ts"),
            wanted=args,
        )

    async def _submit(self, args: Args) -> dict[str, Any]:
        return await self._interactions.submit(
            user=args.need("user"), values=args.parsed("values"), view_id=args.text("view_id")
        )

    async def _close(self, args: Args) -> dict[str, Any]:
        return self._interactions.close(user=args.need("user"), everything=args.flag("all"))

    async def _home(self, args: Args) -> dict[str, Any]:
        opened = await self._interactions.open_home(user=args.need("user"))
        home = self._state.homes.get(self._state.user(args.need("user")).id)
        return opened | {"view": wire.view(home) if home else None}

    async def _invite(self, args: Args) -> dict[str, Any]:
        room = self._state.channel(args.need("channel"))
        who = self._state.user(args.text("user") or people.BOT_USER)
        return {"ok": True, "channel": wire.channel(self._state.join(room, who.id))}

    async def _change_faults(self, args: Args) -> dict[str, Any]:
        self._faults.change(args.raw)
        if self._faults.down:
            await self._sockets.cut()
        return {"ok": True, "faults": self._faults.shown()}

    async def _change_delivery(self, args: Args) -> dict[str, Any]:
        """Take another way: `{"request_url": ""}` is the socket."""
        self._delivery.change(args.text("request_url"))
        return {"ok": True, "delivery": self._delivery.shown()}

    async def _refresh(self, args: Args) -> dict[str, Any]:
        del args
        return {"ok": True, "told": await self._sockets.refresh()}

    async def _show_faults(self, request: web.Request) -> web.Response:
        del request
        return web.json_response({"ok": True, "faults": self._faults.shown()})

    async def _messages(self, request: web.Request) -> web.Response:
        wanted = request.query.get("channel", "")
        try:
            rooms = [self._state.channel(wanted)] if wanted else self._state.channels.values()
        except RefusedError as refused:
            return web.json_response(refused.answer(), status=400)
        log = [
            wire.shown(self._state, message)
            for room in rooms
            for message in self._state.messages[room.id].values()
        ]
        return web.json_response({"ok": True, "messages": sorted(log, key=lambda m: m["ts"])})

    async def _calls(self, request: web.Request) -> web.Response:
        """Return the log; `?method=` and `?since=` (a time) narrow it."""
        method, since = request.query.get("method", ""), request.query.get("since", "0")
        try:
            start = float(since)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_since"}, status=400)
        calls = [
            call
            for call in self._state.calls
            if call["time"] >= start and method in {"", call["method"]}
        ]
        return web.json_response({"ok": True, "calls": calls[-_CALLS_SHOWN:]})

    async def _status(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(
            {
                "ok": True,
                "sockets": self._sockets.count,
                "users": {who.name: who.id for who in self._state.users.values()},
                "channels": {
                    room.name or room.id: room.id for room in self._state.channels.values()
                },
            }
        )

    async def _file(self, request: web.Request) -> web.Response:
        return file_response(self._state, request.match_info["file"])


def file_response(state: State, key: str) -> web.Response:
    """Answer a file's bytes; only pictures are shown, all else is for saving."""
    file = state.files.get(key)
    if file is None or not file.ready:
        return web.json_response({"ok": False, "error": "file_not_found"}, status=404)
    mime = wire.file(state, file)["mimetype"]
    if mime in wire.IMAGE_TYPES:
        return web.Response(body=file.content, content_type=mime)
    return web.Response(
        body=file.content,
        content_type="application/octet-stream",
        headers={"Content-Disposition": "attachment"},
    )


def _object(text: str) -> dict[str, Any]:
    try:
        raw = json.loads(text) if text else {}
    except ValueError:
        raw = None
    if not isinstance(raw, dict):
        raise RefusedError("invalid_json")
    return raw


def _handled(
    act: Callable[[Args], Awaitable[dict[str, Any]]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        try:
            return web.json_response(await act(Args(_object(await request.text()))))
        except RefusedError as refused:
            return web.json_response(refused.answer(), status=400)

    return handler
