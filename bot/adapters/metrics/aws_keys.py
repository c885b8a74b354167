"""Where the keys for AWS come from: environment, profile, the pod's own role, a role to take on.

The order is that of AWS' libraries; the role of a machine is not asked for. What is lent for a
time is kept until shortly before it ends.
"""

import asyncio
import configparser
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib import parse

import aiohttp

from bot.adapters.metrics import config as read
from bot.adapters.metrics import sigv4
from bot.model import ports

MOST = 64
MAX_BODY = 1 << 16
_MARGIN_S = 60.0
_KEPT_S = 300.0
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_NONE = (
    "sigv4: no keys: neither AWS_ACCESS_KEY_ID, a web identity, a profile, nor a container's "
    "credentials are set"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Who:
    """What a metric says about who asks."""

    region: str
    profile: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    keys: sigv4.Keys
    until: float


class Signers:
    """``signer(config)`` signs for a metric; ``environment`` holds the variables ``AWS_…``."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._known: dict[_Who, _Kept] = {}
        self._lock = asyncio.Lock()

    async def signer(self, config: Mapping[str, Any]) -> sigv4.Signer:
        """Who signs the requests of this metric. The deadline is the caller's.

        Raises:
            ports.MetricError: no region or no keys, or the role is not given.

        """
        raw = read.section(config, "sigv4")
        who = _Who(
            region=str(raw.get("region") or self._of("AWS_REGION", "AWS_DEFAULT_REGION")),
            profile=str(raw.get("profile") or ""),
            role=str(raw.get("roleArn") or ""),
        )
        if not who.region:
            raise ports.MetricError("sigv4: no region: set authentication.sigv4.region")
        async with self._lock:
            kept = self._known.get(who)
            if kept is None or kept.until <= time.monotonic():
                if len(self._known) >= MOST:
                    self._known.clear()
                kept = self._known[who] = await self._fetch(who)
        return sigv4.Signer(keys=kept.keys, region=who.region)

    def _of(self, *names: str) -> str:
        return next((found for name in names if (found := self._environment.get(name, ""))), "")

    async def _fetch(self, who: _Who) -> _Kept:
        """The keys and how long they may be kept; neither a secret nor an answer is quoted."""
        try:
            own, life_s = await self._own(who)
            if who.role:
                own, life_s = await self._taken_on(who, own)
        except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError) as error:
            raise ports.MetricError(f"sigv4: no keys: {type(error).__name__}") from None
        return _Kept(keys=own, until=time.monotonic() + life_s)

    async def _own(self, who: _Who) -> tuple[sigv4.Keys, float]:
        if who.profile:
            return await asyncio.to_thread(self._profile, who.profile), _KEPT_S
        if self._of("AWS_ACCESS_KEY_ID"):
            return self._given(), _KEPT_S
        if self._of("AWS_WEB_IDENTITY_TOKEN_FILE"):
            return await self._of_the_pod(who)
        if self._file().exists():
            return await asyncio.to_thread(self._profile, self._of("AWS_PROFILE") or "default"), (
                _KEPT_S
            )
        if self._of("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
            return await self._of_the_container()
        raise ports.MetricError(_NONE)

    def _given(self) -> sigv4.Keys:
        return sigv4.Keys(
            access=self._of("AWS_ACCESS_KEY_ID"),
            secret=self._environment["AWS_SECRET_ACCESS_KEY"],
            token=self._of("AWS_SESSION_TOKEN"),
        )

    def _file(self) -> Path:
        named = self._of("AWS_SHARED_CREDENTIALS_FILE")
        return Path(named) if named else Path.home() / ".aws" / "credentials"

    def _profile(self, name: str) -> sigv4.Keys:
        found = configparser.ConfigParser(interpolation=None)
        found.read_string(self._file().read_text(encoding="utf-8"))
        if name not in found:
            raise ports.MetricError(f"sigv4: no profile {name!r} in {self._file()}")
        profile = found[name]
        return sigv4.Keys(
            access=profile["aws_access_key_id"],
            secret=profile["aws_secret_access_key"],
            token=profile.get("aws_session_token", ""),
        )

    async def _of_the_pod(self, who: _Who) -> tuple[sigv4.Keys, float]:
        """The role of the pod's service account, by the token that the cluster gave it."""
        path = Path(self._of("AWS_WEB_IDENTITY_TOKEN_FILE"))
        form = {
            "RoleArn": self._environment["AWS_ROLE_ARN"],
            "WebIdentityToken": (await asyncio.to_thread(path.read_text, "utf-8")).strip(),
        }
        return await self._asked(who, "AssumeRoleWithWebIdentity", form)

    async def _taken_on(self, who: _Who, own: sigv4.Keys) -> tuple[sigv4.Keys, float]:
        return await self._asked(who, "AssumeRole", {"RoleArn": who.role}, own)

    async def _asked(
        self, who: _Who, action: str, form: Mapping[str, str], own: sigv4.Keys | None = None
    ) -> tuple[sigv4.Keys, float]:
        """Ask the token service; ``own`` signs where the form itself is no proof."""
        url = self._of("AWS_ENDPOINT_URL_STS") or f"https://sts.{who.region}.amazonaws.com/"
        whole = {"Action": action, "Version": "2011-06-15", "RoleSessionName": "rollout-bot"}
        body = parse.urlencode({**whole, **form}).encode()
        headers = {"Content-Type": _FORM, "Accept": "application/json"}
        if own is not None:
            signer = sigv4.Signer(keys=own, region=who.region, service="sts")
            headers |= signer.headers(method="POST", url=url, body=body)
        answer = await _fetched("POST", url, headers, body)
        lent = answer[f"{action}Response"][f"{action}Result"]["Credentials"]
        keys = sigv4.Keys(
            access=lent["AccessKeyId"], secret=lent["SecretAccessKey"], token=lent["SessionToken"]
        )
        return keys, max(0.0, float(lent["Expiration"]) - time.time() - _MARGIN_S)

    async def _of_the_container(self) -> tuple[sigv4.Keys, float]:
        token = self._of("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        if named := self._of("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
            token = (await asyncio.to_thread(Path(named).read_text, "utf-8")).strip()
        url = self._of("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        answer = await _fetched("GET", url, {"Authorization": token} if token else {})
        keys = sigv4.Keys(
            access=answer["AccessKeyId"], secret=answer["SecretAccessKey"], token=answer["Token"]
        )
        return keys, _KEPT_S


async def _fetched(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
) -> Any:
    limit = aiohttp.ClientTimeout(total=read.LONGEST_S)
    async with (
        aiohttp.ClientSession(trust_env=False, timeout=limit) as session,
        session.request(method, url, headers=headers, data=body, allow_redirects=False) as answer,
    ):
        if answer.status != 200:
            raise ports.MetricError(f"sigv4: no keys: status {answer.status}")
        return json.loads(await answer.content.read(MAX_BODY))
