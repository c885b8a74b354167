"""Where messages stand: kept in ``status.rolloutBot.said``, with a memory of our own beside it.

A record is a merge patch without a resourceVersion, so it meets no pass and undoes nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core import codec_block
from bot.model import errors, messenger, ports

log = logging.getLogger(__name__)

Record = dict[str, Any]
RECORDS_LIMIT = 48
TRIES = 5
WRITE_TIMEOUT_S = 10.0
BACKOFF_CAP_S = 8.0


@dataclass(slots=True, kw_only=True)
class Anchors:
    """One a process; ``observe`` takes in the object that a write returned.

    ``written`` False: in memory only, for a bot that must not write to the cluster. ``kind`` is
    of the objects, ``subresource`` empty where their status has none.
    """

    api: ports.Api
    observe: Callable[[ports.Object], None]
    written: bool = True
    kind: ports.Kind = ports.ROLLOUT
    subresource: str = "status"
    _known: dict[str, tuple[str, dict[str, Record]]] = field(default_factory=dict)

    def of(self, rollout: ports.Object) -> dict[str, Record]:
        """Everything said of this rollout, whichever of object and memory knows it."""
        meta = rollout["metadata"]
        block = (rollout.get("status") or {}).get("rolloutBot")
        found: dict[str, Record] = {
            key: dict(record)
            for key, record in codec_block.decode(block).said.items()
            if isinstance(record, Mapping)
        }
        uid, known = self._known.get(_key(rollout), ("", {}))
        if uid == meta["uid"]:
            for key, record in known.items():
                found[key] = {**found.get(key, {}), **record}
        return found

    def remember(self, rollout: ports.Object, key: str, record: Mapping[str, Any]) -> None:
        """Keep it in memory at once: nothing is said twice while the write is under way."""
        name, uid = _key(rollout), rollout["metadata"]["uid"]
        known_uid, known = self._known.get(name, ("", {}))
        if known_uid != uid:
            known = {}
        known[key] = {**known.get(key, {}), **record}
        self._known[name] = (uid, known)

    def forget(self, key: str) -> None:
        self._known.pop(key, None)

    async def record(self, rollout: ports.Object, key: str, record: Mapping[str, Any]) -> None:
        """Write ``record`` under ``key``. Never raises: memory goes on where it fails."""
        self.remember(rollout, key, record)
        if not self.written:
            return
        await self._said(rollout, {key: dict(record), **self._surplus(rollout, key)})

    async def drop(self, rollout: ports.Object, key: str) -> None:
        """Forget what was recorded under ``key``: nothing is derived from it any more."""
        _, known = self._known.get(_key(rollout), ("", {}))
        known.pop(key, None)
        if self.written:
            await self._said(rollout, {key: None})

    async def _said(self, rollout: ports.Object, said: Mapping[str, Any]) -> None:
        meta = rollout["metadata"]
        write = ports.Write(
            verb=ports.Verb.PATCH,
            ref=ports.Ref(kind=self.kind, namespace=meta["namespace"], name=meta["name"]),
            body={
                "metadata": {"uid": meta["uid"]},
                "status": {"rolloutBot": {"version": codec_block.VERSION, "said": dict(said)}},
            },
            subresource=self.subresource,
            because="where a message stands",
        )
        await self._write(write)

    def _surplus(self, rollout: ports.Object, key: str) -> dict[str, None]:
        """The oldest that are over, beyond what is kept."""
        found = self.of(rollout)
        spare = len(found) - RECORDS_LIMIT
        if spare <= 0:
            return {}
        old = sorted(
            (name for name in found if name != key and not name.startswith("channel:")),
            key=lambda name: (not found[name].get("end"), str(found[name].get("ts", ""))),
        )
        _, known = self._known.get(_key(rollout), ("", {}))
        for name in old[:spare]:
            known.pop(name, None)
        return dict.fromkeys(old[:spare])

    async def _write(self, write: ports.Write) -> None:
        for turn in range(TRIES):
            try:
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    self.observe(await self.api.write(write))
                return
            except (errors.Unavailable, TimeoutError) as problem:
                last = str(problem)
                await asyncio.sleep(min(0.5 * 2**turn, BACKOFF_CAP_S))
            except errors.RolloutBotError as problem:
                last = str(problem)
                break
        log.warning("a message's place was not recorded: %s", last)


def _key(rollout: ports.Object) -> str:
    return f"{rollout['metadata']['namespace']}/{rollout['metadata']['name']}"


def mark(rollout: ports.Object, *key: str) -> str:
    """What makes a message the one of ``key``, also where its place was not recorded."""
    return ":".join((str(rollout["metadata"]["uid"]), *key))


def place(record: Record) -> messenger.Place:
    """Where a message stands, as it was recorded."""
    return messenger.Place(channel=str(record.get("channel", "")), ts=str(record.get("ts", "")))
