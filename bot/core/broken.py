"""Since when the glass is broken for the revision that is rolled out. A look-up only."""

from datetime import datetime

from bot.core import draft as draft_module
from bot.model import sealed


def since(d: draft_module.Draft) -> datetime | None:
    """When a second person agreed last; None where nobody has."""
    found = [
        one.answered
        for one in d.status.bot.glasses
        if one.signed
        and one.answer == sealed.Answer.AGREED
        and one.revision == d.family.new.hash
        and one.answered is not None
    ]
    return max(found, default=None)
