"""Four eyes: whoever shipped a revision may not approve it, by whichever name they come.

At a terminal what cannot be told is held against the approval. In Slack, whoever ships by a name
that Slack does not know is told apart by the policy's ``people`` alone.
"""

from dataclasses import dataclass

from bot.core import persons
from bot.model import facts

People = tuple[facts.Person, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why somebody may not approve; ``others_may``: whoever else is named can be asked."""

    sentence: str
    others_may: bool = False


def objection(
    actor: facts.Person,
    *,
    shippers: People,
    tool: facts.Person | None,
    known: persons.Known,
    who: str,
) -> Objection | None:
    """None where ``actor`` is surely another. ``who`` are the approvers, in words."""
    if not shippers:
        wrote = f" ({tool.name} wrote it)" if tool is not None else ""
        return Objection(
            sentence=f"Nobody knows who shipped this revision{wrote}, and whoever did may not "
            "approve it: name them in the annotation rollout-bot.io/shipped-by."
        )
    every = shippers if tool is None else (*shippers, tool)
    mine = next((one for one in every if persons.same(actor, one, known)), None)
    if mine is None:
        return _not_told_apart(actor, shippers, known)
    other = "" if _plain(mine) == _plain(actor) else f" as {mine.name}"
    return Objection(
        sentence=f"Only {who} may approve this, and not {actor.name}, who shipped it{other}.",
        others_may=True,
    )


def _plain(person: facts.Person) -> str:
    return person.name.lstrip("@").casefold()


def _not_told_apart(
    actor: facts.Person, shippers: People, known: persons.Known
) -> Objection | None:
    """Somebody at a terminal may be whoever shipped it under a name that is no cluster's."""
    if not actor.user:
        return None
    unsure = next((one for one in shippers if not persons.comparable(actor, one, known)), None)
    if unsure is None:
        return None
    return Objection(
        sentence=f"{unsure.name} shipped it, and nobody can tell whether that is you: name "
        f"{unsure.name} and {actor.name} under people: in the policy file, or approve in Slack."
    )
