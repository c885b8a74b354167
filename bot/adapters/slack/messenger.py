"""``messenger.Messenger`` over the Web API."""

import aiohttp
from slack_sdk.web import async_client

from bot.adapters.slack import calls, directory
from bot.model import errors, messages, messenger

UPLOAD_TIMEOUT_S = 15.0


class SlackMessenger:
    """Posts, edits, whispers and uploads. Never retries by itself: the outbox does."""

    def __init__(self, *, token: str, base_url: str) -> None:
        self.client = async_client.AsyncWebClient(
            token=token, base_url=base_url, timeout=10, retry_handlers=[]
        )
        self.directory = directory.Directory(client=self.client)
        self._home = ""

    async def check(self) -> str:
        """The bot's own user id; raises where Slack refuses the token or does not answer."""
        answer = await calls.done(self.client.auth_test(), what="auth.test")
        self.directory.at_home(str(answer.get("team_id") or ""))
        self._home = str(answer.get("url") or "")
        return str(answer.get("user_id", ""))

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
            ),
            what="chat.postMessage",
        )
        return messenger.Place(channel=str(answer["channel"]), ts=str(answer["ts"]))

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
        """The three calls of an upload; the picture lands in the thread of ``place``."""
        name = "chart.png"
        ticket = await calls.done(
            self.client.files_getUploadURLExternal(
                filename=name, length=len(picture), alt_txt=alt[:1000]
            ),
            what="files.getUploadURLExternal",
        )
        await self._send(str(ticket["upload_url"]), picture, name)
        await calls.done(
            self.client.files_completeUploadExternal(
                files=[{"id": ticket["file_id"], "title": title[:150]}],
                channel_id=place.channel,
                thread_ts=place.ts,
            ),
            what="files.completeUploadExternal",
        )

    async def _send(self, url: str, picture: bytes, name: str) -> None:
        limit = aiohttp.ClientTimeout(total=UPLOAD_TIMEOUT_S)
        form = aiohttp.FormData()
        form.add_field("file", picture, filename=name, content_type="image/png")
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
                session.post(url, data=form) as answer,
            ):
                if answer.status >= 300:
                    raise errors.Unavailable(f"the upload was answered with {answer.status}")
        except (TimeoutError, aiohttp.ClientError) as error:
            raise errors.Unavailable(f"the upload failed ({type(error).__name__})") from None

    async def members(self, channel: str, actor: str) -> frozenset[str]:
        return await self.directory.members(channel, actor)
