"""Who and where: channels by name, people by id, members of a channel. All of it cached."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web import async_client

from bot.adapters.slack import calls
from bot.model import errors, facts

KEEP_S = 300.0
MOST_PAGES = 20
PERSON_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user: ``full`` means no guest, no bot, not deactivated, of our own workspace."""

    id: str
    handle: str
    ours: bool
    full: bool


@dataclass(slots=True, kw_only=True)
class Directory:
    """Look-ups with a memory of five minutes."""

    client: async_client.AsyncWebClient
    monotonic: Callable[[], float] = time.monotonic
    _home: str = ""
    _channels: dict[str, str] = field(default_factory=dict)
    _members: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    _accounts: dict[str, tuple[float, Account]] = field(default_factory=dict)

    async def channel(self, name: str) -> str:
        """The id of ``#name``, ``name`` or an id.

        Raises:
            errors.Forbidden: there is no such channel that the bot can see.

        """
        plain = name.lstrip("#")
        if plain[:1] in {"C", "G", "D"} and plain.isupper() and len(plain) >= 9:
            return plain
        if plain not in self._channels:
            await self._list()
        if plain not in self._channels:
            raise errors.Forbidden(f"there is no channel #{plain} that I can see")
        return self._channels[plain]

    async def _list(self) -> None:
        cursor = ""
        for _ in range(MOST_PAGES):
            answer = await calls.done(
                self.client.conversations_list(
                    types="public_channel,private_channel",
                    exclude_archived=True,
                    limit=500,
                    cursor=cursor or None,
                ),
                what="conversations.list",
            )
            for one in answer.get("channels") or ():
                self._channels[one["name"]] = one["id"]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def account(self, user: str) -> Account:
        known = self._accounts.get(user)
        if known is not None and self.monotonic() - known[0] < KEEP_S:
            return known[1]
        home = await self._team()
        answer = await calls.done(self.client.users_info(user=user), what="users.info")
        found = _account(answer.get("user") or {}, home)
        self._accounts[user] = (self.monotonic(), found)
        return found

    async def _team(self) -> str:
        """Our own workspace: a shared channel also has people of others."""
        if not self._home:
            answer = await calls.done(self.client.auth_test(), what="auth.test")
            self._home = str(answer.get("team_id") or "")
        return self._home

    async def person(self, user: str) -> facts.Person:
        """Who ``user`` is; by id alone where Slack does not say soon. Never raises our errors.

        A handle is unique in its own workspace only: a stranger's could be an approver's.
        """
        try:
            async with asyncio.timeout(PERSON_TIMEOUT_S):
                account = await self.account(user)
        except (errors.RolloutBotError, TimeoutError):
            return facts.Person(name=user, slack_id=user)
        return facts.Person(name=account.handle if account.ours else user, slack_id=user)

    async def members(self, channel: str) -> frozenset[str]:
        """The full members of a channel, by id."""
        place = await self.channel(channel)
        known = self._members.get(place)
        if known is not None and self.monotonic() - known[0] < KEEP_S:
            return known[1]
        found: set[str] = set()
        cursor = ""
        for _ in range(MOST_PAGES):
            answer = await calls.done(
                self.client.conversations_members(channel=place, limit=500, cursor=cursor or None),
                what="conversations.members",
            )
            found.update(answer.get("members") or ())
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        full = frozenset([user for user in found if (await self.account(user)).full])
        self._members[place] = (self.monotonic(), full)
        return full


def _account(raw: dict[str, Any], home: str) -> Account:
    grid = (raw.get("enterprise_user") or {}).get("teams") or ()
    ours = bool(home) and home in {raw.get("team_id"), *grid}
    limited = ("is_bot", "is_restricted", "is_ultra_restricted", "deleted", "is_stranger")
    return Account(
        id=str(raw.get("id", "")),
        handle=str(raw.get("name") or raw.get("id", "")),
        ours=ours,
        full=ours and not any(raw.get(key) for key in limited),
    )
