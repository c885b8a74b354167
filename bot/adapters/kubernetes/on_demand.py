"""A cache that is filled from the first time on that somebody looks into it."""

import asyncio
from typing import Any

from bot.adapters.kubernetes import informer
from bot.model import errors, ports


class OnDemand(informer.Informer):
    """``ports.Cache`` for a kind that few clusters need: until it is asked for, nothing is read.

    A look before the first list is in raises ``errors.Unavailable``, which means: again later.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self._wanted = asyncio.Event()

    def get(self, namespace: str, name: str) -> ports.Object | None:
        self._wanted.set()
        if not self.synced.is_set():
            raise errors.Unavailable(f"the {self.kind.plural} are being read: {self.problem}")
        return super().get(namespace, name)

    async def run(self) -> None:
        await self._wanted.wait()
        await super().run()
