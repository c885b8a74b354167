"""What people are told of a freeze: that it began, or that it is over. ``bot.render`` words it."""

from dataclasses import dataclass
from datetime import datetime

from bot.model.buttons import Button
from bot.model.facts import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeFacts:
    """``scope`` as a person types it; ``rollouts`` are those in flight in it, of ``count``.

    ``ended``: by whom, where the freeze is over; ``stop``: it stopped the line.
    """

    cluster: str
    id: str
    scope: str
    reason: str
    by: Person | None
    until: datetime | None = None
    stop: bool = False
    over: bool = False
    ended_by: Person | None = None
    rollouts: tuple[str, ...] = ()
    count: int = 0
    buttons: tuple[Button, ...] = ()
