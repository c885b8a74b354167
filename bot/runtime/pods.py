"""Living pods: what they carry, and which of them go. Never on the way of an abort.

Belongs here: reading, marking and evicting pods. Does not: which, and why (``core``).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core import codec_status, pod_marks, revisions
from bot.model import errors, ports, world

log = logging.getLogger(__name__)

READ_TIMEOUT_S = 10.0
AT_ONCE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """Works on the pods of one rollout at a time, through the API."""

    api: ports.Api
    replica_sets: ports.Cache

    async def read(self, seen: world.Seen) -> tuple[world.Pod, ...] | None:
        """The pods of every revision; None where they cannot be read now."""
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                found = await self.api.list(
                    ports.POD, namespace=seen.namespace, selector=_any_of(seen)
                )
        except (errors.RolloutBotError, TimeoutError) as error:
            log.warning("the pods of %s/%s: %s", seen.namespace, seen.name, error)
            return None
        return tuple(_pod(obj) for obj in found if codec_status.time(_created(obj)) is not None)

    async def evict(self, seen: world.Seen, names: Sequence[str]) -> None:
        """Ask for each pod's eviction. One that a disruption budget protects goes later.

        Raises:
            errors.RolloutBotError: the API server refuses for another reason.

        """
        for name in names:
            body = {
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": name, "namespace": seen.namespace},
            }
            ref = ports.Ref(kind=ports.POD, namespace=seen.namespace, name=name)
            write = ports.Write(verb=ports.Verb.CREATE, ref=ref, body=body, subresource="eviction")
            try:
                await self.api.write(write)
            except errors.NotFound:
                continue
            except errors.Unavailable as error:
                # 429 is how a disruption budget says no; the restart looks again by itself.
                log.info("pod %s/%s is not evicted yet: %s", seen.namespace, name, error)

    async def mark(self, seen: world.Seen, marks: Mapping[str, world.Marks]) -> bool:
        """Change what pods carry: the template, the living pods, and last the record of it.

        The record comes last, so that a pass that died half-way is made again. True if
        anything was written.
        """
        for name, wanted in marks.items():
            if wanted.patch:
                await self._template(seen, name, wanted)
                await self._living(seen, wanted)
            note = {"metadata": {"annotations": {pod_marks.RECORD: wanted.record or None}}}
            await self._replica_set(seen, name, note)
        return bool(marks)

    async def _template(self, seen: world.Seen, name: str, wanted: world.Marks) -> None:
        patch = {"spec": {"template": {"metadata": dict(wanted.patch)}}}
        await self._replica_set(seen, name, patch)

    async def _replica_set(self, seen: world.Seen, name: str, body: dict[str, Any]) -> None:
        ref = ports.Ref(kind=ports.REPLICA_SET, namespace=seen.namespace, name=name)
        write = ports.Write(verb=ports.Verb.PATCH, ref=ref, body=body)
        self.replica_sets.observe(await self.api.write(write))

    async def _living(self, seen: world.Seen, wanted: world.Marks) -> None:
        selector = f"{revisions.HASH}={wanted.hash}"
        found = await self.api.list(ports.POD, namespace=seen.namespace, selector=selector)
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(pod: ports.Object) -> None:
            ref = ports.Ref(kind=ports.POD, namespace=seen.namespace, name=pod["metadata"]["name"])
            body = {"metadata": dict(wanted.patch)}
            async with gate:
                try:
                    await self.api.write(ports.Write(verb=ports.Verb.PATCH, ref=ref, body=body))
                except errors.NotFound:
                    return

        await asyncio.gather(*(one(pod) for pod in found if not _carries(pod, wanted)))


def _carries(pod: ports.Object, wanted: world.Marks) -> bool:
    return all(
        (pod["metadata"].get(kind) or {}).get(key) == value
        for kind, patch in wanted.patch.items()
        for key, value in patch.items()
    )


def _any_of(seen: world.Seen) -> str:
    hashes = ",".join(sorted(rs.hash for rs in seen.replica_sets)) or "none"
    return f"{revisions.HASH} in ({hashes})"


def _created(obj: ports.Object) -> Any:
    return obj["metadata"].get("creationTimestamp")


def _pod(obj: ports.Object) -> world.Pod:
    meta = obj["metadata"]
    created = codec_status.time(_created(obj))
    if created is None:
        raise TypeError("a pod without its time")
    return world.Pod(
        name=meta["name"],
        hash=meta["labels"][revisions.HASH],
        created=created,
        deleting=bool(meta.get("deletionTimestamp")),
    )
