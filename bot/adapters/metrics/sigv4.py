"""AWS Signature Version 4: how a request to a managed Prometheus is signed. Keys come from others.

Nothing here reads the environment or asks anybody.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib import parse

import requests

MARK = "aps-workspaces"
"""Only an address that holds this is signed for, as Argo has it."""

_KIND = "AWS4-HMAC-SHA256"


def stamp() -> str:
    """Now, as a signature has it."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Who signs; printing it shows neither secret nor token."""

    access: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs for one service of one region; ``__call__`` makes it an ``auth`` of requests."""

    keys: Keys
    region: str
    service: str = "aps"
    now: Callable[[], str] = field(default=stamp, compare=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        address, _, query = (request.url or "").partition("?")
        if query:
            # A plus in a query is a blank to some and a plus to AWS.
            request.url = f"{address}?{query.replace('+', '%20')}"
        # Prometheus is only ever asked with GET: there is no body.
        told = self.headers(method=request.method or "GET", url=request.url or "")
        request.headers.update(told)
        return request

    def headers(self, *, method: str, url: str, body: bytes = b"") -> dict[str, str]:
        """The headers that a request must have besides its own."""
        at = self.now()
        split = parse.urlsplit(url)
        signed = {"host": split.netloc, "x-amz-date": at}
        if self.keys.token:
            signed["x-amz-security-token"] = self.keys.token
        scope = f"{at[:8]}/{self.region}/{self.service}/aws4_request"
        asked = _canonical(method, split, signed, body)
        text = "\n".join((_KIND, at, scope, hashlib.sha256(asked.encode()).hexdigest()))
        signature = hmac.new(self._key(at[:8]), text.encode(), hashlib.sha256).hexdigest()
        who = f"Credential={self.keys.access}/{scope}"
        told = {"X-Amz-Date": at}
        if self.keys.token:
            told["X-Amz-Security-Token"] = self.keys.token
        names = ";".join(sorted(signed))
        told["Authorization"] = f"{_KIND} {who}, SignedHeaders={names}, Signature={signature}"
        return told

    def _key(self, day: str) -> bytes:
        key = f"AWS4{self.keys.secret}".encode()
        for part in (day, self.region, self.service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key


def _canonical(method: str, url: parse.SplitResult, signed: Mapping[str, str], body: bytes) -> str:
    """The one spelling of a request that both sides sign."""
    pairs = sorted(part.partition("=")[::2] for part in url.query.split("&") if part)
    lines = [f"{name}:{value.strip()}\n" for name, value in sorted(signed.items())]
    return "\n".join(
        (
            method,
            parse.quote(url.path or "/", safe="/~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            "".join(lines),
            ";".join(sorted(signed)),
            hashlib.sha256(body).hexdigest(),
        )
    )
