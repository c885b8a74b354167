"""A cluster that stands still: objects out of a file or a listing, as the caches hold them."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from bot.model import errors, ports
from bot.runtime import workloads as workload_refs
from bot.runtime import world as worlds

_EPOCH = "1970-01-01T00:00:00Z"


class Shelf:
    """``ports.Cache`` over objects that change only by what we hear of our own writes."""

    def __init__(self, kind: ports.Kind, objects: Sequence[ports.Object]) -> None:
        self.kind = kind
        self._objects = {
            (one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in objects
        }

    def get(self, namespace: str, name: str) -> ports.Object | None:
        return self._objects.get((namespace, name))

    def list(self, namespace: str = "") -> Sequence[ports.Object]:
        return [one for key, one in self._objects.items() if namespace in {"", key[0]}]

    def owned_by(self, uid: str) -> Sequence[ports.Object]:
        return [
            one
            for one in self._objects.values()
            for owner in one["metadata"].get("ownerReferences") or ()
            if owner.get("controller") and owner.get("uid") == uid
        ]

    def observe(self, obj: ports.Object) -> None:
        self._objects[obj["metadata"].get("namespace", ""), obj["metadata"]["name"]] = obj

    def forget(self, namespace: str, name: str) -> None:
        """Nothing goes here."""


def parse(text: str) -> list[ports.Object]:
    """The objects of a file of YAML or JSON: several documents, and lists of objects.

    Raises:
        errors.UserError: it is no YAML, or holds something that is no Kubernetes object.

    """
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise errors.UserError(f"the file is not YAML: {problem}") from None
    found: list[ports.Object] = []
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise errors.UserError("the file holds something that is no object")
        items = document.get("items")
        found += items if isinstance(items, list) else [document]
    for one in found:
        if not isinstance(one, dict) or not _is_object(one):
            raise errors.UserError("an object needs kind, apiVersion and metadata.name")
    return found


def _is_object(one: Mapping[str, Any]) -> bool:
    meta = one.get("metadata")
    named = isinstance(meta, dict) and isinstance(meta.get("name"), str)
    return named and isinstance(one.get("kind"), str) and isinstance(one.get("apiVersion"), str)


def caches(objects: Sequence[ports.Object], kinds: Mapping[str, ports.Kind]) -> worlds.Caches:
    """Each object under its kind; what an API server would have filled in is filled in."""
    uids: dict[str, str] = {}
    for one in objects:
        meta = one["metadata"]
        kind = next((kind for kind in kinds.values() if _of(one, kind)), None)
        if kind is None or kind.namespaced:
            meta.setdefault("namespace", "default")
        uid = meta.setdefault("uid", f"{one['kind']}/{meta.get('namespace', '')}/{meta['name']}")
        uids[f"{one['kind']}/{meta.get('namespace', '')}/{meta['name']}"] = uid
        meta.setdefault("resourceVersion", "1")
        meta.setdefault("generation", 1)
        meta.setdefault("creationTimestamp", _EPOCH)
    for one in objects:
        meta = one["metadata"]
        for owner in meta.get("ownerReferences") or ():
            named = f"{owner.get('kind')}/{meta.get('namespace', '')}/{owner.get('name')}"
            owner.setdefault("uid", uids.get(named, ""))
    shelves = {
        name: Shelf(kind, [one for one in objects if _of(one, kind)])
        for name, kind in kinds.items()
    }
    workloads = {
        kind: Shelf(kind, [one for one in objects if _of(one, kind)])
        for kind in workload_refs.KINDS
    }
    return worlds.Caches(**shelves, workloads=workloads)


def _of(one: ports.Object, kind: ports.Kind) -> bool:
    group = str(one["apiVersion"]).rpartition("/")[0]
    return bool(one["kind"] == kind.name) and group == kind.group
