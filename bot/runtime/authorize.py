"""Who may do what: the one function that every way in asks. Knows no Slack and no cluster.

Commands, buttons, modals, the Home tab and the terminal all come through ``authorize``. What a
policy says counts first, then the approvers of the settings, then who is in the channel.
"""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core import four_eyes
from bot.model import facts, policy, ports
from bot.runtime import rights, whom

CHANNEL = "rollout-bot.io/channel"
Action = policy.Action
_ASKED = 3
_WORDS = {
    Action.PROMOTE: "approve this",
    Action.PROMOTE_FULL: "skip its steps",
    Action.MEASURE_AGAIN: "have it measured again",
    Action.CONTINUE: "let it go on without a verdict",
    Action.ABORT: "abort it",
    Action.RETRY: "retry it",
    Action.UNDO: "undo it",
    Action.SET_IMAGE: "set its image",
    Action.FREEZE: "freeze this",
    Action.UNFREEZE: "lift this",
    Action.STOP_THE_LINE: "stop the line",
    Action.BREAK_GLASS: "break the glass",
}

_AS = {Action.MEASURE_AGAIN: Action.PROMOTE, Action.CONTINUE: Action.PROMOTE}
"""What is allowed as another action where no rule speaks of it."""
_OF_THE_CHANNEL = frozenset({Action.FREEZE, Action.UNFREEZE, Action.STOP_THE_LINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """From the settings; keys are globs and the first that fits counts.

    Approvers are kept by ``namespace/name``, channels by namespace. An approver is
    a user id, or an account name that the workspace keeps unique (never a display name).
    """

    approvers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    default_channel: str = ""

    def channel(self, rollout: ports.Object) -> str:
        """The channel of a rollout: its annotation, else its namespace's, else the default."""
        meta = rollout["metadata"]
        asked = (meta.get("annotations") or {}).get(CHANNEL)
        if isinstance(asked, str) and asked.strip():
            return asked.strip()
        return self.channel_of(meta.get("namespace", ""))

    def channel_of(self, namespace: str) -> str:
        for pattern, channel in self.channels.items():
            if fnmatch.fnmatchcase(namespace, pattern):
                return channel
        return self.default_channel

    def approvers_of(self, rollout: ports.Object) -> tuple[str, ...]:
        """Who was named for this rollout; empty: the members of its channel."""
        meta = rollout["metadata"]
        key = f"{meta.get('namespace', '')}/{meta['name']}"
        for pattern, named in self.approvers.items():
            if fnmatch.fnmatchcase(key, pattern):
                return named
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Go on. ``rule`` is where that stands: a path of the policy file, settings, channel."""

    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Why not, in a sentence; ``ask`` are the ids or names of some who may."""

    sentence: str
    ask: tuple[str, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is asked besides who and of what.

    ``effective`` is what the policy says of the rollout, ``approval`` how the gate it stands at
    is opened (None where it stands at none), ``shippers`` who is said to have shipped its present
    revision, ``tool`` the tool that wrote it. ``known`` is what could be found out about the
    asker's groups, and ``review`` what the cluster says of a person at a terminal (None: it was
    not asked, or did not answer).
    """

    effective: policy.Effective = field(default_factory=policy.Effective)
    approval: policy.Approval | None = None
    shippers: tuple[facts.Person, ...] = ()
    tool: facts.Person | None = None
    known: whom.Known = field(default_factory=whom.Known)
    review: bool | None = None
    second: bool = False


def authorize(
    *,
    actor: facts.Person,
    action: Action,
    rollout: ports.Object,
    rules: Rules,
    members: frozenset[str] | None,
    case: Case | None = None,
) -> Allowed | Denied:
    """Whether ``actor`` may do ``action`` on ``rollout``.

    ``members`` are ids of full members of the rollout's channel, the actor's among them if he
    is one; None where nobody could be asked: then an abort is allowed, for it is the safe
    side, and nothing else is.
    """
    case = case or Case()
    asked = _Asked(
        actor=actor, action=action, rollout=rollout, rules=rules, members=members, case=case
    )
    if action is Action.READ:
        return Allowed()
    if action is Action.ABORT:
        return _abort(asked)
    if actor.user and case.effective.access_review and case.review is not True:
        return _not_reviewed(actor, action, case)
    if action is Action.BREAK_GLASS:
        return _break_glass(actor, case)
    if action is Action.PROMOTE and case.approval is not None and case.approval.named:
        return _approve(asked, case.approval)
    spoken = action if action in case.effective.may else _AS.get(action, action)
    named = case.effective.may.get(spoken, ())
    if named:
        rule = case.effective.sources.get(f"may.{spoken}", "")
        return _of(actor, action, named, case, rule)
    return _weakest(asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One question, as ``authorize`` got it."""

    actor: facts.Person
    action: Action
    rollout: ports.Object
    rules: Rules
    members: frozenset[str] | None
    case: Case


def _abort(asked: _Asked) -> Allowed | Denied:
    """Whoever may approve may also abort, member or not. No policy narrows it, it may widen it."""
    actor, rules, members = asked.actor, asked.rules, asked.members
    rollout, case = asked.rollout, asked.case
    effective = case.effective
    named = (
        *rules.approvers_of(rollout),
        *effective.may.get(Action.ABORT, ()),
        *effective.may.get(Action.PROMOTE, ()),
        *(who for one in _approvals(effective) for who in one.approvers),
    )
    if actor.user:
        if case.review is not False or whom.among(actor, named, effective, case.known):
            return Allowed(rule="abort")
        return _not_reviewed(actor, Action.ABORT, case)
    if not actor.slack_id:
        return _denied(Action.ABORT, rules.channel(rollout), members or frozenset(), "channel")
    if members is None or actor.slack_id in members:
        return Allowed(rule="channel")
    if whom.among(actor, named, effective, case.known) is not False:
        return Allowed(rule="approvers")
    return _denied(Action.ABORT, rules.channel(rollout), members, "channel")


def _approvals(effective: policy.Effective) -> tuple[policy.Approval, ...]:
    return (effective.approval, *(step.approval for step in effective.steps))


def _approve(asked: _Asked, approval: policy.Approval) -> Allowed | Denied:
    """A gate whose approval the policy speaks of: who, among whom too, and not who shipped it."""
    actor, case = asked.actor, asked.case
    rule = case.effective.sources.get("approval", "")
    answer: Allowed | Denied
    if approval.approvers:
        answer = _of(actor, Action.PROMOTE, approval.approvers, case, rule)
    elif named := case.effective.may.get(Action.PROMOTE, ()):
        answer = _of(actor, Action.PROMOTE, named, case, rule)
    else:
        answer = _weakest(asked)
    if isinstance(answer, Allowed) and approval.also:
        answer = _of(actor, Action.PROMOTE, approval.also, case, "an annotation of the rollout")
    if isinstance(answer, Denied) or not approval.four_eyes:
        return answer
    return _four_eyes(actor, case, approval, rule) or answer


def _four_eyes(
    actor: facts.Person, case: Case, approval: policy.Approval, rule: str
) -> Denied | None:
    who = whom.words(approval.approvers, case.known) or "another member of its channel"
    found = four_eyes.objection(
        actor, shippers=case.shippers, tool=case.tool, known=case.effective.people, who=who
    )
    if found is None:
        return None
    ask: tuple[str, ...] = ()
    if found.others_may:
        ask = whom.some(approval.approvers, case.effective, case.known, without=actor)
    return Denied(sentence=found.sentence, ask=ask[:_ASKED], rule=rule)


def _of(
    actor: facts.Person, action: Action, named: policy.Who, case: Case, rule: str
) -> Allowed | Denied:
    """Somebody of those whom a rule names."""
    found = whom.among(actor, named, case.effective, case.known)
    if found:
        return Allowed(rule=rule)
    who = whom.words(named, case.known)
    if found is None:
        return Denied(
            sentence=f"Only {who} may {_WORDS[action]}, and Slack does not say who that is now; "
            "nothing was done. Try again.",
            rule=rule,
        )
    ask = whom.some(named, case.effective, case.known, without=actor)
    return Denied(sentence=f"Only {who} may {_WORDS[action]}.", ask=ask[:_ASKED], rule=rule)


def _weakest(asked: _Asked) -> Allowed | Denied:
    """Where no rule of the policy speaks of it: the settings, then the channel."""
    actor, action, rules, members = asked.actor, asked.action, asked.rules, asked.members
    rollout, case = asked.rollout, asked.case
    # Who approves a rollout has no part in a freeze, which is a matter of the channel.
    named = () if action in _OF_THE_CHANNEL else rules.approvers_of(rollout)
    if actor.user:
        # At a terminal there is no channel: the cluster's own rights decide, where they are asked.
        if case.review or whom.plainly(actor, named):
            return Allowed(rule="the cluster's rights")
        return _not_reviewed(actor, action, case)
    if named:
        if whom.plainly(actor, named):
            return Allowed(rule="approvers of the settings")
        return _denied(action, ", ".join(named[:8]), named, "approvers of the settings")
    if members is None:
        return Denied(
            sentence="Slack does not say who is in "
            f"{rules.channel(rollout) or 'the channel'} now, so nothing was done; try again.",
            rule="channel",
        )
    if actor.slack_id and actor.slack_id in members:
        return Allowed(rule="channel")
    return _denied(action, rules.channel(rollout), members, "channel")


def _break_glass(actor: facts.Person, case: Case) -> Allowed | Denied:
    glass = case.effective.break_glass
    rule = case.effective.sources.get("break_glass", "")
    if not glass.who or not glass.second:
        return Denied(
            sentence="No rule of the policy lets anybody break the glass here.", rule=rule
        )
    return _of(actor, Action.BREAK_GLASS, glass.second if case.second else glass.who, case, rule)


def _not_reviewed(actor: facts.Person, action: Action, case: Case) -> Denied:
    rule = case.effective.sources.get("access_review", "the cluster's rights")
    if case.review is None:
        said = "The cluster does not say whether"
        return Denied(
            sentence=f"{said} {actor.name} may {_WORDS[action]}; nothing was done.", rule=rule
        )
    right = rights.NEEDED.get(action)
    needs = f"that needs the verb {right.verb} on {right.resource}" if right else "use Slack"
    return Denied(
        sentence=f"The cluster does not let {actor.name} {_WORDS[action]}: {needs}.", rule=rule
    )


def _denied(action: Action, who: str, may: tuple[str, ...] | frozenset[str], rule: str) -> Denied:
    group = who or "the members of its channel"
    return Denied(
        sentence=f"Only {group} may {_WORDS.get(action, 'do this')}.",
        ask=tuple(sorted(may))[:_ASKED],
        rule=rule,
    )
