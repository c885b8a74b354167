"""Everything the workspace holds, in memory and bounded. No HTTP, no Slack JSON."""

from __future__ import annotations

import collections
import dataclasses
import secrets
import time
from typing import TYPE_CHECKING, Any

from bot.local.workspace import people
from bot.local.workspace.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MESSAGES_KEPT = 1_000
CALLS_KEPT = 5_000
FILES_KEPT = 200
FILE_BYTES_KEPT = 100_000_000
TICKETS_KEPT = 2_000
VIEWS_KEPT = 100


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; `only_for` is the one reader of an ephemeral one, else empty."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[dict[str, Any], ...] = ()
    attachments: tuple[dict[str, Any], ...] = ()
    metadata: Mapping[str, Any] | None = None
    thread_ts: str = ""
    broadcast: bool = False
    only_for: str = ""
    edited_ts: str = ""
    edits: int = 0
    files: tuple[str, ...] = ()
    reactions: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def is_reply(self) -> bool:
        return bool(self.thread_ts) and self.thread_ts != self.ts


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An uploaded file; it can be shown once it is `ready`."""

    id: str
    name: str
    title: str
    alt: str
    length: int
    created: float
    content: bytes = b""
    completed: bool = False
    ready: bool = False
    shares: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A modal or a Home tab as one user sees it."""

    id: str
    user: str
    body: Mapping[str, Any]
    hash: str
    root: str = ""
    previous: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A capability with an end: a trigger, a response_url, an upload, a socket."""

    kind: str
    expires: float
    uses_left: int
    about: Mapping[str, Any]


class State:
    """The workspace. Every change is told to `listeners` as a small event dict."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.base_url = ""
        self.users = {user.id: user for user in people.USERS}
        self.channels = {channel.id: channel for channel in people.CHANNELS}
        self.groups = people.GROUPS
        self.messages: dict[str, dict[str, Message]] = {key: {} for key in self.channels}
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.stacks: dict[str, tuple[str, ...]] = {}
        self.homes: dict[str, View] = {}
        self.tickets: collections.OrderedDict[str, Ticket] = collections.OrderedDict()
        self.calls: collections.deque[dict[str, Any]] = collections.deque(maxlen=CALLS_KEPT)
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self._last_ts = 0
        self._last_id = 0

    def tell(self, **event: Any) -> None:
        for listener in self.listeners:
            listener(event)

    def next_ts(self) -> str:
        """Return Slack's message time, never the same twice and always rising."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        seconds, micros = divmod(self._last_ts, 1_000_000)
        return f"{seconds}.{micros:06d}"

    def next_id(self, prefix: str) -> str:
        self._last_id += 1
        return f"{prefix}{self._last_id:09d}"

    # -- who and where

    def user(self, name: str) -> people.User:
        """Find a user by id or name."""
        wanted = name.lstrip("@").lower()
        for user in self.users.values():
            if name == user.id or wanted == user.name:
                return user
        raise RefusedError("user_not_found")

    def channel(self, name: str) -> people.Channel:
        """Find a channel by id, name or #name."""
        wanted = name.lstrip("#").lower()
        for channel in self.channels.values():
            if name == channel.id or (wanted and wanted == channel.name):
                return channel
        raise RefusedError("channel_not_found")

    def direct(self, *members: str) -> people.Channel:
        """Find or open the direct conversation of these users."""
        wanted = frozenset(members)
        for channel in self.channels.values():
            if channel.direct and channel.members == wanted:
                return channel
        channel = people.Channel(
            id=self.next_id("D"), name="", topic="", members=wanted, direct=True
        )
        self.put_channel(channel)
        return channel

    def put_channel(self, channel: people.Channel) -> None:
        self.channels[channel.id] = channel
        self.messages.setdefault(channel.id, {})
        self.tell(kind="channels")

    def join(self, channel: people.Channel, user: str) -> people.Channel:
        joined = dataclasses.replace(channel, members=channel.members | {user})
        self.put_channel(joined)
        return joined

    # -- messages

    def post(self, message: Message) -> Message:
        """Keep a new message; the oldest of a full channel goes."""
        log = self.messages[message.channel]
        log[message.ts] = message
        while len(log) > MESSAGES_KEPT:
            del log[next(iter(log))]
        self._told(message)
        return message

    def edit(self, message: Message, **changes: Any) -> Message:
        changed = dataclasses.replace(message, **changes)
        if message.ts in self.messages[message.channel]:
            self.messages[message.channel][message.ts] = changed
            self._told(changed)
        return changed

    def delete(self, message: Message) -> None:
        self.messages[message.channel].pop(message.ts, None)
        self.tell(kind="deleted", message=message)
        self._parent_told(message)

    def _told(self, message: Message) -> None:
        self.tell(kind="message", message=message)
        self._parent_told(message)

    def _parent_told(self, message: Message) -> None:
        parent = self.messages[message.channel].get(message.thread_ts)
        if message.is_reply and parent is not None:
            self.tell(kind="message", message=parent)

    def find(self, channel: str, ts: str) -> Message:
        """Find a message that all readers of the channel see."""
        message = self.messages.get(channel, {}).get(ts)
        if message is None or message.only_for:
            raise RefusedError("message_not_found")
        return message

    def replies(self, parent: Message) -> Iterator[Message]:
        for message in self.messages[parent.channel].values():
            if message.is_reply and message.thread_ts == parent.ts:
                yield message

    # -- tickets

    def issue(self, kind: str, *, lifetime_s: float, uses: int, **about: Any) -> str:
        """Hand out a capability; its key can not be guessed."""
        key = secrets.token_urlsafe(18)
        self.tickets[key] = Ticket(
            kind=kind, expires=self.clock() + lifetime_s, uses_left=uses, about=about
        )
        while len(self.tickets) > TICKETS_KEPT:
            self.tickets.popitem(last=False)
        return key

    def redeem(self, kind: str, key: str) -> Mapping[str, Any]:
        """Use a capability once; the refusal is `unknown`, `expired` or `used`."""
        ticket = self.tickets.get(key)
        if ticket is None or ticket.kind != kind:
            raise RefusedError("unknown")
        if self.clock() > ticket.expires:
            raise RefusedError("expired")
        if ticket.uses_left < 1:
            raise RefusedError("used")
        self.tickets[key] = dataclasses.replace(ticket, uses_left=ticket.uses_left - 1)
        return ticket.about

    # -- files

    def put_file(self, file: File) -> None:
        self.files[file.id] = file
        while len(self.files) > FILES_KEPT or self._file_bytes() > FILE_BYTES_KEPT:
            del self.files[next(iter(self.files))]

    def _file_bytes(self) -> int:
        return sum(len(file.content) for file in self.files.values())

    def is_file_ready(self, file_id: str) -> bool:
        file = self.files.get(file_id)
        return file is not None and file.ready

    # -- views

    def put_view(self, view: View) -> None:
        self.views[view.id] = view
        while len(self.views) > VIEWS_KEPT:
            del self.views[next(iter(self.views))]
        self.tell(kind="view", user=view.user)
