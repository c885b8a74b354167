"""A break-glass as records: who asked and why, and what the second person said."""

from collections.abc import Iterator
from datetime import datetime

from bot.core.notices import people
from bot.model import records, sealed, status

_KINDS = {
    sealed.Answer.AGREED: records.Kind.GLASS_BROKEN,
    sealed.Answer.REFUSED: records.Kind.GLASS_REFUSED,
}

Told = tuple[records.Kind, datetime, str, str, str]
"""What, when, by whom (as intents carry it), why, and what tells it from all others."""


def of(known: status.Status) -> Iterator[Told]:
    """Each that bears the seal and is of the present revision."""
    for one in known.bot.glasses:
        if not one.signed or one.revision != known.current_hash:
            continue
        yield records.Kind.GLASS_ASKED, one.at, one.actor, one.reason, f"glass|{one.id}"
        if one.answered is not None and one.answer in _KINDS:
            kind = _KINDS[sealed.Answer(one.answer)]
            asked = people.decode(one.actor)
            reason = f"asked by {asked.name if asked else 'somebody'}: {one.reason}"
            yield kind, one.answered, one.second, reason, f"glass-end|{one.id}"
