"""Access tokens by OAuth 2 client credentials, for the providers that authenticate so. No more.

A token is kept until shortly before it expires; those who want the same one wait for one request.
"""

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib import parse

import aiohttp

from bot.adapters.metrics import config as read
from bot.model import ports

MOST = 64
_MARGIN_S = 10.0
_UNKNOWN_LIFE_S = 300.0
_SHOWN = 300
MAX_BODY = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Client:
    """Who asks where for what; what makes two tokens the same."""

    url: str
    name: str
    secret: str
    scopes: tuple[str, ...]
    insecure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    header: str
    until: float


class Tokens:
    """``header(config)`` is what a request needs; nothing where the metric does not ask for it."""

    def __init__(self) -> None:
        self._known: dict[_Client, _Token] = {}
        self._locks: dict[_Client, asyncio.Lock] = {}

    async def header(self, config: Mapping[str, Any]) -> dict[str, str]:
        """The Authorization header. The deadline is the caller's.

        Raises:
            ports.MetricError: something is missing, or no token is given.

        """
        client = _client(config)
        if client is None:
            return {}
        if len(self._locks) >= MOST:
            self._known.clear()
            self._locks = {key: lock for key, lock in self._locks.items() if lock.locked()}
        async with self._locks.setdefault(client, asyncio.Lock()):
            token = self._known.get(client)
            if token is None or token.until <= time.monotonic():
                token = self._known[client] = await _fetch(client)
        return {"Authorization": token.header}


def _client(config: Mapping[str, Any]) -> _Client | None:
    raw = read.section(config, "oauth2")
    if not raw:
        return None
    url, name = str(raw.get("tokenUrl") or ""), str(raw.get("clientId") or "")
    secret, scopes = str(raw.get("clientSecret") or ""), raw.get("scopes") or ()
    if not url or not name or not secret:
        raise ports.MetricError("missing mandatory parameter in metric for OAuth2 setup")
    if not read.is_url(url) or not isinstance(scopes, list | tuple):
        raise ports.MetricError("authentication.oauth2: tokenUrl or scopes cannot be used")
    return _Client(
        url=url,
        name=name,
        secret=secret,
        scopes=tuple(map(str, scopes)),
        insecure=bool(config.get("insecure")),
    )


async def _fetch(client: _Client) -> _Token:
    try:
        status, body = await _post(client, basic=True)
        if status in {400, 401}:
            # Some servers want the client's name and secret in the form instead.
            status, body = await _post(client, basic=False)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        reason = str(error)[:_SHOWN] or type(error).__name__
        raise ports.MetricError(f"oauth2: cannot fetch token: {reason}") from error
    if not 200 <= status < 300:
        raise ports.MetricError(f"oauth2: cannot fetch token: status {status}")
    try:
        answer = json.loads(body)
        kind = str(answer.get("token_type") or "Bearer")
        token = answer["access_token"] or ""
        life_s = float(answer.get("expires_in") or _UNKNOWN_LIFE_S)
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ports.MetricError("oauth2: cannot fetch token: the answer holds none") from None
    if not isinstance(token, str) or not token or any(c in kind + token for c in "\r\n\0"):
        raise ports.MetricError("oauth2: cannot fetch token: the answer holds none")
    kind = "Bearer" if kind.lower() == "bearer" else kind
    return _Token(header=f"{kind} {token}", until=time.monotonic() + life_s - _MARGIN_S)


async def _post(client: _Client, *, basic: bool) -> tuple[int, bytes]:
    form = {"grant_type": "client_credentials"}
    if client.scopes:
        form["scope"] = " ".join(client.scopes)
    if not basic:
        form |= {"client_id": client.name, "client_secret": client.secret}
    async with (
        aiohttp.ClientSession(
            trust_env=False, timeout=aiohttp.ClientTimeout(total=read.LONGEST_S)
        ) as session,
        session.post(
            client.url,
            data=form,
            headers=_basic(client) if basic else {},
            ssl=not client.insecure,
            allow_redirects=False,
        ) as answer,
    ):
        return answer.status, await answer.content.read(MAX_BODY)


def _basic(client: _Client) -> dict[str, str]:
    pair = f"{parse.quote_plus(client.name)}:{parse.quote_plus(client.secret)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
