"""The policy file, raw → typed. Every mistake is told with its path and what is allowed."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.core.policies import hours, identities, reading
from bot.model import policy

QUORUM_MOST = 10
ESCALATIONS_MOST = 5
ACTIONS = tuple(action for action in policy.Action if action is not policy.Action.READ)
_RULE = (
    "match", "may", "approval", "steps", "windows", "breakGlass", "requireAnalysis",
    "onMetricError", "accessReview", "messageBudget", "terminalApprovals",
)  # fmt: skip
_APPROVAL = ("approvers", "quorum", "fourEyes", "expires", "onTimeout", "escalations")
_RECEIVERS = "thread, approvers, channel, #channel, a user id (U…), @handle, group:NAME"
_PLACES = ("step", "weight", "gate")
_USER = re.compile(r"[UW][A-Z0-9]{2,30}", re.ASCII)
_USER_GROUP = re.compile(r"S[A-Z0-9]{2,30}", re.ASCII)


def decode(raw: Any) -> policy.Policy:
    """The whole file; nothing at all is a policy without rules.

    Raises:
        errors.UserError: something in it is wrong; ``path`` says where.

    """
    body = reading.mapping(raw, "", ("groups", "people", "rules"))
    listed = reading.mapping(body.get("groups"), "groups")
    groups = {name: _group(one, f"groups.{name}") for name, one in listed.items()}
    rules = reading.each(
        body.get("rules"), "rules", lambda one, path: _rule(one, path, frozenset(groups))
    )
    people = identities.decode(body.get("people"), "people")
    return policy.Policy(groups=groups, people=people, rules=rules)


def _group(raw: Any, path: str) -> policy.Group:
    body = reading.mapping(raw, path, ("slack", "members"))
    slack = "" if body.get("slack") is None else reading.text(body["slack"], f"{path}.slack")
    if slack and not _USER_GROUP.fullmatch(slack):
        raise reading.Mistake(f"{path}.slack", f"{reading.shown(slack)} is no id of a user group")
    members = who(body.get("members"), f"{path}.members", frozenset(), nested=True)
    if not slack and not members:
        raise reading.Mistake(path, "nobody is in it: give slack (S…), members or both")
    return policy.Group(slack=slack, members=members)


def who(raw: Any, path: str, groups: frozenset[str], *, nested: bool = False) -> policy.Who:
    """A list of people; ``nested``: of a group, which holds persons only."""

    def one(value: Any, where: str) -> str:
        return _who(value, where, groups, nested=nested)

    found = reading.each(raw, path, one)
    if raw is not None and not found:
        raise reading.Mistake(path, "nobody is named: leave it out, or name somebody")
    return found


def _who(raw: Any, path: str, groups: frozenset[str], *, nested: bool) -> str:
    text = reading.text(raw, path)
    kind, colon, name = text.partition(":")
    if _USER.fullmatch(text) or (text[:1] == "@" and text[1:].strip("@ ") and text.isprintable()):
        return text
    if kind == "user" and name:
        return text
    if nested:
        raise reading.Mistake(
            path, f"{reading.shown(text)} must be a user id (U…), @handle or user:NAME"
        )
    if text in {"channel", "anyone"}:
        return text
    if kind == "group" and colon:
        if name not in groups:
            hint = reading.near(name, groups) or " Name it under groups first."
            raise reading.Mistake(path, f"there is no group {reading.shown(name)}.{hint}")
        return text
    hint = reading.near(text, ("channel", "anyone", *(f"group:{one}" for one in groups)))
    raise reading.Mistake(
        path,
        f"{reading.shown(text)} is nobody. Allowed: a user id (U…), @handle, group:NAME, "
        f"channel, user:NAME, anyone.{hint}",
    )


def _rule(raw: Any, path: str, groups: frozenset[str]) -> policy.Rule:
    body = reading.mapping(raw, path, _RULE)

    def got(key: str) -> Any:
        return body.get(key)

    usual = None if got("approval") is None else _approval(got("approval"), path, groups)
    inherited = usual or policy.Approval()
    error = got("onMetricError")
    budget = got("messageBudget")
    return policy.Rule(
        path=path,
        match=_match(got("match"), f"{path}.match"),
        may=_may(got("may"), f"{path}.may", groups),
        approval=usual,
        steps=reading.each(
            got("steps"), f"{path}.steps", lambda one, at: _step(one, at, groups, inherited)
        ),
        windows=None if got("windows") is None else hours.windows(got("windows"), path),
        break_glass=_break_glass(got("breakGlass"), f"{path}.breakGlass", groups),
        require_analysis=_flag(got("requireAnalysis"), f"{path}.requireAnalysis"),
        on_metric_error=None
        if error is None
        else reading.word(error, f"{path}.onMetricError", policy.OnMetricError),
        access_review=_flag(got("accessReview"), f"{path}.accessReview"),
        terminal_approvals=_flag(got("terminalApprovals"), f"{path}.terminalApprovals"),
        message_budget=None
        if budget is None
        else reading.number(budget, f"{path}.messageBudget", least=1, most=10_000),
    )


def _flag(raw: Any, path: str) -> bool | None:
    return None if raw is None else reading.boolean(raw, path)


def _match(raw: Any, path: str) -> policy.Match:
    body = reading.mapping(raw, path, ("clusters", "namespaces", "names", "labels"))
    labels = reading.mapping(body.get("labels"), f"{path}.labels")
    return policy.Match(
        clusters=reading.texts(body.get("clusters"), f"{path}.clusters"),
        namespaces=reading.texts(body.get("namespaces"), f"{path}.namespaces"),
        names=reading.texts(body.get("names"), f"{path}.names"),
        labels={key: reading.text(one, f"{path}.labels.{key}") for key, one in labels.items()},
    )


def _may(raw: Any, path: str, groups: frozenset[str]) -> Mapping[str, policy.Who]:
    body = reading.mapping(raw, path, ACTIONS)
    return {action: who(named, f"{path}.{action}", groups) for action, named in body.items()}


def _approval(raw: Any, path: str, groups: frozenset[str]) -> policy.Approval:
    where = f"{path}.approval"
    return _approval_of(reading.mapping(raw, where, _APPROVAL), where, groups, policy.Approval())


def _approval_of(
    body: Mapping[str, Any], path: str, groups: frozenset[str], usual: policy.Approval
) -> policy.Approval:
    """What the body says; what it leaves out is as ``usual``."""
    said: dict[str, Any] = {}
    if body.get("approvers") is not None:
        said["approvers"] = who(body["approvers"], f"{path}.approvers", groups)
    if body.get("quorum") is not None:
        said["quorum"] = reading.number(
            body["quorum"], f"{path}.quorum", least=1, most=QUORUM_MOST
        )
    if body.get("fourEyes") is not None:
        said["four_eyes"] = reading.boolean(body["fourEyes"], f"{path}.fourEyes")
    if body.get("expires") is not None:
        said["expires_s"] = reading.duration_s(body["expires"], f"{path}.expires")
    if body.get("onTimeout") is not None:
        said["on_timeout"] = reading.word(body["onTimeout"], f"{path}.onTimeout", policy.OnTimeout)
    if body.get("escalations") is not None:
        said["escalations"] = _escalations(body["escalations"], f"{path}.escalations", groups)
    found = replace(usual, **said)
    opens_itself = found.on_timeout is policy.OnTimeout.PROMOTE
    few_matter = {"approvers", "quorum"} & said.keys() and not opens_itself
    if few_matter and _too_few(found.approvers, found.quorum):
        few = f"{found.quorum} must approve and {len(found.approvers)} is named: nobody opens it"
        raise reading.Mistake(f"{path}.quorum", few)
    if found.on_timeout is not policy.OnTimeout.HOLD and found.expires_s is None:
        raise reading.Mistake(
            f"{path}.onTimeout", f"{found.on_timeout} needs expires: after which time?"
        )
    return found


def _too_few(named: policy.Who, quorum: int) -> bool:
    """Whether so many can never be found; how many a group or a channel has, nobody knows here."""
    many = any(one in {"channel", "anyone"} or one[:6] == "group:" for one in named)
    return bool(named) and not many and len(named) < quorum


def _escalations(raw: Any, path: str, groups: frozenset[str]) -> tuple[policy.Escalation, ...]:
    found = reading.each(raw, path, lambda one, at: _escalation(one, at, groups))
    if len(found) > ESCALATIONS_MOST:
        raise reading.Mistake(path, f"more than {ESCALATIONS_MOST}: nobody reads that many")
    late = [i for i in range(1, len(found)) if found[i].after_s <= found[i - 1].after_s]
    if late:
        raise reading.Mistake(f"{path}[{late[0]}].after", "must be later than the one before it")
    return found


def _escalation(raw: Any, path: str, groups: frozenset[str]) -> policy.Escalation:
    body = reading.mapping(raw, path, ("after", "to"))
    to = reading.text(body.get("to"), f"{path}.to")
    named = to in {"thread", "approvers"} or (to[:1] == "#" and to[1:])
    if not named:
        to = _reached(to, f"{path}.to", groups)
    return policy.Escalation(after_s=reading.duration_s(body.get("after"), f"{path}.after"), to=to)


def _reached(text: str, path: str, groups: frozenset[str]) -> str:
    """Somebody whom a message reaches."""
    if text == "anyone" or text.startswith("user:"):
        raise reading.Mistake(path, f"a message cannot reach {reading.shown(text)}: {_RECEIVERS}")
    known = text.startswith("group:") or text == "channel" or text[:1] == "@"
    if not known and not _USER.fullmatch(text):
        hint = reading.near(text, ("thread", "approvers", "channel"))
        said = f"{reading.shown(text)} is nobody's. Allowed: {_RECEIVERS}.{hint}"
        raise reading.Mistake(path, said)
    return _who(text, path, groups, nested=False)


def _step(
    raw: Any, path: str, groups: frozenset[str], usual: policy.Approval
) -> policy.StepApproval:
    body = reading.mapping(raw, path, (*_PLACES, *_APPROVAL))
    given = [key for key in _PLACES if body.get(key) is not None]
    if len(given) != 1:
        raise reading.Mistake(
            path, "say which gate with exactly one of step (from 1), weight, gate (last, preview)"
        )
    approval = _approval_of(body, path, groups, usual)
    match given[0]:
        case "step":
            number = reading.number(body["step"], f"{path}.step", least=1, most=1_000)
            return policy.StepApproval(approval=approval, index=number - 1)
        case "weight":
            weight = reading.number(body["weight"], f"{path}.weight", least=0, most=100)
            return policy.StepApproval(approval=approval, weight=weight)
        case _:
            name = reading.word(body["gate"], f"{path}.gate", policy.StepName)
            return policy.StepApproval(approval=approval, name=name)


def _break_glass(raw: Any, path: str, groups: frozenset[str]) -> policy.BreakGlass | None:
    if raw is None:
        return None
    body = reading.mapping(raw, path, ("who", "second"))
    for key in ("who", "second"):
        if body.get(key) is None:
            raise reading.Mistake(f"{path}.{key}", "must be there: two persons open it")
    return policy.BreakGlass(
        who=who(body["who"], f"{path}.who", groups),
        second=who(body["second"], f"{path}.second", groups),
    )
