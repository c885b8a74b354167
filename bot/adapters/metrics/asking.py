"""One HTTP question to a vendor of metrics, with keys that nothing ever quotes. No retries."""

import asyncio
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import aiohttp

from bot.model import ports

MAX_BODY = 1 << 20
_CLOSING_S = 10.0
_SHOWN = 300
_HIDDEN = "*****"


class Line:
    """The connections to one vendor, opened when they are needed first."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        params: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> tuple[int, bytes]:
        """The status and the body.

        Raises:
            ports.MetricError: no answer in time, or one that is too large.

        """
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._opened().request(
                    method,
                    url,
                    headers=headers,
                    params=params,
                    data=data,
                    # The keys are for this address, not for the one that it names.
                    allow_redirects=False,
                ) as answer,
            ):
                return answer.status, await _body(answer)
        except TimeoutError:
            said = f"{place(url)}: no answer within {timeout_s:g} s"
            raise ports.MetricError(said, answered=False) from None
        except (aiohttp.ClientError, ValueError, OSError) as error:
            reason = hidden(str(error), headers.values())[:_SHOWN] or type(error).__name__
            raise ports.MetricError(f"{place(url)}: {reason}", answered=False) from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The deadline is the metric's own, around the whole call.
            self._session = aiohttp.ClientSession(
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            async with asyncio.timeout(_CLOSING_S):
                await self._session.close()
            self._session = None


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > MAX_BODY:
            raise ports.MetricError(f"the answer is larger than {MAX_BODY} bytes")
    return bytes(body)


def place(url: str) -> str:
    """Give the address without what may be secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def hidden(sentence: str, secrets: Iterable[str]) -> str:
    """The sentence without any of these, should a server repeat what it was sent."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        sentence = sentence.replace(secret, _HIDDEN)
    return sentence


def quoted(body: bytes, secrets: Iterable[str]) -> str:
    """The beginning of a refusal's body, in one line."""
    # Hidden before it is cut: half a key is a secret too.
    return " ".join(hidden(body.decode("utf-8", "replace"), secrets).split())[:_SHOWN]
