"""HTTP to one API server: pools, headers, timeouts, the retry after a 401.

Belongs here: bytes in, bytes out. Does not belong here: what a path or a status means (``api``).
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

import bot
from bot.adapters.kubernetes import credentials as credentials_module
from bot.model import errors

NORMAL_CONNECTIONS = 64
URGENT_CONNECTIONS = 128
"""Apart from the rest and larger than any burst of aborts, so that none waits for one."""
WATCH_CONNECTIONS = 256
CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_IDLE_S = 30
KEEPALIVE_PROBE_S = 10
KEEPALIVE_PROBES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; ``path`` begins with a slash and is percent-encoded."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes | None = None
    content_type: str = ""
    timeout_s: float
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Asked = Callable[[str, str, Mapping[str, str], int], None]


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """Make a socket whose kernel notices a silent peer within a minute, also under a watch."""
    family, kind, protocol = address[:3]
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", KEEPALIVE_PROBE_S),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES),
    ):
        if hasattr(socket, option):  # not every system has all three
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return made


class Session:
    """Three connection pools to one API server. Use as ``async with``, or open and close.

    ``asked`` hears of each request that was answered: method, path, query, status.
    """

    def __init__(
        self, *, credentials: credentials_module.Credentials, asked: Asked | None = None
    ) -> None:
        self._credentials = credentials
        self._asked = asked
        self._normal: aiohttp.ClientSession | None = None
        self._urgent: aiohttp.ClientSession | None = None
        self._watches: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        await self._credentials.load()
        self._normal = self._pool(limit=NORMAL_CONNECTIONS)
        self._urgent = self._pool(limit=URGENT_CONNECTIONS)
        self._watches = self._pool(limit=WATCH_CONNECTIONS)

    def _pool(self, *, limit: int) -> aiohttp.ClientSession:
        tls = self._credentials.ssl_context
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=limit, ssl=tls if tls is not None else True, socket_factory=_socket
            ),
            # In the cluster compressing costs more than the bytes it saves.
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"rollout-bot/{bot.__version__}",
            },
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def close(self) -> None:
        for pool in (self._normal, self._urgent, self._watches):
            if pool is not None:
                await pool.close()
        self._normal = self._urgent = self._watches = None

    async def send(self, request: Request) -> Answer:
        """Send and read the whole answer.

        Raises:
            Unavailable: no answer within ``timeout_s``, or the connection broke.

        """
        pool = self._urgent if request.urgent else self._normal
        limits = aiohttp.ClientTimeout(total=request.timeout_s, connect=CONNECT_TIMEOUT_S)
        async with self._answering(pool, request, limits) as response:
            return Answer(
                status=response.status, headers=response.headers, body=await response.read()
            )

    @contextlib.asynccontextmanager
    async def stream(
        self, request: Request, *, silence_s: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open an answer without an end; it breaks after ``silence_s`` without a byte.

        Raises:
            Unavailable: the connection broke or stayed silent, also while reading inside.

        """
        limits = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT_S, sock_read=silence_s)
        async with self._answering(self._watches, request, limits) as response:
            yield response

    @contextlib.asynccontextmanager
    async def _answering(
        self,
        pool: aiohttp.ClientSession | None,
        request: Request,
        limits: aiohttp.ClientTimeout,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask, once more with renewed credentials after a 401; library errors become ours."""
        if pool is None:
            raise errors.Unavailable("the session is not open")
        what = f"{request.method} {request.path}"
        try:
            token = await self._credentials.authorization()
            response = await self._ask(pool, request, limits, token)
            if response.status == 401:
                response.release()
                await self._credentials.renew(refused=token)
                token = await self._credentials.authorization()
                response = await self._ask(pool, request, limits, token)
            async with response:
                yield response
        except TimeoutError as error:
            raise errors.Unavailable(f"{what}: no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise errors.Unavailable(f"{what}: {type(error).__name__}: {error}") from error

    async def _ask(
        self,
        pool: aiohttp.ClientSession,
        request: Request,
        limits: aiohttp.ClientTimeout,
        token: str,
    ) -> aiohttp.ClientResponse:
        headers = {"Authorization": token} if token else {}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        # Of a watch only the beginning has a deadline; afterwards its silence has one.
        async with asyncio.timeout(request.timeout_s):
            response = await pool.request(
                request.method,
                self._credentials.host + request.path,
                params=request.query,
                data=request.body,
                headers=headers,
                timeout=limits,
                proxy=self._credentials.proxy,
                server_hostname=self._credentials.server_hostname,
                allow_redirects=False,
            )
        if self._asked is not None:
            self._asked(request.method, request.path, request.query, response.status)
        return response
