"""Who shipped a revision, as far as anything says so: those who may not approve it themselves.

Every source counts, for each of them may be written by whoever wants not to be found.
"""

from collections.abc import Mapping
from typing import Any

from bot.core.notices import people
from bot.model import facts, status, world

SHIPPED_BY = "rollout-bot.io/shipped-by"
OURS = "rollout-bot"
"""Our own field manager: it neither ships nor passes a gate."""
WRITERS = "writers"
"""What the adapter keeps of ``managedFields``: manager, time, and what of the object it wrote."""


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
        people.decode(last_writer(seen, "template")),
    ]
    found = {one: None for one in named if one is not None}
    return tuple(found)


def last_writer(seen: world.Seen, part: str) -> str:
    """The field manager that wrote ``part`` (template, status) last; empty where none is known."""
    found = (seen.raw.get("metadata") or {}).get(WRITERS) or ()
    wrote = [
        one
        for one in found
        if isinstance(one, Mapping) and one.get(part) and one.get("manager") != OURS
    ]
    newest = max(wrote, key=lambda one: str(one.get("time", "")), default={})
    return str(newest.get("manager", ""))[:120]
