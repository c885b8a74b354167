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
    """Everybody who is said to have shipped the present template, the tool that wrote it too."""
    return _each(*named(seen, known, template), tool(seen))


def tool(seen: world.Seen) -> facts.Person | None:
    """The field manager that wrote the template, by its own name: none of a person."""
    return people.decode(writers.manager(seen.raw, writers.TEMPLATE))


def named(
    seen: world.Seen, known: status.Status, template: Mapping[str, Any]
) -> tuple[facts.Person, ...]:
    """Whom an annotation or the bot itself names as a person.

    A field manager is the name of a tool: it says nothing of who used it.
    """
    notes = seen.annotations if seen.workload is None else seen.workload.annotations
    return _each(
        people.signed(notes, template),
        people.decode(str(seen.annotations.get(SHIPPED_BY, ""))),
        people.decode(str(notes.get(SHIPPED_BY, ""))),
        people.decode(known.bot.shipped_by),
    )


def _each(*found: facts.Person | None) -> tuple[facts.Person, ...]:
    return tuple(dict.fromkeys(one for one in found if one is not None))
