"""The ``web`` provider: one HTTP call, one value out of its JSON. Knows nothing of success."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.adapters.metrics import config as read
from bot.adapters.metrics import oauth, text
from bot.model import ports

DEFAULT_TIMEOUT_S = 10.0
MAX_BODY = 1 << 20
MAX_REDIRECTS = 5
_METHODS = frozenset({"GET", "POST", "PUT"})
_SHOWN = 300
_LARGE = 1 << 15

Find = Callable[[str, Any], list[Any]]


class Web:
    """``find`` looks a JSONPath up and raises ``find_error``; given from outside, it is core."""

    name = "web"

    def __init__(self, *, find: Find, find_error: type[Exception]) -> None:
        self._find = find
        self._find_error = find_error
        self._session: aiohttp.ClientSession | None = None
        self._tokens = oauth.Tokens()

    async def sample(self, config: Mapping[str, Any], *, now: datetime) -> ports.Sample:  # noqa: ARG002 - the answer is of now
        """Call the address and give the first value found."""
        request = _request(config)
        timeout_s = read.seconds(
            config.get("timeoutSeconds"), default=DEFAULT_TIMEOUT_S, field="timeoutSeconds"
        )
        try:
            async with asyncio.timeout(timeout_s):
                request["headers"] |= await self._tokens.header(config)
                return await self._measure(request, str(config.get("jsonPath") or "{$}"))
        except TimeoutError:
            raise ports.MetricError(
                f"{_place(request['url'])}: no answer within {timeout_s:g} s", answered=False
            ) from None
        except aiohttp.TooManyRedirects as error:
            raise ports.MetricError(
                f"{_place(request['url'])}: more than {MAX_REDIRECTS} redirects"
            ) from error
        except (aiohttp.ClientError, ValueError, OSError) as error:
            reason = str(error)[:_SHOWN] or type(error).__name__
            said = f"{_place(request['url'])}: {reason}"
            raise ports.MetricError(said, answered=False) from error

    async def _measure(self, request: dict[str, Any], path: str) -> ports.Sample:
        status, body = await self._call(request)
        if not 200 <= status < 300:
            raise ports.MetricError(f"received non 2xx response code: {status}")
        if len(body) <= _LARGE:
            return self._measured(body, path)
        # Long enough to be felt by everybody else on the loop.
        return await asyncio.to_thread(self._measured, body, path)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            async with asyncio.timeout(DEFAULT_TIMEOUT_S):
                await self._session.close()
            self._session = None

    async def _call(self, request: dict[str, Any]) -> tuple[int, bytes]:
        if self._session is None:
            # The deadline is the metric's own, around the whole call.
            self._session = aiohttp.ClientSession(
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        async with self._session.request(**request, max_redirects=MAX_REDIRECTS) as response:
            if not 200 <= response.status < 300:
                return response.status, b""
            body = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                body += chunk
                if len(body) > MAX_BODY:
                    raise ports.MetricError(f"the answer is larger than {MAX_BODY} bytes")
            return response.status, bytes(body)

    def _measured(self, body: bytes, path: str) -> ports.Sample:
        decoded = body.decode("utf-8", "replace")
        try:
            # As in Go, every number is a float; NaN and Infinity are no JSON.
            data = json.loads(decoded, parse_int=float, parse_constant=_refuse)
        except ValueError:
            return ports.Sample(value=decoded, shape="any", text=text.bounded(decoded))
        except RecursionError:
            raise ports.MetricError("the answer nests too deeply") from None
        try:
            found = self._find(path, data)
        except self._find_error as error:
            raise ports.MetricError(f"Could not find JSONPath in body: {error}") from error
        if not found:
            raise ports.MetricError("result of web metric produced no value")
        try:
            shown = text.compact_json(found[0])
        except RecursionError:
            raise ports.MetricError("the answer nests too deeply") from None
        return ports.Sample(value=found[0], shape="any", text=text.bounded(shown))


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _place(url: str) -> str:
    """Give the address without what may be secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _request(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give aiohttp's arguments for the call that ``config`` describes."""
    read.refuse_authentication(config, "sigv4")
    method, url = str(config.get("method") or "GET"), str(config.get("url") or "")
    if method not in _METHODS:
        raise ports.MetricError(f"method: {method!r} is not one of GET, POST, PUT")
    if not read.is_url(url):
        raise ports.MetricError(f"url: {url!r} is not an http address")
    body, json_body = config.get("body"), config.get("jsonBody")
    if body and json_body:
        raise ports.MetricError("use either Body or JSONBody; both cannot exists for WebMetric")
    if (body or json_body) and method == "GET":
        raise ports.MetricError("body and jsonBody cannot be sent with GET")
    headers = read.headers(config)
    data: bytes | None = str(body).encode() if body else None
    if json_body:
        headers.setdefault("Content-Type", "application/json")
        data = (json_body if isinstance(json_body, str) else json.dumps(json_body)).encode()
    found: dict[str, Any] = {"method": method, "url": url, "headers": headers, "data": data}
    if config.get("insecure"):
        found["ssl"] = False
    return found
