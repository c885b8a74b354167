"""Who is who: whether two names are one person's, as far as the policy's ``people`` says.

It lets nobody in: who may do what is the rules' to say. Knows no Slack and no cluster.
"""

from bot.core.notices import people
from bot.model import facts, policy

Known = tuple[policy.Identity, ...]


def of(person: facts.Person | None, known: Known) -> policy.Identity | None:
    """The entry that has exactly this Slack id or this user of the cluster; no name finds one."""
    if person is None or not (person.slack_id or person.user):
        return None
    return next(
        (one for one in known if person.slack_id in one.slack or person.user in one.users), None
    )


def key(actor: str, known: Known) -> tuple[str, str]:
    """What two actors have in common if they are one person: the entry, else id, user or name.

    A person's name in Slack may change, and is not said at all where Slack does not answer.
    """
    person = people.decode(actor)
    if (entry := of(person, known)) is not None:
        return "entry", entry.name
    if person is None:
        return "text", actor
    if person.slack_id:
        return "slack", person.slack_id
    return ("user", person.user) if person.user else ("name", person.name)


def ways(person: facts.Person, known: Known) -> tuple[facts.Person, ...]:
    """The person as they are named, and by each id of Slack that their entry has besides."""
    entry = of(person, known)
    ids = () if entry is None else entry.slack
    others = (facts.Person(name=person.name, slack_id=one) for one in ids)
    return (person, *(one for one in others if one.slack_id != person.slack_id))


def same(one: facts.Person, other: facts.Person, known: Known = ()) -> bool:
    """Whether both are one person, as far as entries and, where one has none, words tell."""
    first, second = of(one, known), of(other, known)
    if first is not None and second is not None:
        return first is second
    return bool(_words(one, known) & _words(other, known))


def comparable(one: facts.Person, other: facts.Person, known: Known) -> bool:
    """Whether it can be told at all if somebody at a terminal is ``other``.

    Two users of the cluster are two, and so are two entries; a bare name must fit one alone.
    """
    if other.user:
        return True
    return of(one, known) is not None and len(_entries(other, known)) == 1


def _entries(person: facts.Person, known: Known) -> Known:
    """The entry of an id or user; all that a bare name may mean."""
    if (entry := of(person, known)) is not None:
        return (entry,)
    if person.slack_id or person.user:
        return ()
    mine = _own(person)
    return tuple(one for one in known if mine & _listed(one))


def _words(person: facts.Person, known: Known) -> frozenset[str]:
    """Everything that this person is called."""
    return _own(person).union(*(_listed(one) for one in _entries(person, known)))


def _own(person: facts.Person) -> frozenset[str]:
    said = (person.slack_id, person.user, person.name.lstrip("@"))
    return frozenset(word.casefold() for word in said if word)


def _listed(one: policy.Identity) -> frozenset[str]:
    return frozenset(word.casefold() for word in (one.name.lstrip("@"), *one.slack, *one.users))
