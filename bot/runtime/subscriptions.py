"""Subscriptions in the cluster: one ConfigMap in the bot's namespace, an entry a person.

Read from a cache that a watch keeps fresh; each change is a merge patch of one person's entry, so
two people at once undo nothing of each other.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.core import subscriptions as texts
from bot.model import errors, ports
from bot.model import subscriptions as model

NAME = "rollout-bot-subscriptions"
TIMEOUT_S = 5.0
TRIES = 3


@dataclass(slots=True, kw_only=True)
class Subscriptions:
    """One a process. ``cache`` holds the one ConfigMap, or nothing while there is none."""

    api: ports.Api
    cache: ports.Cache
    namespace: str
    _read: tuple[str, tuple[model.Subscription, ...]] = ("", ())
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    def all(self) -> tuple[model.Subscription, ...]:
        """Everybody's, decoded once a version."""
        found = self.cache.get(self.namespace, NAME)
        if found is None:
            return ()
        version = str(found["metadata"].get("resourceVersion", ""))
        if not version or version != self._read[0]:
            self._read = (version, texts.decode(found.get("data") or {}))
        return self._read[1]

    def of(self, user: str) -> tuple[model.Subscription, ...]:
        return tuple(one for one in self.all() if one.user == user)

    def to(self, key: str) -> tuple[model.Subscription, ...]:
        """Those that have a rollout, one a person: the first that fits."""
        first: dict[str, model.Subscription] = {}
        for one in self.all():
            if texts.fits(one, key):
                first.setdefault(one.user, one)
        return tuple(first.values())

    async def add(self, wanted: model.Subscription) -> None:
        """Subscribe, or change the quiet hours of a subscription.

        Raises:
            errors.UserError: too many, or the cluster did not take it; the text is for the asker.

        """
        mine = [one for one in self.of(wanted.user) if one.what != wanted.what]
        if len(mine) >= texts.A_PERSON_LIMIT:
            raise errors.UserError(
                f"You have {len(mine)} subscriptions, which is the limit. Take one away first: "
                "/rollout unsubscribe NAME."
            )
        everybody = {one.user for one in self.all()}
        if wanted.user not in everybody and len(everybody) >= texts.PEOPLE_LIMIT:
            raise errors.UserError(
                f"{texts.PEOPLE_LIMIT} people have subscribed already, which is the limit."
            )
        await self._write(wanted.user, [*mine, wanted])

    async def remove(self, user: str, what: str = "") -> int:
        """Take one subscription away, or all of them; how many there were.

        Raises:
            errors.UserError: the cluster did not take it; the text is for the asker.

        """
        mine = self.of(user)
        kept = [one for one in mine if what and one.what != what]
        if len(kept) < len(mine):
            await self._write(user, kept)
        return len(mine) - len(kept)

    async def _write(self, user: str, mine: Sequence[model.Subscription]) -> None:
        data = {user: texts.encode(mine) if mine else None}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                self.cache.observe(await self._patched(data))
        except (errors.RolloutBotError, TimeoutError):
            raise errors.UserError(
                "Nothing was changed: the cluster did not take it. Try again in a moment."
            ) from None

    async def _patched(self, data: dict[str, Any]) -> ports.Object:
        """Patch it where it is, else make it; somebody else may be quicker with that."""
        ref = ports.Ref(kind=ports.CONFIG_MAP, namespace=self.namespace, name=NAME)
        for _ in range(TRIES):
            try:
                return await self.api.write(
                    ports.Write(verb=ports.Verb.PATCH, ref=ref, body={"data": data})
                )
            except errors.NotFound:
                pass
            body = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": NAME,
                    "namespace": self.namespace,
                    "labels": {"app.kubernetes.io/name": "rollout-bot"},
                },
                "data": {key: value for key, value in data.items() if value is not None},
            }
            try:
                return await self.api.write(
                    ports.Write(verb=ports.Verb.CREATE, ref=ref, body=json.loads(json.dumps(body)))
                )
            except errors.AlreadyExists:
                continue
        raise errors.Unavailable("the subscriptions cannot be written")
