"""What Slack hands us is looked at before any listener sees it, whichever way it came.

Belongs here: repeated deliveries, other workspaces, channels shared with them. Does not belong
here: who may do what in our own workspace (one function decides that, behind the desk).
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncRespond
from slack_bolt.response import BoltResponse

from bot.adapters.slack import directory as directories
from bot.model import errors

log = logging.getLogger(__name__)

REMEMBERED = 2_000
"""Requests whose repetition is noticed."""
LOOK_TIMEOUT_S = 0.8
"""A request waits no longer for what Slack says of its sender: it must be acknowledged."""
SILENT_S = 30.0
"""Slack that did not answer such a question is not asked again for so long."""
SAY_TIMEOUT_S = 1.0
FOREIGN = "You belong to another workspace than this bot; nothing was done."
SHARED = (
    "This channel is shared with another organization, so I answer nothing here but an abort. "
    "Ask in a channel of ours."
)
Next = Callable[[], Awaitable[None]]
_T = TypeVar("_T")


class Once:
    """Slack may deliver a request twice; a person asked once."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def middleware(self, body: dict[str, Any], next: Next) -> BoltResponse | None:  # noqa: A002 - Bolt's name for it
        mark = _mark(body)
        if mark and mark in self._seen:
            return BoltResponse(status=200)  # it came again for want of an acknowledgment
        if mark:
            self._seen[mark] = None
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        await next()
        return None


class Gate:
    """Nobody of another workspace gets in, and a shared channel only hears of an abort.

    Where Slack does not say soon, the request goes on: authorization still stands behind it,
    and an abort must not wait.
    """

    def __init__(
        self,
        *,
        directory: directories.Directory,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._monotonic = monotonic
        self._silent_at = -SILENT_S

    async def middleware(
        self,
        body: dict[str, Any],
        respond: AsyncRespond,
        next: Next,  # noqa: A002 - Bolt's name for it
    ) -> BoltResponse | None:
        sentence = await self._refusal(body)
        if not sentence:
            await next()
            return None
        log.warning("refused: %s (user %s, team %s)", sentence, _user(body), _team(body))
        if body.get("command"):
            return BoltResponse(status=200, body=sentence)
        await _said(respond, body, sentence)
        return BoltResponse(status=200)

    async def _refusal(self, body: Mapping[str, Any]) -> str:
        if await self._foreign(body):
            return FOREIGN
        if not _aborts(body) and await self._asked(self._directory.shared(_channel(body))):
            return SHARED
        return ""

    async def _foreign(self, body: Mapping[str, Any]) -> bool:
        home, team, user = await self._asked(self._directory.home()), _team(body), _user(body)
        if not home or not team or team == home:
            return False
        # A grid has several workspaces whose people are ours all the same.
        account = await self._asked(self._directory.account(user)) if user else None
        return account is None or not account.ours

    async def _asked(self, question: Awaitable[_T]) -> _T | None:
        """What Slack says, or what was remembered; None where it does not say soon."""
        limit = LOOK_TIMEOUT_S if self._monotonic() - self._silent_at >= SILENT_S else 0
        try:
            async with asyncio.timeout(limit):
                return await question
        except (errors.RolloutBotError, TimeoutError):
            if limit:
                self._silent_at = self._monotonic()
            return None


def _mark(body: Mapping[str, Any]) -> str:
    """What is the same when Slack repeats itself: an event's id, an interaction's trigger."""
    if body.get("type") == "event_callback":
        return f"event {body.get('event_id') or ''}" if body.get("event_id") else ""
    trigger = body.get("trigger_id")
    return f"{_team(body)} {trigger}" if trigger else ""


def _inner(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = body.get(key)
    return found if isinstance(found, Mapping) else {}


def _team(body: Mapping[str, Any]) -> str:
    """The workspace of the person who asks."""
    said = _inner(body, "user").get("team_id") or body.get("team_id")
    return str(said or _inner(body, "team").get("id") or "")


def _user(body: Mapping[str, Any]) -> str:
    found = _inner(body, "user").get("id") or body.get("user_id") or ""
    return str(found or _inner(body, "event").get("user") or "")


def _channel(body: Mapping[str, Any]) -> str:
    found = _inner(body, "channel").get("id") or body.get("channel_id") or ""
    return str(found or _inner(body, "container").get("channel_id") or "")


def _aborts(body: Mapping[str, Any]) -> bool:
    words = str(body.get("text") or "").split()
    actions = body.get("actions")
    action = actions[0] if isinstance(actions, list) and actions else {}
    named = str(_inner({"action": action}, "action").get("action_id") or "")
    return words[:1] == ["abort"] or named.endswith(":abort")


async def _said(respond: AsyncRespond, body: Mapping[str, Any], sentence: str) -> None:
    if not (body.get("response_url") or body.get("response_urls")):
        return
    try:
        async with asyncio.timeout(SAY_TIMEOUT_S):
            await respond(text=sentence, response_type="ephemeral", replace_original=False)
    except Exception as error:  # noqa: BLE001 - it is refused, said or not
        log.warning("a refusal could not be said: %s", type(error).__name__)
