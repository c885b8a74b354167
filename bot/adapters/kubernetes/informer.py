"""A cache of one kind, kept fresh by list and watch. Implements ``ports.Cache``.

Belongs here: the connection's life: when to list, when to watch, how long to wait. Does not
belong here: what wins (``mirror``) and what bytes mean (``watching``).
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

from bot.adapters.kubernetes import api, mirror, selectors, stores, watching
from bot.model import errors, ports

log = logging.getLogger(__name__)
_uniform = random.SystemRandom().uniform

WATCH_SHORTEST_S = 300.0
WATCH_LONGEST_S = 600.0
BACKOFF_BASE_S = 0.5
BACKOFF_CAP_S = 30.0
RELIST_AFTER_FAILURES = 5
"""A server whose history is gone refuses a version it never had with 5xx, not with 410."""
ABRUPT_S = 1.0


class Source(Protocol):
    """What an informer needs of ``api.KubernetesApi``."""

    async def listing(
        self, kind: ports.Kind, *, namespace: str = "", selector: str = "", fields: str = ""
    ) -> api.Listing: ...

    def watch(
        self,
        kind: ports.Kind,
        *,
        version: str,
        timeout_s: int,
        namespace: str = "",
        selector: str = "",
        fields: str = "",
    ) -> contextlib.AbstractAsyncContextManager[AsyncIterator[watching.Batch]]: ...


class Informer:
    """``ports.Cache`` for one kind; ``run()`` keeps it fresh until it is canceled.

    ``synced`` is set once the first list is in. ``last_contact`` is the monotonic time of the
    last byte from the server, ``problem`` the sentence why there is none, empty when all is well;
    ``refusals`` how often in a row the server said no.
    """

    def __init__(
        self,
        *,
        source: Source,
        kind: ports.Kind,
        namespace: str = "",
        selector: str = "",
        fields: str = "",
        on_change: mirror.OnChange | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = _uniform,
    ) -> None:
        self.kind = kind
        self.synced = asyncio.Event()
        self.last_contact: float | None = None
        self.problem = ""
        self.refusals = 0
        self._source = source
        self._scope = {"namespace": namespace, "selector": selector}
        if fields:
            self._scope["fields"] = fields
        self._namespace = namespace
        self._matches = selectors.matcher(selector)
        self._mirror = mirror.Mirror()
        self._monotonic = monotonic
        self._sleep = sleep
        self._uniform = uniform
        self._version = ""
        self._failures = 0
        if on_change is not None:
            self.listen(on_change)

    def listen(self, on_change: mirror.OnChange) -> None:
        """Have ``on_change(old, new)`` called on the loop at every real change."""
        self._mirror.listeners.append(on_change)

    def get(self, namespace: str, name: str) -> ports.Object | None:
        return self._mirror.store.get((namespace, name))

    def list(self, namespace: str = "") -> Sequence[ports.Object]:
        return self._mirror.store.list(namespace)

    def owned_by(self, uid: str) -> Sequence[ports.Object]:
        return self._mirror.store.owned_by(uid)

    def observe(self, obj: ports.Object) -> None:
        """Take in the answer to a write of ours; listeners are not called for it."""
        namespace, _ = stores.key_of(obj)
        if (not self._namespace or namespace == self._namespace) and self._matches(obj):
            self._mirror.observe(obj)

    def tell(self, old: ports.Object | None, new: ports.Object | None) -> None:
        """Call the listeners for a write of ours that others in this process must hear of."""
        self._mirror.tell(old, new)

    def forget(self, namespace: str, name: str, *, uid: str = "") -> None:
        """Take in a 404. With ``uid`` only that object is forgotten, not a successor."""
        self._mirror.forget((namespace, name), uid=uid)

    async def run(self) -> None:
        """List, watch, resume, list again; ends only by cancellation."""
        stale = True
        while True:
            try:
                if stale:
                    await self._relist()
                    stale = False
                await self._follow()
            except errors.Gone as error:
                stale = True
                await self._wait(error, at_once=self._failures == 0)
            except errors.RolloutBotError as error:
                stale |= isinstance(error, errors.Refused | errors.NotFound)
                stale |= self._failures >= RELIST_AFTER_FAILURES
                await self._wait(error)
            except Exception as error:  # a cache that stands still is worse than one that lists
                log.exception("%s: a bug in the cache, or no API server", self.kind.plural)
                stale = True
                await self._wait(error)

    async def _relist(self) -> None:
        listing = await self._source.listing(self.kind, **self._scope)
        version = _number(listing.version)
        rewound = version < _number(self._version)
        if rewound:
            log.warning("%s: the server's history went back; its list wins", self.kind.plural)
        self._mirror.replace(listing.items, version=version, rewound=rewound)
        self._version = listing.version
        self._heard()
        self.synced.set()

    async def _follow(self) -> None:
        """Watch from the last version until the server ends it."""
        began, silent = self._monotonic(), True
        async with self._source.watch(
            self.kind,
            version=self._version,
            timeout_s=round(self._uniform(WATCH_SHORTEST_S, WATCH_LONGEST_S)),
            **self._scope,
        ) as batches:
            self._heard()
            async for batch in batches:
                self._heard()
                for change in batch:
                    self._mirror.apply(change)
                    self._version = change.obj["metadata"]["resourceVersion"]
                    silent, self._failures = False, 0
        if silent and self._monotonic() - began < ABRUPT_S:
            raise errors.Unavailable(f"watch {self.kind.plural}: ended at once without a word")
        self._failures = 0

    def _heard(self) -> None:
        self.last_contact = self._monotonic()
        self.refusals = 0
        if self.problem:
            log.info("%s: in contact again", self.kind.plural)
            self.problem = ""

    async def _wait(self, error: Exception, *, at_once: bool = False) -> None:
        """Wait longer after each failure, never less than the server asked for."""
        self._failures += 1
        refused = isinstance(error, errors.Forbidden | errors.Refused | errors.NotFound)
        self.refusals = self.refusals + 1 if refused else 0
        if at_once:
            return
        problem = str(error) or type(error).__name__
        if problem != self.problem:
            log.warning("%s: %s", self.kind.plural, problem)
            self.problem = problem
        steps = min(self._failures - 1, 16)
        longest = min(BACKOFF_BASE_S * 2**steps, BACKOFF_CAP_S)
        asked = error.retry_after_s if isinstance(error, errors.Unavailable) else None
        await self._sleep(max(self._uniform(longest / 2, longest), asked or 0.0))


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0
