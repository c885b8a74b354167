"""Who and where: channels by name, people by id, members of a channel. All of it cached.

A workspace may have tens of thousands of either: only what is asked for is read.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web import async_client

from bot.adapters.slack import calls
from bot.model import errors, facts

KEEP_S = 300.0
SAID_S = 3_600.0
"""For so long it counts whether somebody is a guest, where Slack does not say it anew."""
INVITED_S = 10.0
"""Who is not there is looked for again after so long."""
PAGE = 1000
MOST_PAGES = 50
TO_ASK = 3
TO_ASK_AMONG = 12
ACCOUNTS_LIMIT = 10_000
CHANNELS_LIMIT = 1_000
PERSON_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user: ``full`` means no guest, no bot, not deactivated, of our own workspace."""

    id: str
    handle: str
    ours: bool
    full: bool


@dataclass(slots=True, kw_only=True)
class _Roll:
    """The members of one channel as far as they were read."""

    at: float
    users: set[str] = field(default_factory=set)
    cursor: str = ""
    pages: int = 0
    complete: bool = False


@dataclass(slots=True, kw_only=True)
class Directory:
    """Look-ups with a memory of five minutes."""

    client: async_client.AsyncWebClient
    monotonic: Callable[[], float] = time.monotonic
    _home: str = ""
    _channels: dict[str, str] = field(default_factory=dict)
    _missed: dict[str, float] = field(default_factory=dict)
    _shared: dict[str, tuple[float, bool]] = field(default_factory=dict)
    _rolls: dict[str, _Roll] = field(default_factory=dict)
    _accounts: dict[str, tuple[float, Account]] = field(default_factory=dict)

    async def channel(self, name: str) -> str:
        """The id of ``#name``, ``name`` or an id.

        Raises:
            errors.Forbidden: there is no such channel that the bot can see.

        """
        plain = name.lstrip("#")
        if plain[:1] in {"C", "G", "D"} and plain.isupper() and len(plain) >= 9:
            return plain
        if plain not in self._channels and self._may_exist(plain):
            await self._list(plain)
        if plain not in self._channels:
            self._missed[plain] = self.monotonic()
            raise errors.Forbidden(f"there is no channel #{plain} that I can see")
        return self._channels[plain]

    def _may_exist(self, name: str) -> bool:
        """Whether a name is worth reading the whole list for, once more."""
        return self.monotonic() - self._missed.get(name, -INVITED_S) >= INVITED_S

    async def _list(self, wanted: str) -> None:
        """Read the channels until ``wanted`` is among them."""
        cursor = ""
        for _ in range(MOST_PAGES):
            answer = await calls.done(
                self.client.conversations_list(
                    types="public_channel,private_channel",
                    exclude_archived=True,
                    limit=PAGE,
                    cursor=cursor or None,
                ),
                what="conversations.list",
            )
            for one in answer.get("channels") or ():
                self._channels[one["name"]] = one["id"]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor or wanted in self._channels:
                return

    async def shared(self, channel: str) -> bool:
        """Whether people of another organization are in a channel; False where we cannot see it.

        Raises:
            errors.Unavailable: Slack does not say.

        """
        if channel[:1] not in {"C", "G"}:
            return False
        known, now = self._shared.get(channel), self.monotonic()
        if known is not None and now - known[0] < KEEP_S:
            return known[1]
        try:
            answer = await calls.done(
                self.client.conversations_info(channel=channel), what="conversations.info"
            )
        except (errors.Forbidden, errors.Refused):
            answer = {}
        found = bool((answer.get("channel") or {}).get("is_ext_shared"))
        while len(self._shared) >= CHANNELS_LIMIT:
            self._shared.pop(next(iter(self._shared)))
        self._shared[channel] = (now, found)
        return found

    async def account(self, user: str) -> Account:
        known = self._accounts.get(user)
        if known is not None and self.monotonic() - known[0] < KEEP_S:
            return known[1]
        home = await self.home()
        answer = await calls.done(self.client.users_info(user=user), what="users.info")
        found = _account(answer.get("user") or {}, home)
        while len(self._accounts) >= ACCOUNTS_LIMIT:
            self._accounts.pop(next(iter(self._accounts)))
        self._accounts[user] = (self.monotonic(), found)
        return found

    def at_home(self, team: str) -> None:
        """Take in which workspace we are installed in, where somebody has just heard it."""
        self._home = team or self._home

    async def home(self) -> str:
        """Our own workspace: a shared channel also has people of others."""
        if not self._home:
            answer = await calls.done(self.client.auth_test(), what="auth.test")
            self._home = str(answer.get("team_id") or "")
        return self._home

    async def person(self, user: str) -> facts.Person:
        """Who ``user`` is; by id alone where Slack does not say soon. Never raises our errors.

        A handle is unique in its own workspace only: a stranger's could be an approver's. Whether
        they are a guest is taken from what Slack said within the hour, and nothing else is.
        """
        try:
            async with asyncio.timeout(PERSON_TIMEOUT_S):
                account = await self.account(user)
        except (errors.RolloutBotError, TimeoutError):
            before = self._said_before(user)
            return facts.Person(
                name=user,
                slack_id=user,
                guest=before is not None and _guest(before),
                unsure=before is None,
            )
        name = account.handle if account.ours else user
        return facts.Person(name=name, slack_id=user, guest=_guest(account))

    def _said_before(self, user: str) -> Account | None:
        known = self._accounts.get(user)
        return known[1] if known is not None and self.monotonic() - known[0] < SAID_S else None

    async def usergroup(self, group: str) -> frozenset[str]:
        """The ids in a user group, as Slack says now.

        Raises:
            errors.Refused: there is no such group, or the workspace's plan has none.

        """
        answer = await calls.done(
            self.client.usergroups_users_list(usergroup=group), what="usergroups.users.list"
        )
        return frozenset(str(user) for user in answer.get("users") or ())

    async def members(self, channel: str, actor: str) -> frozenset[str]:
        """``actor`` alone if he is a full member of the channel, else some who are.

        A channel may have thousands: nobody but the actor is looked up, and his page is the
        last that is read. Who was invited a moment ago is found all the same.
        """
        roll = await self._roll(await self.channel(channel), actor)
        if actor in roll.users and (await self.account(actor)).full:
            return frozenset({actor})
        found: list[str] = []
        for user in sorted(roll.users - {actor})[:TO_ASK_AMONG]:
            if len(found) < TO_ASK and (await self.account(user)).full:
                found.append(user)
        return frozenset(found)

    async def _roll(self, place: str, actor: str) -> _Roll:
        """The members as far as they must be read to find ``actor``; a cut-off reading goes on."""
        roll, now = self._rolls.get(place), self.monotonic()
        old = roll is None or now - roll.at >= KEEP_S
        missed = roll is not None and roll.complete and actor not in roll.users
        if roll is None or old or (missed and now - roll.at >= INVITED_S):
            roll = self._rolls[place] = _Roll(at=now)
        while actor not in roll.users and not roll.complete:
            await self._turn(place, roll)
        return roll

    async def _turn(self, place: str, roll: _Roll) -> None:
        """One more page."""
        answer = await calls.done(
            self.client.conversations_members(
                channel=place, limit=PAGE, cursor=roll.cursor or None
            ),
            what="conversations.members",
        )
        roll.users.update(answer.get("members") or ())
        roll.cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        roll.pages += 1
        roll.complete = not roll.cursor or roll.pages >= MOST_PAGES


def _guest(account: Account) -> bool:
    return account.ours and not account.full


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
