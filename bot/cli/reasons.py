"""Why a rollout does what it does, without the bot: decided anew from what stands there.

``decide`` is a function: here it says what it says there, and nothing of it is applied.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from bot.core import codec_status, decide
from bot.model import world
from bot.runtime import decoding
from bot.runtime import world as worlds


class Reasons(Mapping[str, tuple[world.Reason, ...]]):
    """By key, as the reconciler keeps those of its last pass."""

    def __init__(self, reader: worlds.Reader, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._clock = clock

    def __getitem__(self, key: str) -> tuple[world.Reason, ...]:
        namespace, _, name = key.partition("/")
        rollout = self._reader.caches.rollouts.get(namespace, name)
        if rollout is None:
            raise KeyError(key)
        spec = decoding.decoded(rollout, self._reader)
        status = codec_status.decode(rollout.get("status"))
        seen = self._reader.see(rollout, spec)
        return decide.decide(spec, status, seen, status.bot.intents, self._clock()).reasons

    def __iter__(self) -> Iterator[str]:
        for one in self._reader.caches.rollouts.list():
            yield f"{one['metadata']['namespace']}/{one['metadata']['name']}"

    def __len__(self) -> int:
        return len(self._reader.caches.rollouts.list())
