"""What a work queue has to do: the figures that client-go has of its queues. No decisions here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


def _nothing(_: object = None) -> None:
    """Nobody counts."""


@dataclass(slots=True, kw_only=True)
class Load:
    """Told by one queue; ``added`` and ``retried`` are called, ``waited`` and ``worked`` in s.

    Bounded by the keys of the queue.
    """

    added: Callable[[], None] = _nothing
    retried: Callable[[], None] = _nothing
    waited: Callable[[float], None] = _nothing
    worked: Callable[[float], None] = _nothing
    _waiting: dict[str, float] = field(default_factory=dict)
    _running: dict[str, float] = field(default_factory=dict)

    def add(self, key: str, now: float) -> None:
        """``key`` waits; one that waits already is not added twice."""
        if key not in self._waiting:
            self._waiting[key] = now
            self.added()

    def begin(self, key: str, now: float) -> None:
        self.waited(now - self._waiting.pop(key, now))
        self._running[key] = now

    def end(self, key: str, now: float) -> None:
        self.worked(now - self._running.pop(key, now))

    def retry(self) -> None:
        self.retried()

    @property
    def depth(self) -> int:
        """How many keys wait for their turn."""
        return len(self._waiting)

    def unfinished(self, now: float) -> tuple[float, float]:
        """For how long all that run have been running, and the longest of them; in s."""
        ages: Iterable[float] = [now - begun for begun in self._running.values()]
        return sum(ages), max(ages, default=0.0)
