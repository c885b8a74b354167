"""The Home tab: drawn when somebody opens it, turns its page, or presses a button on it.

For a while after that, what anybody else does redraws it too (``handlers.tabs``).
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.core.notices import homely
from bot.model import errors, messages, policy
from bot.model import facts as people
from bot.model import home as model
from bot.render import home as drawing
from bot.runtime import awaited
from bot.runtime import desk as desks
from bot.runtime import subscriptions as subscribing
from handlers import asking, tabs

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0

Publish = Callable[[str, messages.Message], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Home:
    """One a process; ``publish`` shows a user the view."""

    desk: desks.Desk
    who: asking.Who
    publish: Publish
    subscriptions: subscribing.Subscriptions | None = None
    open_tabs: tabs.Tabs = field(init=False)

    def __post_init__(self) -> None:
        self.open_tabs = tabs.Tabs(marks=self._marks, look=self._look, draw=self._draw)

    async def close(self) -> None:
        """Redraw nothing any more."""
        await self.open_tabs.close()

    def register(self, app: AsyncApp) -> None:
        """Hear of an opened tab and of a turned page."""

        async def opened(event: dict[str, Any]) -> None:
            if event.get("tab", "home") == "home":
                await self.show(str(event.get("user") or ""))

        async def turned(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            action = (body.get("actions") or [{}])[0]
            number = str(action.get("value") or "")
            page = int(number) if number.isdecimal() and len(number) < 4 else 0
            await self.show(user_of(body), page=page)

        app.event("app_home_opened")(opened)
        app.action(re.compile(f"{model.PAGE_ACTION}:.*"))(turned)

    async def show(
        self, user: str, *, note: messages.Message | None = None, page: int = 0
    ) -> None:
        """Draw the tab of ``user``; never raises: what fails now is drawn as soon as it can be."""
        tab = self.open_tabs.opened(user, page=page, note=note)
        try:
            async with asyncio.timeout(TIMEOUT_S), tab.turn:
                await self._show(user, tab)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("a Home tab was not drawn: %s", problem)
        except Exception:
            log.exception("a Home tab was not drawn: a bug")

    async def _show(self, user: str, tab: tabs.Tab) -> None:
        person = await asking.reader(self.who, user)
        if person.guest:
            self.open_tabs.let_go(user)
        if (refusal := asking.refused(person)) is not None:
            await self.publish(user, tab.answer or refusal)
            return
        found = await self.facts(person, note=tab.answer, page=tab.page)
        await self.publish(user, drawing.home(found))
        self.open_tabs.seen(tab, found)

    def _marks(self) -> Hashable:
        """Every rollout as its last write left it, and the freezes: what may change a tab."""
        found = [one["metadata"] for one in self.desk.scenery.rollouts()]
        written = tuple((one.get("uid"), one.get("resourceVersion")) for one in found)
        return written, self._freezes(()), self._unknown()

    async def _look(self, user: str, tab: tabs.Tab) -> model.HomeFacts | None:
        """What ``user`` should see now, None where it cannot be told; never raises."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                note, page = tab.note(self.open_tabs.clock()), tab.page
                person = await self.who(user)
                if asking.refused(person) is None:
                    return await self.facts(person, note=note, page=page)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("a Home tab was not looked at: %s", problem)
        except Exception:
            log.exception("a Home tab was not looked at: a bug")
        return None

    async def _draw(self, user: str, facts: model.HomeFacts) -> bool:
        """Whether it is shown now; never raises."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self.publish(user, drawing.home(facts))
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("a Home tab was not redrawn: %s", problem)
        except Exception:
            log.exception("a Home tab was not redrawn: a bug")
        else:
            return True
        return False

    async def facts(
        self, person: people.Person, *, note: messages.Message | None = None, page: int = 0
    ) -> model.HomeFacts:
        rows = homely.rows(self.desk.scenery.all())
        mine = self.subscriptions.of(person.slack_id) if self.subscriptions is not None else ()
        return model.HomeFacts(
            cluster=self.desk.scenery.cluster,
            at=self.desk.clock(),
            waiting=await awaited.by(
                person, rows.waiting, view=self.desk.scenery, rights=self.desk.permits
            ),
            moving=rows.moving,
            failed=rows.failed,
            freezes=self._freezes(rows.freezes),
            freezes_unknown=self._unknown(),
            subscriptions=tuple(map(str, mine)),
            note=note,
            page=page,
        )

    def _freezes(self, seen: tuple[policy.Freeze, ...]) -> tuple[policy.Freeze, ...]:
        """Those in force, also where no rollout is in their scope now; the first to end first."""
        asked = self.desk.freezing
        found = asked.freezes.in_force() if asked is not None else seen
        return tuple(sorted(found, key=lambda one: (one.until is None, one.until or one.at)))

    def _unknown(self) -> str:
        """Why nobody knows what is frozen; empty where that is known."""
        asked = self.desk.freezing
        return asked.unknown() if asked is not None else ""


def is_home(body: dict[str, Any]) -> bool:
    """Whether a press came from a Home tab, where no message can be answered."""
    return (body.get("view") or {}).get("type") == "home"


def user_of(body: dict[str, Any]) -> str:
    return str((body.get("user") or {}).get("id") or "")
