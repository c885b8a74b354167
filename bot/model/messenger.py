"""The port to the chat: what the outbox needs of Slack. Raises ``bot.model.errors`` only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.model import messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message stands: a channel's id and the message's ``ts``."""

    channel: str
    ts: str


class Messenger(Protocol):
    """One chat workspace. Every call has a timeout of its own.

    ``Unavailable`` (429 with its Retry-After, 5xx, time-out) may be tried again; ``NotFound``
    means that the message to edit is gone; ``Forbidden`` that the bot is not in the channel;
    ``Refused`` that trying again cannot help.
    """

    async def post(
        self, *, channel: str, message: messages.Message, thread: str = ""
    ) -> Place: ...

    async def marked(self, *, channel: str, thread: str = "") -> Mapping[str, Place]:
        """Of our own newest messages in a channel (or a thread) those that carry a mark."""

    async def update(self, *, place: Place, message: messages.Message) -> None: ...

    async def whisper(
        self, *, channel: str, user: str, message: messages.Message, thread: str = ""
    ) -> None:
        """A message that only ``user`` sees (best effort)."""

    async def upload(self, *, place: Place, picture: bytes, title: str, alt: str) -> None:
        """A PNG into the thread of ``place``."""

    async def upload_text(self, *, place: Place, text: str, name: str, title: str) -> None:
        """A text file into the thread of ``place``."""

    async def direct(self, user: str) -> str:
        """The channel of private messages with ``user``."""

    async def publish(self, *, user: str, view: messages.Message) -> None:
        """Show the blocks of ``view`` as the Home tab of ``user``."""

    async def members(self, channel: str, actor: str) -> frozenset[str]:
        """Of the full members of a channel: ``actor`` alone if he is one, else some to ask.

        Guests and bots are no full members. May be some minutes old.
        """
