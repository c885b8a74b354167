"""The objects: versions, generations, history and those who watch. Knows nothing of HTTP."""

import asyncio
import copy
import itertools
import json
import re
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.local.cluster import refusals, resources

Object = dict[str, Any]
Key = tuple[str, str]
HISTORY = 5_000
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
WAITING = 10_000
"""Events that a slow watcher may be behind before it is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event of a watch: ``old`` and ``new`` are whole objects."""

    version: int
    type: str
    old: Object | None
    new: Object


@dataclass(slots=True)
class _Shelf:
    objects: dict[Key, Object] = field(default_factory=dict)
    history: deque[Change] = field(default_factory=lambda: deque(maxlen=HISTORY))
    floor: int = 0
    watchers: set[asyncio.Queue[Change | None]] = field(default_factory=set)


def stamp() -> str:
    """Now, as Kubernetes writes times."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """All objects of all kinds. ``listeners`` hear of every change, in order."""

    def __init__(self) -> None:
        self._shelves = {(one.group, one.plural): _Shelf() for one in resources.ALL}
        self._versions = itertools.count(1000)
        self.version = 999
        self.listeners: list[Callable[[resources.Resource, Change], None]] = []

    def shelf(self, kind: resources.Resource) -> _Shelf:
        return self._shelves[kind.group, kind.plural]

    def all(self, kind: resources.Resource, namespace: str = "") -> list[Object]:
        objects = self.shelf(kind).objects
        return [o for (ns, _), o in sorted(objects.items()) if not namespace or ns == namespace]

    def get(self, kind: resources.Resource, namespace: str, name: str) -> Object:
        found = self.shelf(kind).objects.get((namespace, name))
        if found is None:
            raise refusals.not_found(kind.plural, kind.group, name)
        return found

    def create(self, kind: resources.Resource, namespace: str, body: Object) -> Object:
        obj = copy.deepcopy(body)
        meta = obj.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
        name = meta.get("name", "")
        if not name:
            text = "metadata.name: Required value: name or generateName is required"
            raise refusals.invalid(kind.kind, kind.group, "", text)
        if not _NAME.fullmatch(name):
            text = f"metadata.name: Invalid value: {json.dumps(name)}: a lowercase RFC 1123 name"
            raise refusals.invalid(kind.kind, kind.group, name, text)
        if (namespace, name) in self.shelf(kind).objects:
            raise refusals.exists(kind.plural, kind.group, name)
        if kind.namespaced:
            meta["namespace"] = namespace
        meta.update(uid=str(uuid.uuid4()), creationTimestamp=stamp())
        meta.pop("resourceVersion", None)
        if "spec" in obj or kind.kind in {"Rollout", "AnalysisRun"}:
            meta["generation"] = 1
        if kind.status and kind.kind != "Namespace":
            obj.pop("status", None)
        if kind.kind == "Namespace":
            obj["status"] = {"phase": "Active"}
        if kind.kind == "Pod":
            obj["status"] = {"phase": "Pending"}
        return self._keep(kind, "ADDED", None, obj)

    def replace(
        self, kind: resources.Resource, old: Object, new: Object, *, part: str = ""
    ) -> Object:
        """Put ``new`` in the place of ``old``; ``part`` is the subresource that was asked."""
        known, wanted = old["metadata"], new.setdefault("metadata", {})
        for word in ("resourceVersion", "uid"):
            if wanted.get(word) not in (None, "", known[word]):
                raise refusals.conflict(kind.plural, kind.group, known["name"])
        out = _next(kind, old, new, part)
        if out == old:
            return old
        if kind.kind == "Rollout" and _selector(out) != _selector(old):
            text = "spec.selector: Invalid value: field is immutable"
            raise refusals.invalid(kind.kind, kind.group, known["name"], text)
        return self._keep(kind, "MODIFIED", old, out)

    def remove(self, kind: resources.Resource, obj: Object) -> Object:
        meta = obj["metadata"]
        self.shelf(kind).objects.pop((meta.get("namespace", ""), meta["name"]), None)
        return self._keep(kind, "DELETED", obj, copy.deepcopy(obj), keep=False)

    def _keep(
        self,
        kind: resources.Resource,
        word: str,
        old: Object | None,
        new: Object,
        *,
        keep: bool = True,
    ) -> Object:
        self.version = next(self._versions)
        new["metadata"]["resourceVersion"] = str(self.version)
        shelf, meta = self.shelf(kind), new["metadata"]
        if keep:
            shelf.objects[meta.get("namespace", ""), meta["name"]] = new
        if len(shelf.history) == HISTORY:
            shelf.floor = shelf.history[0].version
        change = Change(version=self.version, type=word, old=old, new=new)
        shelf.history.append(change)
        for queue in list(shelf.watchers):
            if queue.qsize() >= WAITING:
                shelf.watchers.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(change)
        for listener in self.listeners:
            listener(kind, change)
        return new


def _selector(obj: Object) -> Any:
    return (obj.get("spec") or {}).get("selector")


def _next(kind: resources.Resource, old: Object, new: Object, part: str) -> Object:
    """What may change: a subresource changes its part only, the object all but its status."""
    before, wanted = old["metadata"], new["metadata"]
    if part == "status":
        out = {**old, "status": copy.deepcopy(new.get("status", {}))}
        if not out["status"]:
            out.pop("status")
        out["metadata"] = dict(before)
        return out
    out = copy.deepcopy(new)
    out["metadata"] = {
        **{k: v for k, v in copy.deepcopy(wanted).items() if k != "managedFields"},
        "uid": before["uid"],
        "name": before["name"],
        "creationTimestamp": before["creationTimestamp"],
        "resourceVersion": before["resourceVersion"],
    }
    for word in ("namespace", "generation", "deletionTimestamp"):
        if word in before:
            out["metadata"][word] = before[word]
    if kind.status:
        out.pop("status", None)
        if "status" in old:
            out["status"] = old["status"]
    if "generation" in before and _body(kind, out) != _body(kind, old):
        out["metadata"]["generation"] = before["generation"] + 1
    return out


def _body(kind: resources.Resource, obj: Object) -> str:
    """What counts for the generation: all but metadata, and but a status of its own."""
    left = {
        k: v for k, v in obj.items() if k != "metadata" and not (kind.status and k == "status")
    }
    return json.dumps(left, sort_keys=True)
