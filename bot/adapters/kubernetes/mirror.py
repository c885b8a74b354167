"""How lists, watch events and answers to our own writes become one cache that never goes back.

Belongs here: which of two versions wins, and who is told. No I/O. Does not belong here: the
connection (``informer``) and the indexes (``stores``).

An answer to a write is taken in silently, and its echo on the watch is no change. But a write
without a precondition may lie on top of somebody else's change that no pass has seen yet; that
change comes as an event older than the cache, and is told although the cache stays as it is.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot.adapters.kubernetes import stores, watching
from bot.model import ports

log = logging.getLogger(__name__)

OnChange = Callable[[ports.Object | None, ports.Object | None], None]
"""Called with the old and the new object; None is "there is none"."""

GRAVES = 2_048
ECHOES = 64


@dataclass(slots=True, kw_only=True)
class _Ahead:
    """A key where our writes are ahead of the watch."""

    told: ports.Object | None
    versions: set[int] = field(default_factory=set)

    def expect(self, version: int) -> None:
        self.versions.add(version)
        if len(self.versions) > ECHOES:  # the lost echo costs one more pass, nothing else
            self.versions.remove(min(self.versions))

    def heard(self, version: int) -> bool:
        """Take in an event at or below the cache; true if it is the echo of our own write."""
        own = version in self.versions
        self.versions = {later for later in self.versions if later > version}
        return own


class Mirror:
    """The cache of one kind and the listeners to its changes."""

    def __init__(self) -> None:
        self.store = stores.Store()
        self.listeners: list[OnChange] = []
        self._ahead: dict[stores.Key, _Ahead] = {}
        self._forgotten: dict[stores.Key, ports.Object] = {}
        self._graves: dict[stores.Key, tuple[int, str]] = {}

    def tell(self, old: ports.Object | None, new: ports.Object | None) -> None:
        for listener in self.listeners:
            try:
                listener(old, new)
            except Exception:  # one listener's bug must not blind the others
                log.exception("a listener to cache changes failed")

    def _bury(self, obj: ports.Object, *, version: int) -> None:
        self._graves.pop(key := stores.key_of(obj), None)
        self._graves[key] = (version, stores.uid_of(obj))
        if len(self._graves) > GRAVES:
            del self._graves[next(iter(self._graves))]

    def observe(self, obj: ports.Object) -> None:
        """Take in the answer to a write, if it is news; nobody is told."""
        key, version = stores.key_of(obj), stores.version_of(obj)
        died_at, dead = self._graves.get(key, (-1, ""))
        if version <= died_at or (dead and dead == stores.uid_of(obj)):
            return  # the watch was faster and already said that it is gone
        current = self.store.get(key)
        if current is not None and version <= stores.version_of(current):
            return
        told = self._forgotten.pop(key, None) or current
        self._ahead.setdefault(key, _Ahead(told=told)).expect(version)
        self.store.put(obj)

    def forget(self, key: stores.Key, *, uid: str = "") -> None:
        """Take in a 404; nobody is told before the watch or the next list confirms it."""
        current = self.store.get(key)
        if current is None or (uid and uid != stores.uid_of(current)):
            return
        self.store.remove(key)
        self._ahead.pop(key, None)
        self._forgotten[key] = current

    def apply(self, change: watching.Change) -> None:
        """Take in one event of the watch."""
        if change.type is watching.ChangeType.BOOKMARK:
            return
        if change.type is watching.ChangeType.DELETED:
            self._gone(change.obj)
        else:
            self._came(change.obj)

    def _came(self, obj: ports.Object, *, listed: bool = False) -> None:
        """Take in that the object is so. A list hides what came before: an unsure key is told."""
        key, version = stores.key_of(obj), stores.version_of(obj)
        current = self.store.get(key)
        if current is None or version > stores.version_of(current):
            self._ahead.pop(key, None)
            forgotten = self._forgotten.pop(key, None)
            old = self.store.put(obj)
            self.tell(old or forgotten, obj)
        elif (ahead := self._ahead.get(key)) is not None:
            own = ahead.heard(version)
            if listed or not own:
                self._uncover(ahead, current)
            if not ahead.versions:
                del self._ahead[key]

    def _uncover(self, ahead: _Ahead, current: ports.Object) -> None:
        """Tell of a foreign change that lies below our own newer write."""
        told, ahead.told = ahead.told, current
        self.tell(told, current)

    def _gone(self, obj: ports.Object) -> None:
        key, version = stores.key_of(obj), stores.version_of(obj)
        self._bury(obj, version=version)
        current = self.store.get(key)
        if (
            current is not None
            and stores.uid_of(current) != stores.uid_of(obj)
            and stores.version_of(current) > version
        ):  # we already made its successor
            if (ahead := self._ahead.get(key)) is not None:
                self._uncover(ahead, current)
            return
        self._remove(key)

    def _remove(self, key: stores.Key) -> None:
        forgotten = self._forgotten.pop(key, None)
        self._ahead.pop(key, None)
        if (old := self.store.remove(key) or forgotten) is not None:
            self.tell(old, None)

    def replace(self, items: Iterable[ports.Object], *, version: int, rewound: bool) -> None:
        """Take in a whole list made at ``version`` and tell only the differences.

        ``rewound``: the server's own history went back (a restored backup); the list is the
        truth then, whatever the versions say.
        """
        listed: set[stores.Key] = set()
        for obj in items:
            listed.add(key := stores.key_of(obj))
            if rewound:
                self._ahead.pop(key, None)
                self._rewind(key, obj)
            else:
                self._came(obj, listed=True)
        for key in {*self.store, *self._forgotten} - listed:
            current = self.store.get(key)
            if current is not None and not rewound and stores.version_of(current) > version:
                continue  # written after the list was made
            if current is not None:
                self._bury(current, version=version)
            self._remove(key)
        if rewound:
            self._graves.clear()

    def _rewind(self, key: stores.Key, obj: ports.Object) -> None:
        forgotten = self._forgotten.pop(key, None)
        old = self.store.put(obj) or forgotten
        if old is None or stores.version_of(old) != stores.version_of(obj):
            self.tell(old, obj)
