"""What people are told of a break-glass: that it is asked for, or what came of it."""

from dataclasses import dataclass
from datetime import datetime

from bot.model.buttons import Button
from bot.model.facts import Person, RevisionLabel, RolloutId


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassFacts:
    """``by`` asked for ``reason``; ``agreed`` None: nobody answered, or not yet (``over``)."""

    rollout: RolloutId
    revision: RevisionLabel
    by: Person | None
    reason: str
    until: datetime | None = None
    over: bool = False
    second: Person | None = None
    agreed: bool | None = None
    at: datetime | None = None
    buttons: tuple[Button, ...] = ()
    generation: int = 0
