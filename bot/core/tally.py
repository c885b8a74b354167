"""Which approvals of one gate add up: one a person, and only what are surely different persons.

Two ids of Slack are two persons, and so are two users of the cluster; of both kinds together
nobody knows, unless the policy's ``people`` names them. Of several readings the largest counts:
each is a number of people that there are at least.
"""

from bot.core import draft as draft_module
from bot.core import persons
from bot.core.notices import people
from bot.model import policy, sealed

NAMES_MOST = 8
Votes = tuple[sealed.Approved, ...]


def recorded(d: draft_module.Draft, gate: str) -> Votes:
    """The approvals that are sealed and of this gate and revision."""
    return tuple(
        one
        for one in d.status.bot.approvals
        if one.signed and one.gate == gate and one.revision == d.family.new.hash
    )


def counted(d: draft_module.Draft, gate: str) -> Votes:
    """Those of them that add up."""
    return adding_up(recorded(d, gate), d.seen.policy.people)


def adding_up(votes: Votes, known: persons.Known) -> Votes:
    """The most of them that are surely so many persons: of one way in, or of people who are known.

    Whatever the policy said when they were given, what it says now counts.
    """
    ways: dict[str, list[sealed.Approved]] = {}
    for one in votes:
        ways.setdefault(people.way_of(one.actor), []).append(one)
    named = [one for one in votes if _entry(one, known) is not None]
    return max((_one_each(found, known) for found in (*ways.values(), named)), key=len)


def _one_each(votes: list[sealed.Approved], known: persons.Known) -> Votes:
    found: dict[tuple[str, str], sealed.Approved] = {}
    for one in votes:
        found.setdefault(persons.key(one.actor, known), one)
    return tuple(found.values())


def _entry(one: sealed.Approved, known: persons.Known) -> policy.Identity | None:
    return persons.of(people.decode(one.actor), known)


def apart(d: draft_module.Draft, gate: str) -> Votes:
    """Those that do not add up with the others, for they may be one of them."""
    votes, known = recorded(d, gate), d.seen.policy.people
    counting = {persons.key(one.actor, known) for one in adding_up(votes, known)}
    return tuple(one for one in votes if persons.key(one.actor, known) not in counting)


def strangers(votes: Votes, known: persons.Known) -> str:
    """The names of those whom the policy's ``people`` does not know."""
    found = dict.fromkeys(name(one.actor) for one in votes if _entry(one, known) is None)
    return ", ".join(tuple(found)[:NAMES_MOST])


def name(actor: str) -> str:
    person = people.decode(actor)
    return actor if person is None else person.name


def so_far(d: draft_module.Draft, gate: str, rule: policy.Approval) -> str:
    """How many of how many, and who."""
    mine = counted(d, gate)
    names = ", ".join(name(one.actor) for one in mine)
    return f"{len(mine)} of {rule.quorum} approved: {names}."
