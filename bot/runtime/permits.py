"""Whether somebody may, with everything found out that the one function needs to say so.

Belongs here: asking the chat and the cluster, each for a bounded time. Who may what is decided
by ``authorize`` alone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from bot.core import approvals, shippers
from bot.core.notices import scene as scenes
from bot.model import errors, facts, policy, ports
from bot.runtime import authorize, whom
from bot.runtime import roster as rosters

log = logging.getLogger(__name__)

MEMBERS_TIMEOUT_S = 2.0
REVIEW_TIMEOUT_S = 3.0

Members = Callable[[str, str], Awaitable[frozenset[str]]]
Review = Callable[[facts.Person, policy.Action, ports.Object], Awaitable[bool]]
"""What the cluster says of a person at a terminal (a SubjectAccessReview)."""


@dataclass(slots=True, kw_only=True)
class Permits:
    """``members`` as the messenger's, None where there is no chat; ``review`` asks the cluster."""

    rules: authorize.Rules
    members: Members | None = None
    roster: rosters.Roster = field(default_factory=rosters.Roster)
    review: Review | None = None

    async def ask(
        self,
        actor: facts.Person,
        action: policy.Action,
        rollout: ports.Object,
        *,
        scene: scenes.Scene | None = None,
        effective: policy.Effective | None = None,
        second: bool = False,
    ) -> authorize.Allowed | authorize.Denied:
        """Whether ``actor`` may do ``action``; ``second``: as the second person of a break-glass.

        ``effective`` is what the policy says where there is no scene.
        Everything is asked at once, so that an abort waits no longer than for its slowest part.
        """
        if effective is None:
            effective = policy.Effective() if scene is None else scene.seen.policy
        channel = self.rules.channel(rollout)
        home = self.rules.channel_of(rollout["metadata"].get("namespace", ""))
        groups = whom.groups_of(effective, _named(effective)) if actor.slack_id else frozenset()
        members, at_home, rolls, review = await asyncio.gather(
            self._members(channel, actor.slack_id),
            self._members(home, actor.slack_id) if home != channel else _nothing(),
            self.roster.of(groups, deciding=True),
            self._reviewed(actor, action, rollout),
        )
        known = whom.Known(
            groups=rolls, home=at_home if home != channel else members, channel=home
        )
        case = authorize.Case(effective=effective, known=known, review=review, second=second)
        if scene is not None and scene.sheet is not None:
            sheet = scene.sheet
            case = replace(
                case,
                approval=approvals.now(sheet),
                shippers=shippers.named(sheet.seen, sheet.status, sheet.spec.template),
                tool=shippers.tool(sheet.seen),
            )
        return authorize.authorize(
            actor=actor,
            action=action,
            rollout=rollout,
            rules=self.rules,
            members=members,
            case=case,
        )

    async def _members(self, channel: str, actor: str) -> frozenset[str] | None:
        if self.members is None or not channel:
            return None
        try:
            async with asyncio.timeout(MEMBERS_TIMEOUT_S):
                return await self.members(channel, actor)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("members of %s are not known: %s", channel, problem)
            return None

    async def _reviewed(
        self, actor: facts.Person, action: policy.Action, rollout: ports.Object
    ) -> bool | None:
        if self.review is None or not actor.user:
            return None
        try:
            async with asyncio.timeout(REVIEW_TIMEOUT_S):
                return await self.review(actor, action, rollout)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("the cluster does not say what %s may: %s", actor.user, problem)
            return None


async def _nothing() -> None:
    return None


def _named(effective: policy.Effective) -> policy.Who:
    """Everybody whom any rule for this rollout names."""
    every = (effective.approval, *(step.approval for step in effective.steps))
    lists = [
        *effective.may.values(),
        *(one.approvers for one in every),
        *(one.also for one in every),
        effective.break_glass.who,
        effective.break_glass.second,
    ]
    return tuple(dict.fromkeys(who for one in lists for who in one))
