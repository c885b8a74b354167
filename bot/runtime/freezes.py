"""The freezes of the cluster: one ConfigMap beside the lease, read from a cache, changed by patch.

What a freeze means is ``bot.core.gates``; who may make one is the desk's business.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.core import codec_block
from bot.core.gates import freeze_codec, freezes
from bot.core.gates import unread as unread_gate
from bot.model import errors, holds, policy, ports, status
from bot.runtime import first_reading

log = logging.getLogger(__name__)

NAME = "rollout-bot-freezes"
WRITE_TIMEOUT_S = 5.0
TRIES = 5
WAITING_LIMIT = 5_000


class Full(errors.UserError):
    """There are as many freezes as are kept."""


@dataclass(slots=True, kw_only=True)
class Freezes:
    """One a process; ``cache`` holds the one ConfigMap, or nothing while there is none.

    ``changed(old, new)`` hears of each write of ours: the watch is silent about those, and what
    waits for the end of a freeze must go on whoever ended it. Without ``reading`` the cache holds
    all there is.
    """

    api: ports.Api
    cache: ports.Cache
    rollouts: ports.Cache
    namespace: str
    clock: ports.Clock
    changed: Callable[[ports.Object | None, ports.Object], None] = lambda _old, _new: None
    reading: first_reading.FirstReading | None = None
    _version: str = ""
    _known: tuple[policy.Freeze, ...] = ()
    _said: tuple[str, ...] = ()

    # -- looking ---------------------------------------------------------------------------

    def every(self) -> tuple[policy.Freeze, ...]:
        """All that stand there, also those that are over; broken entries count for nothing."""
        obj = self.cache.get(self.namespace, NAME)
        return self._read(obj) if obj is not None else ()

    def _read(self, obj: ports.Object) -> tuple[policy.Freeze, ...]:
        version = str(obj["metadata"].get("resourceVersion", ""))
        if not version or version != self._version:
            self._known, broken = freeze_codec.decode(obj.get("data"))
            self._version = version
            if broken and broken != self._said:
                log.warning("a freeze that cannot be read is ignored: %s", "; ".join(broken)[:600])
            self._said = broken
        return self._known

    def unread(self) -> holds.Unread | None:
        """That nobody knows yet what is frozen; None once it is known."""
        return None if self.reading is None else self.reading.unread()

    def in_force(self) -> tuple[policy.Freeze, ...]:
        now = self.clock()
        return tuple(one for one in self.every() if freezes.in_force(one, now))

    def of(self, namespace: str, name: str) -> tuple[policy.Freeze, ...]:
        """Those in force that have the rollout in scope, lifted for it or not."""
        return tuple(one for one in self.in_force() if freezes.covers(one.scope, namespace, name))

    def waiting(self, rollout: ports.Object) -> tuple[holds.Waiting, ...]:
        """The others in line, where this rollout stands in one."""
        if codec_block.held(_block(rollout).get("held")) is None:
            return ()
        found = (self._waiting(one) for one in self.rollouts.list()[:WAITING_LIMIT])
        mine = _key(rollout)
        return tuple(one for one in found if one is not None and one.key != mine)

    def _waiting(self, rollout: ports.Object) -> holds.Waiting | None:
        """One rollout as others in the line see it; None while something still holds it."""
        block = _block(rollout)
        held, went = codec_block.held(block.get("held")), codec_block.went_on(block.get("wentOn"))
        if held is None:
            if went is None:
                return None
            return holds.Waiting(key=_key(rollout), since=went.since, went=went.at)
        if held.freed is None and self._holds(held):
            return None
        return holds.Waiting(key=_key(rollout), since=held.since)

    def _holds(self, held: status.Held) -> bool:
        """Whether what it was held by, as it stands on the object, is still so."""
        kind, _, name = held.rule.partition(":")
        if held.rule == unread_gate.RULE:
            return self.unread() is not None
        if kind == "freeze":
            return any(one.id == name for one in self.in_force())
        return held.until is not None and self.clock() < held.until

    # -- changing --------------------------------------------------------------------------

    async def add(self, one: policy.Freeze) -> None:
        """Write a new freeze down.

        Raises:
            Full: 64 are in force already.
            errors.RolloutBotError, TimeoutError: it was not written.

        """
        if len(self.in_force()) >= freeze_codec.LIMIT:
            raise Full(f"There are {freeze_codec.LIMIT} freezes in force: end one of them first.")
        full = len(self.every()) >= freeze_codec.LIMIT // 2
        await self._patch({one.id: freeze_codec.encode(one), **(self._over() if full else {})})

    def _over(self) -> dict[str, None]:
        """What nobody needs any more: ended, and told where there was something to tell."""
        now = self.clock()
        return {one.id: None for one in self.every() if _useless(one, now)}

    async def tidy(self) -> None:
        """Take away what is over; never raises."""
        if not (over := self._over()):
            return
        try:
            await self._patch(over)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("freezes that are over could not be taken away: %s", problem)

    async def there(self) -> None:
        """Make the ConfigMap where there is none; never raises.

        A role can let somebody patch this one object, but not create it and no other.
        """
        if self.cache.get(self.namespace, NAME) is not None:
            return
        try:
            await self._patch({})
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("the ConfigMap %s could not be made: %s", NAME, problem)

    async def change(
        self, freeze_id: str, how: Callable[[policy.Freeze], policy.Freeze]
    ) -> policy.Freeze | None:
        """Change one that is in force or not yet told; None where it is not there (any more).

        Nobody's change is lost: it is made again on what stands there when somebody else wrote.
        """
        for _ in range(TRIES):
            obj = self.cache.get(self.namespace, NAME)
            one = next((found for found in self.every() if found.id == freeze_id), None)
            if obj is None or one is None:
                return None
            changed = how(one)
            if changed == one:
                return one
            version = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            try:
                await self._patch({freeze_id: freeze_codec.encode(changed)}, version)
            except errors.Conflict:
                self.cache.observe(await self._get())
            else:
                return changed
        raise errors.Unavailable("others change the freezes all the time")

    async def _patch(self, data: dict[str, Any], version: dict[str, str] | None = None) -> None:
        body: dict[str, Any] = {"data": data, "metadata": version or {}}
        before = self.cache.get(self.namespace, NAME)
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            try:
                saved = await self.api.write(self._write(ports.Verb.PATCH, body))
            except errors.NotFound:
                saved = await self._create(data)
        self.cache.observe(saved)
        self.changed(before, saved)

    async def _create(self, data: dict[str, Any]) -> ports.Object:
        kept = {key: value for key, value in data.items() if value is not None}
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": self.namespace},
            "data": kept,
        }
        try:
            return await self.api.write(self._write(ports.Verb.CREATE, body))
        except errors.AlreadyExists:
            return await self.api.write(self._write(ports.Verb.PATCH, {"data": data}))

    def _write(self, verb: ports.Verb, body: dict[str, Any]) -> ports.Write:
        ref = ports.Ref(kind=ports.CONFIG_MAP, namespace=self.namespace, name=NAME)
        return ports.Write(verb=verb, ref=ref, body=body, urgent=True, because="freezes")

    async def _get(self) -> ports.Object:
        ref = ports.Ref(kind=ports.CONFIG_MAP, namespace=self.namespace, name=NAME)
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            return await self.api.get(ref, urgent=True)


ENDED = "ended"
"""The mark in ``told`` that people know of the end."""
UNTOLD = timedelta(hours=1)
"""So long an end waits for people to be told of it."""


def _useless(one: policy.Freeze, now: datetime) -> bool:
    if freezes.in_force(one, now):
        return False
    return one.lifted_at is None or ENDED in one.told or now - one.lifted_at > UNTOLD


def _block(rollout: ports.Object) -> dict[str, Any]:
    status_raw = rollout.get("status")
    block = status_raw.get("rolloutBot") if isinstance(status_raw, dict) else None
    return block if isinstance(block, dict) else {}


def _key(rollout: ports.Object) -> str:
    meta = rollout["metadata"]
    return f"{meta.get('namespace', '')}/{meta['name']}"
