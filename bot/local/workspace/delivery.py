"""Which way the app hears of what people do: its socket, or its request URL. One at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.local.workspace.signed_http import SignedHttp
    from bot.local.workspace.sockets import Sockets


class Delivery:
    """As the app's manifest would say it; a request URL turns Socket Mode off."""

    def __init__(self, *, sockets: Sockets, http: SignedHttp) -> None:
        self._sockets = sockets
        self._http = http

    async def deliver(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        way = self._http if self._http.url else self._sockets
        return await way.deliver(kind, payload)

    def change(self, request_url: str) -> None:
        """Deliver to this URL from now on; an empty one means by socket."""
        self._http.url = request_url

    def shown(self) -> dict[str, Any]:
        return {"request_url": self._http.url, "sockets": self._sockets.count}
