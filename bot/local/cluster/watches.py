"""Watches: what happened since a version, then what happens, with bookmarks."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from bot.local.cluster import refusals, resources, selection, store

BOOKMARK_S = 5.0


def line(word: str, obj: dict[str, Any]) -> bytes:
    """One event as it goes over the wire."""
    return json.dumps({"type": word, "object": obj}, separators=(",", ":")).encode() + b"\n"


async def events(
    shelves: store.Store,
    kind: resources.Resource,
    *,
    namespace: str,
    test: selection.Test,
    version: str,
    api_version: str,
    bookmarks: bool,
    timeout_s: float,
) -> AsyncIterator[bytes]:
    """The lines of one watch, until its time is over.

    Raises:
        refusals.Refusal: 410, the version is older than the history.

    """
    shelf = shelves.shelf(kind)
    since = int(version) if version.isdecimal() else 0
    if since and since < shelf.floor:
        raise refusals.gone(version, shelf.floor)
    queue: asyncio.Queue[store.Change | None] = asyncio.Queue()
    shelf.watchers.add(queue)
    try:
        for change in _missed(shelves, kind, since):
            if (found := _shown(kind, change, namespace, test, api_version)) is not None:
                yield found
        end = time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(min(left, BOOKMARK_S)):
                    heard = await queue.get()
            except TimeoutError:
                if bookmarks:
                    yield _bookmark(kind, api_version, shelves.version)
                continue
            if heard is None:
                return
            if (found := _shown(kind, heard, namespace, test, api_version)) is not None:
                yield found
        if bookmarks:
            yield _bookmark(kind, api_version, shelves.version)
    finally:
        shelf.watchers.discard(queue)


def _missed(shelves: store.Store, kind: resources.Resource, since: int) -> list[store.Change]:
    if since:
        return [change for change in shelves.shelf(kind).history if change.version > since]
    return [
        store.Change(
            version=int(obj["metadata"]["resourceVersion"]), type="ADDED", old=None, new=obj
        )
        for obj in shelves.all(kind)
    ]


def _shown(
    kind: resources.Resource,
    change: store.Change,
    namespace: str,
    test: selection.Test,
    api_version: str,
) -> bytes | None:
    """The event as this watcher sees it: what stops matching is deleted for it."""
    if namespace and change.new["metadata"].get("namespace") != namespace:
        return None
    now = change.type != "DELETED" and test(change.new)
    before = change.old is not None and test(change.old)
    if not now and not before:
        return None
    word = ("MODIFIED" if before else "ADDED") if now else "DELETED"
    return line(word, {"kind": kind.kind, **change.new, "apiVersion": api_version})


def _bookmark(kind: resources.Resource, api_version: str, version: int) -> bytes:
    meta = {"resourceVersion": str(version), "creationTimestamp": None}
    return line("BOOKMARK", {"kind": kind.kind, "apiVersion": api_version, "metadata": meta})
