"""Who and what stands in the workspace when it starts. Data only, nothing changes here."""

from __future__ import annotations

import dataclasses

TEAM = "TLOCAL0001"
TEAM_NAME = "local"
APP = "AROLLOUT01"
BOT = "BROLLOUT01"
BOT_USER = "UROLLOUT01"
SLACKBOT = "USLACKBOT"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who can act here; `guest` is a single- or multi-channel guest.

    `team`: the workspace they belong to, where that is another one.
    """

    id: str
    name: str
    title: str
    color: str
    guest: bool = False
    bot: bool = False
    team: str = TEAM


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A conversation; `members` are user ids. A direct one has no name.

    `shared`: people of another organization are in it.
    """

    id: str
    name: str
    topic: str
    members: frozenset[str]
    direct: bool = False
    private: bool = False
    shared: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A user group, which people mention by its handle."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]


USERS = (
    User(id="UALICE0001", name="alice", title="SRE", color="#2b6cb0"),
    User(id="UBOB000001", name="bob", title="developer", color="#2f855a"),
    User(id="UCAROL0001", name="carol", title="QA", color="#b7791f"),
    User(id="UGUEST0001", name="guest", title="guest", color="#718096", guest=True),
    User(id=BOT_USER, name="rollout", title="the bot", color="#4a154b", bot=True),
    User(id=SLACKBOT, name="slackbot", title="", color="#1d9bd1", bot=True),
)
_PEOPLE = frozenset(user.id for user in USERS if not user.bot)

CHANNELS = (
    Channel(
        id="CRELEASES1",
        name="releases",
        topic="what goes out, and what came back",
        members=_PEOPLE | {BOT_USER},
    ),
    Channel(
        id="CRANDOM001",
        name="random",
        topic="the bot is not here until somebody types /invite @rollout",
        members=_PEOPLE - {"UGUEST0001"},
    ),
)
GROUPS = (
    Group(
        id="SSRE000001",
        handle="sre",
        name="Site reliability",
        members=("UALICE0001",),
    ),
)
