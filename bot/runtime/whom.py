"""Whether somebody is among those whom a rule names, as far as can be known now.

Three answers: yes, no, and None where Slack does not say. Asks nobody itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model import facts, policy

GROUP = "group:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was found out: ids in each user group of Slack (None: it cannot be said), by its id.

    ``home`` are full members of the channel that the settings give a rollout, never the one of
    its annotation, for whoever ships writes that. ``channel`` is how it is called.
    """

    groups: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    home: frozenset[str] | None = None
    channel: str = ""


def among(
    actor: facts.Person, named: policy.Who, effective: policy.Effective, known: Known
) -> bool | None:
    """Whether ``actor`` is one of ``named``."""
    answers = [_is(actor, who, effective, known) for who in named]
    if any(answers):
        return True
    return None if None in answers else False


def _is(actor: facts.Person, who: str, effective: policy.Effective, known: Known) -> bool | None:
    if who == "anyone":
        return True
    if who == "channel":
        if not actor.slack_id:
            return False
        return None if known.home is None else actor.slack_id in known.home
    if who.startswith(GROUP):
        group = effective.groups.get(who.removeprefix(GROUP))
        return False if group is None else _in(actor, group, known)
    return plainly(actor, (who,))


def _in(actor: facts.Person, group: policy.Group, known: Known) -> bool | None:
    """Slack's word on its own group; the plain list where there is no word."""
    roll = known.groups.get(group.slack) if group.slack else None
    if roll is not None and actor.slack_id:
        return actor.slack_id in roll
    if plainly(actor, group.members):
        return True
    unknown = bool(group.slack) and roll is None and not group.members
    return None if unknown and actor.slack_id else False


def plainly(actor: facts.Person, named: policy.Who) -> bool:
    """Named by id, by the handle that the workspace keeps unique, or as ``user:NAME``."""
    if actor.user:
        return f"user:{actor.user}" in named
    wanted = {name.lstrip("@").casefold() for name in named if not name.startswith("user:")}
    return any(word and word.casefold() in wanted for word in (actor.slack_id, actor.name))


def words(named: policy.Who, known: Known) -> str:
    """The named as people call them: "sre", "#checkout", "@lee"."""
    found = [
        (known.channel or "the members of its channel")
        if who == "channel"
        else who.removeprefix(GROUP).removeprefix("user:")
        for who in named[:8]
    ]
    return ", ".join(found)


def some(
    named: policy.Who, effective: policy.Effective, known: Known, *, without: facts.Person
) -> tuple[str, ...]:
    """Some who may, to be asked: ids and handles."""
    found: dict[str, None] = {}
    for who in named:
        group = effective.groups.get(who.removeprefix(GROUP)) if who.startswith(GROUP) else None
        if group is not None:
            roll = known.groups.get(group.slack) if group.slack else None
            found.update(dict.fromkeys(sorted(roll) if roll else group.members))
        elif who == "channel":
            found.update(dict.fromkeys(sorted(known.home or ())))
        elif who != "anyone" and not who.startswith("user:"):
            found[who] = None
    own = {without.slack_id, without.name, f"@{without.name}"}
    return tuple(one for one in found if one not in own)


def groups_of(effective: policy.Effective, named: policy.Who) -> frozenset[str]:
    """The ids of Slack's user groups that must be read to know who ``named`` are."""
    found = (effective.groups.get(who.removeprefix(GROUP)) for who in named)
    return frozenset(group.slack for group in found if group is not None and group.slack)
