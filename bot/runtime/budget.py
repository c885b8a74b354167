"""How many messages a channel gets in an hour. Memory only: a restart begins a new hour."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
CHANNELS_LIMIT = 500


@dataclass(slots=True, kw_only=True)
class Budget:
    """What is critical is counted and never refused; all else asks ``free`` first."""

    _posts: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)

    def spend(self, channel: str, at: datetime) -> None:
        """One more top-level message stands in the channel."""
        self._of(channel, at).append(at)

    def free(self, channel: str, at: datetime, *, limit: int) -> bool:
        return len(self._of(channel, at)) < limit

    def next(self, channel: str, at: datetime, *, limit: int) -> datetime:
        """When there is room again; ``at`` where there is."""
        mine = self._of(channel, at)
        return at if len(mine) < limit else mine[-limit] + HOUR

    def _of(self, channel: str, at: datetime) -> deque[datetime]:
        mine = self._posts.setdefault(channel, deque(maxlen=20_000))
        self._posts.move_to_end(channel)
        while len(self._posts) > CHANNELS_LIMIT:
            self._posts.popitem(last=False)
        while mine and mine[0] <= at - HOUR:
            mine.popleft()
        return mine
