"""Who shipped a revision, as far as anything says so: those who may not approve it themselves.

Every source counts, for each of them may be written by whoever wants not to be found.
"""

from collections.abc import Mapping
from typing import Any

from bot.core import writers
from bot.core.notices import people
from bot.model import facts, status, world

SHIPPED_BY = "rollout-bot.io/shipped-by"


def of(
    seen: world.Seen, known: status.Status, template: Mapping[str, Any]
) -> tuple[facts.Person, ...]:
    """Everybody who is said to have shipped the present template."""
    notes = seen.annotations if seen.workload is None else seen.workload.annotations
    named = [
        people.signed(notes, template),
        people.decode(str(seen.annotations.get(SHIPPED_BY, ""))),
        people.decode(str(notes.get(SHIPPED_BY, ""))),
        people.decode(known.bot.shipped_by),
        people.decode(writers.manager(seen.raw, writers.TEMPLATE)),
    ]
    found = {one: None for one in named if one is not None}
    return tuple(found)
