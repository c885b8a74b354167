"""The key that approvals are signed with: a Secret beside the lease, made at the first start."""

import asyncio
import base64
import binascii
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.model import errors, ports

log = logging.getLogger(__name__)

NAME = "rollout-bot-signing-key"
FIELD = "key"
BYTES = 32
TIMEOUT_S = 5.0
AGAIN_S = 30.0


@dataclass(slots=True, kw_only=True)
class SigningKey:
    """One a process. ``value`` is None until the Secret could be read; ``make`` may be False.

    ``changed`` is called when the key becomes known after the start.
    """

    api: ports.Api
    namespace: str
    make: bool = True
    changed: Callable[[], None] = lambda: None
    fresh: Callable[[int], bytes] = secrets.token_bytes
    value: bytes | None = field(default=None, repr=False)
    _said: str = ""

    def get(self) -> bytes | None:
        return self.value

    async def load(self) -> None:
        """Read the key, or make it where there is none. Never raises: without it gates hold."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                self.value = await self._read_or_made()
        except (errors.RolloutBotError, TimeoutError) as problem:
            self._say(str(problem) or "the cluster does not answer")

    async def run(self) -> None:
        """Try again until there is a key."""
        while self.value is None:
            await asyncio.sleep(AGAIN_S)
            await self.load()
            if self.get() is not None:
                log.info("approvals can be signed now")
                self.changed()

    async def _read_or_made(self) -> bytes:
        ref = ports.Ref(kind=ports.SECRET, namespace=self.namespace, name=NAME)
        try:
            return _key(await self.api.get(ref))
        except errors.NotFound:
            if not self.make:
                raise
        try:
            return _key(await self.api.write(self._creation(ref)))
        except errors.AlreadyExists:
            return _key(await self.api.get(ref))  # another replica was faster

    def _creation(self, ref: ports.Ref) -> ports.Write:
        text = base64.b64encode(self.fresh(BYTES)).decode()
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": NAME, "namespace": self.namespace},
            "type": "Opaque",
            "data": {FIELD: text},
        }
        return ports.Write(verb=ports.Verb.CREATE, ref=ref, body=body, because="signing key")

    def _say(self, problem: str) -> None:
        if problem == self._said:
            return
        self._said = problem
        log.warning(
            "approvals cannot be signed: the Secret %s/%s cannot be had (%s). Gates whose "
            "approvers a policy names stay shut until that is mended; aborts work.",
            self.namespace,
            NAME,
            problem,
        )


def _key(secret: ports.Object) -> bytes:
    try:
        found = base64.b64decode((secret.get("data") or {}).get(FIELD, ""), validate=True)
    except (binascii.Error, ValueError, TypeError):
        found = b""
    if len(found) < BYTES:
        raise errors.Refused(f"its field {FIELD} is no base64 of at least {BYTES} bytes")
    return found
