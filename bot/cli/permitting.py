"""``policy check`` and ``can``: what a policy file says, without a cluster and without Slack."""

import json
from dataclasses import dataclass
from typing import Any

from bot.core.policies import codec, resolve
from bot.model import errors, facts, policy
from bot.runtime import authorize, whom


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
    rules, groups = len(found.rules), len(found.groups)
    return (
        f"good: {rules} {'rule' if rules == 1 else 'rules'}, "
        f"{groups} {'group' if groups == 1 else 'groups'}"
    )


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
    shippers = (_person(shipped_by),) if shipped_by else (facts.Person(name="(nobody named)"),)
    answer = authorize.authorize(
        actor=_person(user),
        action=policy.Action(action),
        rollout={"metadata": {"namespace": namespace, "name": name}},
        rules=authorize.Rules(),
        members=frozenset(),
        case=authorize.Case(
            effective=effective,
            approval=_approval(effective, step),
            shippers=shippers,
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


def _person(user: str) -> facts.Person:
    if user.startswith("user:"):
        name = user.removeprefix("user:")
        return facts.Person(name=name, user=name)
    if user.startswith("@"):
        return facts.Person(name=user.lstrip("@"), slack_id=f"@{user.lstrip('@')}")
    return facts.Person(name=user, slack_id=user)
