"""One HTTP POST to somebody else's server: its timeout, and what went wrong in our words.

An address may carry a secret in its path: errors name the host alone.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp

from bot.model import errors

TIMEOUT_S = 8.0


async def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> None:
    """Post ``body`` as JSON; anything in 200–299 is taken.

    Raises:
        errors.Unavailable: no answer, 408, 425, 429 or 5xx: try again.
        errors.Refused: any other answer; trying again cannot help.

    """
    host = host_of(url)
    limit = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, trust_env=True) as session,
            session.post(
                url,
                data=body,
                headers={"Content-Type": "application/json", **headers},
                allow_redirects=False,
            ) as answer,
        ):
            status, after = answer.status, answer.headers.get("Retry-After", "")
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        raise errors.Unavailable(f"{host} did not answer ({type(error).__name__})") from None
    if 200 <= status < 300:
        return
    if status in {408, 425, 429} or status >= 500:
        pause = float(after) if after.isdecimal() else None
        raise errors.Unavailable(f"{host} answered {status}", retry_after_s=pause)
    raise errors.Refused(f"{host} answered {status}")


def host_of(url: str) -> str:
    """Host and port of an address, without a name, a password or a path."""
    return urlsplit(url).netloc.rpartition("@")[2]
