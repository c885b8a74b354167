"""The server: one port on 127.0.0.1 for the Web API, Socket Mode, the page and the levers."""

from __future__ import annotations

import asyncio
import pathlib
import secrets
import urllib.parse
from typing import TYPE_CHECKING

from aiohttp import web

from bot.local.workspace import sockets
from bot.local.workspace.control import Control, file_response
from bot.local.workspace.delivery import Delivery
from bot.local.workspace.faults import Faults
from bot.local.workspace.interactions import Interactions
from bot.local.workspace.live import Live
from bot.local.workspace.signed_http import SignedHttp
from bot.local.workspace.state import State
from bot.local.workspace.tiers import Tiers
from bot.local.workspace.web_api import WebApi

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

HOST = "127.0.0.1"
BODY_BYTES = 12_000_000
_STOP_S = 2.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PAGE = pathlib.Path(__file__).parent / "page"
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_STATIC = frozenset(path.name for path in _PAGE.iterdir() if path.suffix in _TYPES)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' https: http://127.0.0.1:* http://localhost:*; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class LocalWorkspace:
    """A stand-in for one Slack workspace with one app installed.

    `tiers=False` switches Slack's ordinary rate limits off; `tokens` fixes (bot, app) tokens;
    `ack_s` is how long a command or click waits for its acknowledgment. `delivery` tells the app
    by its socket, or by signed HTTP once it knows a request URL.
    """

    def __init__(
        self,
        *,
        commands: tuple[str, ...] = ("/rollout",),
        tiers: bool = True,
        tokens: tuple[str, str] | None = None,
        ack_s: float = sockets.ACK_S,
    ) -> None:
        key = secrets.token_hex(12)
        self.bot_token, self.app_token = tokens or (f"xoxb-local-{key}", f"xapp-local-{key}")
        self.state = State()
        self.faults = Faults(tiers=tiers)
        self._sockets = sockets.Sockets(state=self.state, faults=self.faults, ack_s=ack_s)
        self.signing_secret = f"local-{key}"
        self._http = SignedHttp(faults=self.faults, secret=self.signing_secret, ack_s=ack_s)
        self.delivery = Delivery(sockets=self._sockets, http=self._http)
        self._live = Live(state=self.state)
        self.interactions = Interactions(
            state=self.state, delivery=self.delivery, commands=commands
        )
        self._api: WebApi | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the page is, without a slash at the end."""
        return self.state.base_url

    @property
    def api_url(self) -> str:
        """What slack_sdk takes as `base_url`."""
        return f"{self.state.base_url}/api/"

    @property
    def connected(self) -> int:
        """How many Socket Mode connections the app holds now."""
        return self._sockets.count

    async def start(self, *, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 means any free one."""
        self._api = WebApi(
            state=self.state,
            faults=self.faults,
            tiers=Tiers(clock=self.state.clock),
            sockets=self._sockets,
            tokens=(self.bot_token, self.app_token),
        )
        app = web.Application(client_max_size=BODY_BYTES, middlewares=[_guard])
        app.add_routes(self._api.routes())
        control = Control(
            state=self.state,
            faults=self.faults,
            sockets=self._sockets,
            interactions=self.interactions,
            delivery=self.delivery,
        )
        app.add_routes(control.routes())
        app.add_routes(self._page_routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port)
        await site.start()
        self.state.base_url = f"http://{HOST}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """End every stream and connection, then the server; safe to call twice."""
        if self._runner is None or self._api is None:
            return
        runner, self._runner = self._runner, None
        self._api.stopping.set()
        self._live.stop()
        await self._sockets.cut()
        await self._http.close()
        await asyncio.wait_for(runner.cleanup(), 2 * _STOP_S)

    def _page_routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", _index),
            web.get("/favicon.ico", _no_icon),
            web.get("/archives/{channel}/{message}", _index),
            web.get("/_page/{name}", _static),
            web.get("/_page/files/{file}", self._file),
            web.get("/_page/live/events", self._live.serve),
        ]

    async def _file(self, request: web.Request) -> web.Response:
        return file_response(self.state, request.match_info["file"])


async def _index(request: web.Request) -> web.Response:
    del request
    return web.Response(text=_read("index.html"), content_type="text/html")


async def _no_icon(request: web.Request) -> web.Response:
    del request
    return web.Response(status=204)


async def _static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in _STATIC:
        raise web.HTTPNotFound
    return web.Response(text=_read(name), content_type=_TYPES[pathlib.PurePath(name).suffix])


def _read(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other sites' pages: they may neither rebind a name to us nor post to us."""
    if urllib.parse.urlsplit(f"//{request.host}").hostname not in _LOOPBACK:
        raise web.HTTPForbidden(text="this server answers to loopback names only")
    origin = request.headers.get("Origin")
    if origin is not None and urllib.parse.urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="another site's page may not talk to this server")
    request_is_page = not request.path.startswith(("/api/", "/_socket"))
    response = await handler(request)
    if request_is_page and not response.prepared:
        response.headers.update(_HEADERS)
    return response
