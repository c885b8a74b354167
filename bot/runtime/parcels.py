"""What waits for an outlet: single events, those that go together, those that come later."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from bot.model import feed, ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    event: feed.Event
    rollout: ports.Object
    record: str
    mark: str

    @property
    def id(self) -> tuple[str, str, str]:
        return self.event.rollout.uid, self.record, self.mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is handed over at once."""

    target: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What waits for its time, and for what else that time brings, since ``at``."""

    target: str
    item: Item
    at: datetime


@dataclass(slots=True, kw_only=True)
class Line:
    """One outlet. ``failures`` in a row make the next try wait: nobody hammers what is down."""

    outlet: feed.Outlet
    waiting: deque[Parcel] = field(default_factory=deque)
    held: dict[tuple[str, str, str], Held] = field(default_factory=dict)
    failures: int = 0
    task: asyncio.Task[None] | None = None
