"""What stands in the chat, as far as this process has put it there, and when it needs an edit.

Where a message stands is ``anchors``'; what counts as news is the core's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.notices import material

REFRESH = timedelta(minutes=2)
"""Figures that are no news are brought up to date at most this often."""


@dataclass(slots=True, kw_only=True)
class Shown:
    """One message. ``tried`` is what was sent last, ``facts`` what is known to stand."""

    edits: int = 0
    not_before: datetime | None = None
    facts: material.Stood | None = None
    tried: material.Stood | None = None
    since: datetime | None = None

    def stands(self, at: datetime) -> None:
        """What was tried last stands in the chat."""
        if self.tried is not None:
            self.facts, self.since = self.tried, at

    def due(self, wanted: material.Stood, at: datetime, *, last: bool) -> bool:
        """Whether the message must be edited; its ``last`` state is always shown whole."""
        if self.facts is None or self.since is None:
            return True
        if wanted == self.facts:
            return False
        late = at - self.since >= REFRESH
        return last or late or material.of(wanted) != material.of(self.facts)
