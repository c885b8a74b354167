"""Who may do what: the one function that every way in asks. Knows no Slack and no cluster."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.model import facts, ports

CHANNEL = "rollout-bot.io/channel"
_ASKED = 3


class Action(StrEnum):
    """What somebody wants. ``READ`` changes nothing."""

    READ = "read"
    PROMOTE = "promote"
    PROMOTE_FULL = "promote-full"
    MEASURE_AGAIN = "measure-again"
    CONTINUE = "continue"
    ABORT = "abort"
    RETRY = "retry"
    UNDO = "undo"
    SET_IMAGE = "set-image"


_WORDS = {
    Action.PROMOTE: "approve this",
    Action.PROMOTE_FULL: "skip its steps",
    Action.MEASURE_AGAIN: "have it measured again",
    Action.CONTINUE: "let it go on without a verdict",
    Action.ABORT: "abort it",
    Action.RETRY: "retry it",
    Action.UNDO: "undo it",
    Action.SET_IMAGE: "set its image",
}


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
    """Go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Why not, in a sentence; ``ask`` are the ids or names of some who may."""

    sentence: str
    ask: tuple[str, ...] = ()


def authorize(
    *,
    actor: facts.Person,
    action: Action,
    rollout: ports.Object,
    rules: Rules,
    members: frozenset[str] | None,
) -> Allowed | Denied:
    """Whether ``actor`` may do ``action`` on ``rollout``.

    ``members`` are ids of full members of the rollout's channel, the actor's among them if he
    is one; None where nobody could be asked: then an abort is allowed, for it is the safe
    side, and nothing else is.
    """
    if action is Action.READ:
        return Allowed()
    named = rules.approvers_of(rollout)
    if actor.slack_id and members is not None and action is Action.ABORT:
        # Whoever may approve may also abort, member or not.
        if actor.slack_id in members or _among(actor, named):
            return Allowed()
        return _denied(action, rules.channel(rollout), members)
    if action is Action.ABORT and actor.slack_id:
        return Allowed()
    if named:
        if _among(actor, named):
            return Allowed()
        return _denied(action, ", ".join(named[:8]), named)
    if members is None:
        return Denied(
            sentence="Slack does not say who is in "
            f"{rules.channel(rollout) or 'the channel'} now, so nothing was done; try again."
        )
    if actor.slack_id and actor.slack_id in members:
        return Allowed()
    return _denied(action, rules.channel(rollout), members)


def _among(actor: facts.Person, named: tuple[str, ...]) -> bool:
    wanted = {name.lstrip("@").casefold() for name in named}
    return any(word and word.casefold() in wanted for word in (actor.slack_id, actor.name))


def _denied(action: Action, who: str, may: tuple[str, ...] | frozenset[str]) -> Denied:
    group = who or "the members of its channel"
    return Denied(
        sentence=f"Only {group} may {_WORDS.get(action, 'do this')}.",
        ask=tuple(sorted(may))[:_ASKED],
    )
