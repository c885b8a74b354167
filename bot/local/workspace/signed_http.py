"""Signed HTTP: commands, clicks and events posted to the app's request URL, as Slack does."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.local.workspace.sockets import ACK_S, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.local.workspace.faults import Faults

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class SignedHttp:
    """One request URL for everything; without one nothing is delivered."""

    def __init__(
        self,
        *,
        faults: Faults,
        secret: str,
        ack_s: float = ACK_S,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.url = ""
        self.secret = secret
        self._faults = faults
        self._ack_s = ack_s
        self._wall = wall
        self._http: aiohttp.ClientSession | None = None

    async def deliver(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Post one request and return what came with the acknowledgment, within 3 s.

        An event that was not taken is sent once more at once; Slack would try twice again.
        """
        if self._faults.down:
            raise UnansweredError("dispatch_failed")
        if self._faults.duplicated.takes(kind):
            await self._post(kind, payload, {})
        try:
            return await self._post(kind, payload, {})
        except UnansweredError as unanswered:
            if kind != "events_api":
                raise
            again = {"x-slack-retry-num": "1", "x-slack-retry-reason": str(unanswered)}
            return await self._post(kind, payload, again)

    async def _post(
        self, kind: str, payload: dict[str, Any], more: dict[str, str]
    ) -> dict[str, Any]:
        content, body = encoded(kind, payload)
        headers = {"Content-Type": content, **signed(self.secret, body, self._wall()), **more}
        if self._http is None:
            self._http = aiohttp.ClientSession(trust_env=False)
        try:
            async with (
                asyncio.timeout(self._ack_s),
                self._http.post(self.url, data=body, headers=headers) as answer,
            ):
                if answer.status != 200:
                    raise UnansweredError("dispatch_failed")
                return _said(await answer.text())
        except TimeoutError:
            raise UnansweredError("operation_timeout") from None
        except aiohttp.ClientError:
            raise UnansweredError("dispatch_failed") from None

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None


def encoded(kind: str, payload: dict[str, Any]) -> tuple[str, bytes]:
    """Return the content type and the body that Slack uses for this kind."""
    if kind == "events_api":
        return _JSON, json.dumps(payload).encode()
    form = {"payload": json.dumps(payload)} if kind == "interactive" else payload
    return _FORM, urllib.parse.urlencode(form).encode()


def signed(secret: str, body: bytes, now: float) -> dict[str, str]:
    """Return the headers that prove where a request comes from."""
    stamp = str(int(now))
    code = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={code}"}


def _said(text: str) -> dict[str, Any]:
    """Read the acknowledgment's body: nothing, a plain text, or JSON."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {"text": text}
    return found if isinstance(found, dict) else {}
