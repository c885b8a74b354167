"""``policy check`` and ``can``: what a policy file says, without a cluster and without Slack."""

import json
from dataclasses import dataclass
from typing import Any

from bot.core.policies import codec, resolve
from bot.model import errors, facts, policy, ports
from bot.runtime import authorize, signatures, whom

NOBODY = facts.Person(name="(nobody named)", user="(nobody named)")
"""Who shipped it where the question does not say: somebody else, whoever asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether somebody may, and which rule says so."""

    user: str
    action: str
    rollout: str
    allowed: bool
    rule: str
    sentence: str

    def as_json(self) -> str:
        return json.dumps(
            {name: getattr(self, name) for name in self.__dataclass_fields__}, indent=2
        )


def summary(found: policy.Policy) -> str:
    """What was read, in one line."""
    rules, groups, people = len(found.rules), len(found.groups), len(found.people)
    said = (
        f"good: {rules} {'rule' if rules == 1 else 'rules'}, "
        f"{groups} {'group' if groups == 1 else 'groups'}"
    )
    return f"{said}, {people} {'person' if people == 1 else 'people'}" if people else said


def can(
    user: str,
    action: str,
    key: str,
    raw: Any,
    *,
    cluster: str,
    labels: dict[str, str],
    step: int | None,
    shipped_by: str,
) -> Verdict:
    """Whether ``user`` may do ``action`` on ``namespace/name``.

    ``user`` is @handle, a user id or ``user:NAME`` of a terminal. Who is in Slack's groups and in
    channels is not asked: the lists of the file count, and a channel has nobody. ``step`` is the
    gate it stands at, from 1; None for the approval of every gate.

    Raises:
        errors.UserError: the file, the action or the name is wrong.

    """
    found = codec.decode(raw)
    if action not in codec.ACTIONS:
        raise errors.UserError(
            f"there is no action {action!r}. Allowed: {', '.join(codec.ACTIONS)}."
        )
    namespace, slash, name = key.partition("/")
    if not (namespace and slash and name):
        raise errors.UserError(f"{key!r} is no rollout: write it as namespace/name")
    effective = resolve.resolve(
        found, cluster=cluster, namespace=namespace, name=name, labels=labels, annotations={}
    )
    answer = _answer(
        _person(user),
        policy.Action(action),
        {"metadata": {"namespace": namespace, "name": name}},
        authorize.Case(
            effective=effective,
            approval=_approval(effective, step),
            shippers=(_person(shipped_by) if shipped_by else NOBODY,),
            known=whom.Known(home=frozenset()),
            review=True if user.startswith("user:") else None,
        ),
    )
    allowed = isinstance(answer, authorize.Allowed)
    sentence = "" if isinstance(answer, authorize.Allowed) else answer.sentence
    return Verdict(
        user=user,
        action=action,
        rollout=key,
        allowed=allowed,
        rule=answer.rule,
        sentence=sentence,
    )


def _approval(effective: policy.Effective, step: int | None) -> policy.Approval:
    for one in effective.steps:
        if one.index is not None and one.index + 1 == step:
            return one.approval
    return effective.approval


def _answer(
    actor: facts.Person, action: policy.Action, rollout: ports.Object, case: authorize.Case
) -> authorize.Allowed | authorize.Denied:
    """What the bot would say, in Slack or at a terminal."""
    answer = authorize.authorize(
        actor=actor,
        action=action,
        rollout=rollout,
        rules=authorize.Rules(),
        members=frozenset(),
        case=case,
    )
    named = case.approval is not None and case.approval.named
    if isinstance(answer, authorize.Allowed) and action is policy.Action.PROMOTE and named:
        return _unsigned(actor, case.effective) or answer
    return answer


def _unsigned(actor: facts.Person, effective: policy.Effective) -> authorize.Denied | None:
    """Why an approval from a terminal would count for nothing at a gate that names its people."""
    if not actor.user or effective.terminal_approvals:
        return None
    sources = effective.sources
    rule = sources.get("terminal_approvals") or sources.get("approval") or sources.get("steps", "")
    sentence = signatures.UNSIGNED[:1].upper() + signatures.UNSIGNED[1:]
    return authorize.Denied(sentence=sentence, rule=rule)


def _person(user: str) -> facts.Person:
    if user.startswith("user:"):
        name = user.removeprefix("user:")
        return facts.Person(name=name, user=name)
    if user.startswith("@"):
        return facts.Person(name=user.lstrip("@"), slack_id=f"@{user.lstrip('@')}")
    return facts.Person(name=user, slack_id=user)
