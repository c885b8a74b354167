"""What one person's Home tab says, as facts. Wording and layout are ``bot.render.home``'s."""

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.model import messages, policy

PAGE_ACTION = "home:page"
"""The action of the buttons that turn the page; their value is the page's number, from 0."""

FRESH_S = 900.0
"""For how long a tab is kept up to date after its reader opened it or acted."""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeFacts:
    """``waiting`` has only what this person may approve. ``note`` answers their last press.

    ``freezes_unknown``: why nobody knows what is frozen; empty where that is known.
    """

    cluster: str
    at: datetime
    waiting: tuple[messages.RowFact, ...] = ()
    moving: tuple[messages.RowFact, ...] = ()
    failed: tuple[messages.RowFact, ...] = ()
    freezes: tuple[policy.Freeze, ...] = ()
    freezes_unknown: str = ""
    subscriptions: tuple[str, ...] = ()
    note: messages.Message | None = None
    page: int = 0
