"""News beside the cards: to subscribers in private, to the channels of Argo's annotations.

Both implement ``feed.Outlet`` and go through the one outbox.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core import argo_subscriptions
from bot.core import subscriptions as texts
from bot.model import errors, feed, messenger, ports
from bot.model import subscriptions as model
from bot.render import feed as wording
from bot.runtime import authorize, outbox
from bot.runtime import budget as budgets
from bot.runtime import subscriptions as subscribing

TIMEOUT_S = 900.0
"""The outbox waits out an outage by itself; beyond this the event is derived anew."""
NEWS = frozenset({feed.Kind.NEEDS_APPROVAL, feed.Kind.ROLLED_BACK, feed.Kind.DONE})


@dataclass(slots=True, kw_only=True)
class Directs:
    """To each subscriber by name. What is critical comes at any hour, the rest after it."""

    box: outbox.Outbox
    chat: messenger.Messenger
    subscriptions: subscribing.Subscriptions
    name: str = "dm-"
    timeout_s: float = TIMEOUT_S

    def follows(self, rollout: ports.Object) -> bool:
        return bool(self.subscriptions.to(_key(rollout)))

    def targets(self, event: feed.Event, rollout: ports.Object) -> tuple[str, ...]:
        if event.kind not in NEWS:
            return ()
        return tuple(one.user for one in self.subscriptions.to(_key(rollout)))

    def due(self, event: feed.Event, target: str, now: datetime) -> datetime:
        if event.kind in feed.CRITICAL:
            return now
        hours = self._hours(event, target)
        ends = (texts.quiet_end(hours, event.at), texts.quiet_end(hours, now))
        return max((end for end in ends if end is not None), default=now)

    def _hours(self, event: feed.Event, target: str) -> model.Quiet | None:
        key = f"{event.rollout.namespace}/{event.rollout.name}"
        found = (one for one in self.subscriptions.to(key) if one.user == target)
        return next((one.quiet for one in found), None)

    async def deliver(self, events: tuple[feed.Event, ...], target: str) -> None:
        room = await self.chat.direct(target)
        quiet = all(texts.quiet_end(self._hours(one, target), one.at) for one in events)
        late = quiet and not any(one.kind in feed.CRITICAL for one in events)
        message = wording.message(events, since=wording.QUIET if late else "", buttons=True)
        await self.box.post(channel=room, content=lambda: message, priority=outbox.Priority.THREAD)


@dataclass(slots=True, kw_only=True)
class ArgoChannels:
    """To the channels that a Rollout's own annotations name, in Argo's words for the triggers.

    The rollout's own channel is left out: its card says all of it. ``limit`` is the message
    budget; what is over it waits and then comes as one list.
    """

    box: outbox.Outbox
    rules: authorize.Rules
    budget: budgets.Budget
    clock: ports.Clock
    limit: Callable[[], int]
    name: str = "argo-"
    timeout_s: float = TIMEOUT_S

    def follows(self, rollout: ports.Object) -> bool:
        return argo_subscriptions.any_of(rollout["metadata"].get("annotations") or {})

    def targets(self, event: feed.Event, rollout: ports.Object) -> tuple[str, ...]:
        notes = rollout["metadata"].get("annotations") or {}
        own = self.rules.channel(rollout).lstrip("#")
        return tuple(
            channel for channel in argo_subscriptions.channels(notes, event.kind) if channel != own
        )

    def due(self, event: feed.Event, target: str, now: datetime) -> datetime:
        if event.kind in feed.CRITICAL:
            return now
        return self.budget.next(f"#{target}", now, limit=self.limit())

    async def deliver(self, events: tuple[feed.Event, ...], target: str) -> None:
        message = wording.message(events, since=wording.BUSY if len(events) > 1 else "")
        try:
            await self.box.post(channel=f"#{target}", content=lambda: message)
        except errors.NotFound as problem:
            raise errors.Refused(str(problem)) from None
        self.budget.spend(f"#{target}", self.clock())


def _key(rollout: ports.Object) -> str:
    meta = rollout["metadata"]
    return f"{meta.get('namespace', '')}/{meta['name']}"
