"""What a policy says of one rollout: of each setting the first rule that matches and says it.

Annotations of the rollout may tighten that, never loosen: whoever deploys writes them.
"""

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bot.core.policies import codec, reading
from bot.model import errors, policy

PREFIX = "rollout-bot.io/"
APPROVERS = f"{PREFIX}approvers"
QUORUM = f"{PREFIX}quorum"
FOUR_EYES = f"{PREFIX}four-eyes"
ON_TIMEOUT = f"{PREFIX}on-timeout"
REQUIRE_ANALYSIS = f"{PREFIX}require-analysis"

_SEVERITY = {policy.OnTimeout.PROMOTE: 0, policy.OnTimeout.HOLD: 1, policy.OnTimeout.ABORT: 2}
_SETTINGS = (
    "approval", "windows", "break_glass", "require_analysis", "on_metric_error", "access_review",
    "message_budget", "terminal_approvals",
)  # fmt: skip


def resolve(
    known: policy.Policy,
    *,
    cluster: str,
    namespace: str,
    name: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
) -> policy.Effective:
    """What counts for one rollout. Total: an annotation that says nonsense tightens nothing."""
    fitting = [
        rule for rule in known.rules if matches(rule.match, cluster, namespace, name, labels)
    ]
    return tightened(_effective(known, fitting), annotations)


def matches(
    match: policy.Match, cluster: str, namespace: str, name: str, labels: Mapping[str, str]
) -> bool:
    """Whether a rollout is one of those that a rule is about."""
    return (
        _fits(cluster, match.clusters)
        and _fits(namespace, match.namespaces)
        and _fits(name, match.names)
        and all(
            key in labels and fnmatch.fnmatchcase(str(labels[key]), pattern)
            for key, pattern in match.labels.items()
        )
    )


def _fits(word: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(word, pattern) for pattern in patterns)


def _effective(known: policy.Policy, rules: Iterable[policy.Rule]) -> policy.Effective:
    found: dict[str, Any] = {}
    may: dict[str, policy.Who] = {}
    sources: dict[str, str] = {}
    for rule in rules:
        for action, named in rule.may.items():
            if action not in may:
                may[action] = named
                sources[f"may.{action}"] = rule.path
        for setting in _SETTINGS:
            value = getattr(rule, setting)
            if value is not None and setting not in found:
                found[setting] = value
                sources[setting] = rule.path
        if rule.steps and "steps" not in found:
            found["steps"] = rule.steps
            sources["steps"] = rule.path
    return policy.Effective(
        may=may, sources=sources, groups=known.groups, people=known.people, **found
    )


def tightened(effective: policy.Effective, annotations: Mapping[str, str]) -> policy.Effective:
    """With what the rollout's own annotations ask for beyond it."""
    problems: list[str] = []
    changed: dict[str, Any] = {}
    for key, tighten in _TIGHTEN.items():
        text = annotations.get(key)
        if not isinstance(text, str) or not text.strip():
            continue
        try:
            effective = replace(effective, **tighten(effective, text.strip(), key))
            changed[key] = key
        except errors.UserError as problem:
            problems.append(f"The annotation {problem.sentence}; it was ignored.")
    sources = {**effective.sources, **changed}
    return replace(effective, sources=sources, problems=tuple(problems))


def _each_gate(
    effective: policy.Effective, change: Callable[[policy.Approval], policy.Approval]
) -> dict[str, Any]:
    steps = tuple(replace(step, approval=change(step.approval)) for step in effective.steps)
    return {"approval": change(effective.approval), "steps": steps}


def _approvers(effective: policy.Effective, text: str, path: str) -> dict[str, Any]:
    words = [word.strip() for word in text.split(",")]
    named = codec.who(words, path, frozenset(effective.groups))
    return _each_gate(effective, lambda approval: replace(approval, also=named))


def _quorum(effective: policy.Effective, text: str, path: str) -> dict[str, Any]:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else text
    wanted = reading.number(number, path, least=1, most=codec.QUORUM_MOST)
    return _each_gate(
        effective, lambda approval: replace(approval, quorum=max(approval.quorum, wanted))
    )


def _four_eyes(effective: policy.Effective, text: str, path: str) -> dict[str, Any]:
    wanted = _truth(text, path)
    return _each_gate(
        effective, lambda approval: replace(approval, four_eyes=approval.four_eyes or wanted)
    )


def _on_timeout(effective: policy.Effective, text: str, path: str) -> dict[str, Any]:
    wanted = reading.word(text, path, policy.OnTimeout)

    def change(approval: policy.Approval) -> policy.Approval:
        stricter = max(approval.on_timeout, wanted, key=_SEVERITY.__getitem__)
        return replace(approval, on_timeout=stricter)

    return _each_gate(effective, change)


def _require_analysis(effective: policy.Effective, text: str, path: str) -> dict[str, Any]:
    return {"require_analysis": effective.require_analysis or _truth(text, path)}


def _truth(text: str, path: str) -> bool:
    if text not in {"true", "false"}:
        raise reading.Mistake(path, f"{reading.shown(text)} must be true or false")
    return text == "true"


_TIGHTEN: Mapping[str, Callable[[policy.Effective, str, str], dict[str, Any]]] = {
    APPROVERS: _approvers,
    QUORUM: _quorum,
    FOUR_EYES: _four_eyes,
    ON_TIMEOUT: _on_timeout,
    REQUIRE_ANALYSIS: _require_analysis,
}
