"""Whether enough people are left to open the present gate: whoever has approved is used up.

Only what is sure is said: a group or channel whose members are not known here may have somebody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.core import draft as draft_module
from bot.core import gate_ids, persons, quorum, shippers, tally
from bot.core.notices import people
from bot.model import buttons, facts, policy, world

Rolls = Mapping[str, frozenset[str]]
"""The ids in user groups of Slack, by the group's id, as far as they are known."""
NAMES_MOST = 8
_GROUP = "group:"
_People = tuple[facts.Person, ...]


def short(d: draft_module.Draft, rolls: Rolls | None = None) -> str:
    """Why the approvals that are missing cannot come any more; empty where they may."""
    stands = quorum.of(d)
    if stands is None or not stands.rule.named or stands.nameless or stands.apart:
        return ""
    if stands.rule.on_timeout is policy.OnTimeout.PROMOTE:
        return ""
    named = _named(d, stands.rule, rolls or {})
    if named is None:
        return ""
    approved = _approved(d)
    barred = _barred(d, stands.rule, named)
    free = [one for one in named if not _among(d, one, (*approved, *barred))]
    if len(free) >= stands.left:
        return ""
    said = []
    if approved:
        said.append(f"{_names(approved)} approved")
    if barred:
        said.append(f"{_names(barred)} shipped it and may not")
    few = "Nobody is left to approve"
    if free:
        few = f"Too few are left to approve, {len(free)} for {stands.left}"
    return ": ".join(filter(None, (few, ", ".join(said))))


def sentences(d: draft_module.Draft, rolls: Rolls | None = None) -> str:
    """That nobody is left and what to do then; empty where somebody may be."""
    said = short(d, rolls)
    return f"{said}. {_mend(d)}" if said else ""


def told(
    now: world.Reason | None, d: draft_module.Draft | None, rolls: Rolls | None
) -> world.Reason | None:
    """The reason of a gate, where groups that the decision could not know make it short."""
    if now is None or d is None or not rolls or not now.rule.endswith(":gate"):
        return now
    said = sentences(d, rolls)
    return replace(now, frees=said, acts=(buttons.ButtonKind.ABORT.value,)) if said else now


def _mend(d: draft_module.Draft) -> str:
    """What to do where it is short of people."""
    stands, glass = quorum.of(d), d.seen.policy.break_glass
    fewer = " or a smaller quorum" if stands is not None and stands.rule.quorum > 1 else ""
    able = bool(glass.who and glass.second)
    past = f"; /rollout break-glass {d.seen.name} REASON passes it" if able else ""
    return f"It goes on after another approver{fewer} in the policy{past}; abort takes it back."


def _named(d: draft_module.Draft, rule: policy.Approval, rolls: Rolls) -> _People | None:
    """Everybody who may approve; None where that is not known here."""
    effective = d.seen.policy
    listed = rule.approvers or tuple(effective.may.get(policy.Action.PROMOTE, ()))
    found = _each(listed, effective, rolls) if listed else None
    if found is None and rule.also:
        return _each(rule.also, effective, rolls)
    return found  # an id and a handle may be one person: what both lists have is not sure


def _each(named: policy.Who, effective: policy.Effective, rolls: Rolls) -> _People | None:
    found: list[facts.Person] = []
    for who in named:
        if who in {"channel", "anyone"}:
            return None
        if not who.startswith(_GROUP):
            found.append(_person(who))
            continue
        group = effective.groups.get(who.removeprefix(_GROUP), policy.Group())
        if group.slack and group.slack not in rolls:
            return None
        found.extend(map(_person, sorted(rolls.get(group.slack, ())) or group.members))
        # A user of the cluster is in no group of Slack: the plain list has them.
        found.extend(_person(one) for one in group.members if one.startswith("user:"))
    return tuple(dict.fromkeys(found))


def _person(who: str) -> facts.Person:
    """Somebody as a rule names them."""
    if who.startswith("user:"):
        user = who.removeprefix("user:")
        return facts.Person(name=user, user=user)
    if who[:1] in {"U", "W"} and who.isupper():
        return facts.Person(name=who, slack_id=who)
    return facts.Person(name=who.lstrip("@"))


def _approved(d: draft_module.Draft) -> _People:
    here = gate_ids.present_gate(d.seen.cluster, d.seen.uid, d.status)
    found = (people.decode(one.actor) for one in tally.counted(d, here))
    return tuple(one for one in found if one is not None)


def _barred(d: draft_module.Draft, rule: policy.Approval, named: _People) -> _People:
    """Those of the named who shipped it themselves."""
    if not rule.four_eyes:
        return ()
    shipped = shippers.of(d.seen, d.status, d.spec.template)
    return tuple(one for one in shipped if _among(d, one, named))


def _among(d: draft_module.Draft, one: facts.Person, others: Iterable[facts.Person]) -> bool:
    known = d.seen.policy.people
    return any(_surely(one, other, known) for other in others)


def _surely(one: facts.Person, other: facts.Person, known: persons.Known) -> bool:
    """A bare name of the policy is only whoever it lets in: by this handle, or by this id."""
    if one.slack_id or one.user:
        return persons.same(one, other, known)
    said = {word.casefold() for word in (other.slack_id, other.name.lstrip("@")) if word}
    return not other.user and one.name.casefold() in said


def _names(found: Iterable[facts.Person]) -> str:
    return ", ".join(tuple(dict.fromkeys(one.name for one in found))[:NAMES_MOST])
