"""The objects that a rollout makes beside its pods and ends again: analysis runs, experiments.

What they then do is their own pass's business.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.model import errors, ports, world
from bot.runtime import world as worlds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nursery:
    """One kind of them. ``begun`` hears of each that was made or stopped."""

    api: ports.Api
    kind: ports.Kind
    cache: ports.Cache | None
    begun: Callable[[ports.Object], None]

    def _ref(self, seen: world.Seen, name: str) -> ports.Ref:
        return ports.Ref(kind=self.kind, namespace=seen.namespace, name=name)

    async def begin(self, seen: world.Seen, body: Mapping[str, Any]) -> None:
        ref = self._ref(seen, body["metadata"]["name"])
        write = ports.Write(verb=ports.Verb.CREATE, ref=ref, body=dict(body))
        try:
            saved = await self.api.write(write)
        except errors.AlreadyExists:
            if self.cache is not None:
                self.cache.observe(await self.api.get(ref))
            raise errors.Conflict(f"{self.kind.name} {ref.name} exists: read again") from None
        self._known(saved)

    async def terminate(self, seen: world.Seen, name: str) -> None:
        ref = self._ref(seen, name)
        write = ports.Write(verb=ports.Verb.PATCH, ref=ref, body={"spec": {"terminate": True}})
        try:
            self._known(await self.api.write(write))
        except errors.NotFound:
            if self.cache is not None:
                self.cache.forget(seen.namespace, name)

    def _known(self, obj: ports.Object) -> None:
        if self.cache is not None:
            self.cache.observe(obj)
        self.begun(obj)


def changed(desired: world.Desired) -> bool:
    """Whether any of them begins or is to end."""
    runs = desired.create_runs or desired.terminate_runs
    return bool(runs or desired.create_experiments or desired.terminate_experiments)


def work(
    *,
    api: ports.Api,
    caches: worlds.Caches,
    begun: Callable[[ports.Object], None],
    seen: world.Seen,
    desired: world.Desired,
) -> list[Awaitable[None]]:
    """Everything that begins, and everything that is to end."""
    runs = _Nursery(api=api, kind=ports.RUN, cache=caches.runs, begun=begun)
    trials = _Nursery(api=api, kind=ports.EXPERIMENT, cache=caches.experiments, begun=begun)
    return [
        *(runs.begin(seen, body) for body in desired.create_runs),
        *(runs.terminate(seen, name) for name in desired.terminate_runs),
        *(trials.begin(seen, body) for body in desired.create_experiments),
        *(trials.terminate(seen, name) for name in desired.terminate_experiments),
    ]
