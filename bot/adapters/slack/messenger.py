"""``messenger.Messenger`` over the Web API."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from slack_sdk.web import async_client

from bot.adapters.slack import calls, directory, files
from bot.model import messages, messenger

ROOMS_LIMIT = 5_000
MARK = "rollout_bot_message"
"""The type of the metadata that our messages carry."""
LOOK_BACK = 200
"""Messages that are read to find our own again."""


class SlackMessenger:
    """Posts, edits, whispers and uploads. Never retries by itself: the outbox does."""

    def __init__(self, *, token: str, base_url: str) -> None:
        self.client = async_client.AsyncWebClient(
            token=token, base_url=base_url, timeout=10, retry_handlers=[]
        )
        self.directory = directory.Directory(client=self.client)
        self._home = ""
        self._me = ""
        self._rooms: dict[str, str] = {}

    async def check(self) -> str:
        """The bot's own user id; raises where Slack refuses the token or does not answer."""
        answer = await calls.done(self.client.auth_test(), what="auth.test")
        self.directory.at_home(str(answer.get("team_id") or ""))
        self._home = str(answer.get("url") or "")
        self._me = str(answer.get("user_id", ""))
        return self._me

    def permalink(self, place: messenger.Place) -> str:
        """The address of a message; empty until Slack has said which workspace this is."""
        if not self._home:
            return ""
        return f"{self._home.rstrip('/')}/archives/{place.channel}/p{place.ts.replace('.', '')}"

    async def post(
        self, *, channel: str, message: messages.Message, thread: str = ""
    ) -> messenger.Place:
        place = await self.directory.channel(channel)
        answer = await calls.done(
            self.client.chat_postMessage(
                channel=place,
                text=message.text,
                blocks=list(message.blocks),
                thread_ts=thread or None,
                reply_broadcast=True if message.broadcast and thread else None,
                unfurl_links=False,
                unfurl_media=False,
                metadata=_metadata(message),
            ),
            what="chat.postMessage",
        )
        return messenger.Place(channel=str(answer["channel"]), ts=str(answer["ts"]))

    async def marked(self, *, channel: str, thread: str = "") -> Mapping[str, messenger.Place]:
        place = await self.directory.channel(channel)
        if thread:
            read = self.client.conversations_replies(
                channel=place, ts=thread, limit=LOOK_BACK, include_all_metadata=True
            )
        else:
            read = self.client.conversations_history(
                channel=place, limit=LOOK_BACK, include_all_metadata=True
            )
        answer = await calls.done(read, what="looking back")
        found: dict[str, messenger.Place] = {}
        for message in answer.get("messages") or ():
            if mark := self._own_mark(message):
                found.setdefault(mark, messenger.Place(channel=place, ts=str(message["ts"])))
        return found

    async def replies(
        self, place: messenger.Place, since: datetime
    ) -> Sequence[Mapping[str, Any]]:
        """What was written beneath a message after ``since``, oldest first, as events have it."""
        read = self.client.conversations_replies(
            channel=place.channel,
            ts=place.ts,
            oldest=f"{since.timestamp():.6f}",
            limit=LOOK_BACK,
        )
        answer = await calls.done(read, what="reading a thread")
        return [one for one in answer.get("messages") or () if one.get("ts") != place.ts]

    def _own_mark(self, message: Mapping[str, Any]) -> str:
        """Anybody may write metadata: only what we said ourselves counts."""
        data = message.get("metadata") or {}
        if message.get("user") != self._me or data.get("event_type") != MARK:
            return ""
        return str((data.get("event_payload") or {}).get("mark") or "")

    async def update(self, *, place: messenger.Place, message: messages.Message) -> None:
        await calls.done(
            self.client.chat_update(
                channel=place.channel,
                ts=place.ts,
                text=message.text,
                blocks=list(message.blocks),
            ),
            what="chat.update",
        )

    async def whisper(
        self, *, channel: str, user: str, message: messages.Message, thread: str = ""
    ) -> None:
        place = await self.directory.channel(channel)
        await calls.done(
            self.client.chat_postEphemeral(
                channel=place,
                user=user,
                text=message.text,
                blocks=list(message.blocks),
                thread_ts=thread or None,
            ),
            what="chat.postEphemeral",
        )

    async def upload(
        self, *, place: messenger.Place, picture: bytes, title: str, alt: str
    ) -> None:
        """A PNG; the alternative text is cut to what Slack takes."""
        file = files.File(
            content=picture, name="chart.png", kind="image/png", title=title, alt=alt
        )
        await files.upload(self.client, place, file)

    async def upload_text(
        self, *, place: messenger.Place, text: str, name: str, title: str
    ) -> None:
        content = text.encode("utf-8", "replace")
        file = files.File(content=content, name=name, kind="text/markdown", title=title)
        await files.upload(self.client, place, file)

    async def direct(self, user: str) -> str:
        known = self._rooms.get(user)
        if known is not None:
            return known
        answer = await calls.done(
            self.client.conversations_open(users=user), what="conversations.open"
        )
        while len(self._rooms) >= ROOMS_LIMIT:
            self._rooms.pop(next(iter(self._rooms)))
        self._rooms[user] = room = str(answer["channel"]["id"])
        return room

    async def publish(self, *, user: str, view: messages.Message) -> None:
        await calls.done(
            self.client.views_publish(
                user_id=user, view={"type": "home", "blocks": list(view.blocks)}
            ),
            what="views.publish",
        )

    async def members(self, channel: str, actor: str) -> frozenset[str]:
        return await self.directory.members(channel, actor)


def _metadata(message: messages.Message) -> dict[str, Any] | None:
    if not message.mark:
        return None
    return {"event_type": MARK, "event_payload": {"mark": message.mark}}
