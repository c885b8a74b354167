"""Objects of one kind in memory, by name, by namespace and by the uid of their controller.

Belongs here: the indexes. Does not belong here: where objects come from (``informer``).
"""

from collections.abc import Iterator, Sequence

from bot.model import ports

Key = tuple[str, str]
"""Namespace and name; the namespace of a cluster-wide object is empty."""


def key_of(obj: ports.Object) -> Key:
    metadata = obj["metadata"]
    return metadata.get("namespace") or "", metadata["name"]


def uid_of(obj: ports.Object) -> str:
    return str(obj["metadata"].get("uid") or "")


def version_of(obj: ports.Object) -> int:
    """Return the resourceVersion as the number that it is, 0 where it is none."""
    version = str(obj["metadata"].get("resourceVersion") or "")
    return int(version) if version.isdecimal() else 0


def controller_of(obj: ports.Object) -> str:
    """Return the uid of the owner that controls the object, empty without one."""
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return str(owner.get("uid") or "")
    return ""


class Store:
    """The indexes; every method is O(1) but the lists it returns."""

    def __init__(self) -> None:
        self._objects: dict[Key, ports.Object] = {}
        self._namespaces: dict[str, dict[Key, ports.Object]] = {}
        self._owners: dict[str, dict[Key, ports.Object]] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Key]:
        return iter(tuple(self._objects))

    def get(self, key: Key) -> ports.Object | None:
        return self._objects.get(key)

    def list(self, namespace: str = "") -> Sequence[ports.Object]:
        found = self._namespaces.get(namespace, {}) if namespace else self._objects
        return tuple(found.values())

    def owned_by(self, uid: str) -> Sequence[ports.Object]:
        return tuple(self._owners.get(uid, {}).values())

    def put(self, obj: ports.Object) -> ports.Object | None:
        """Keep the object and return the one it takes the place of."""
        key = key_of(obj)
        old = self.remove(key)
        self._objects[key] = obj
        self._namespaces.setdefault(key[0], {})[key] = obj
        if owner := controller_of(obj):
            self._owners.setdefault(owner, {})[key] = obj
        return old

    def remove(self, key: Key) -> ports.Object | None:
        if (old := self._objects.pop(key, None)) is None:
            return None
        _drop(self._namespaces, key[0], key)
        _drop(self._owners, controller_of(old), key)
        return old


def _drop(index: dict[str, dict[Key, ports.Object]], under: str, key: Key) -> None:
    """Take a key out of an index and leave no empty entry behind."""
    if (entries := index.get(under)) is not None:
        entries.pop(key, None)
        if not entries:
            del index[under]
