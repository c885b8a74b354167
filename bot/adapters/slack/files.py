"""Files into a thread: the three calls that an upload takes."""

from dataclasses import dataclass

import aiohttp
from slack_sdk.web import async_client

from bot.adapters.slack import calls
from bot.model import errors, messenger

UPLOAD_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """``kind`` is its media type; ``alt`` what a picture shows, in words."""

    content: bytes
    name: str
    kind: str
    title: str
    alt: str = ""


async def upload(client: async_client.AsyncWebClient, place: messenger.Place, file: File) -> None:
    """``file`` into the thread of ``place``."""
    ticket = await calls.done(
        client.files_getUploadURLExternal(
            filename=file.name, length=len(file.content), alt_txt=file.alt[:1000] or None
        ),
        what="files.getUploadURLExternal",
    )
    await _send(str(ticket["upload_url"]), file)
    await calls.done(
        client.files_completeUploadExternal(
            files=[{"id": ticket["file_id"], "title": file.title[:150]}],
            channel_id=place.channel,
            thread_ts=place.ts,
        ),
        what="files.completeUploadExternal",
    )


async def _send(url: str, file: File) -> None:
    limit = aiohttp.ClientTimeout(total=UPLOAD_TIMEOUT_S)
    form = aiohttp.FormData()
    form.add_field("file", file.content, filename=file.name, content_type=file.kind)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, trust_env=False) as session,
            session.post(url, data=form) as answer,
        ):
            if answer.status >= 300:
                raise errors.Unavailable(f"the upload was answered with {answer.status}")
    except (TimeoutError, aiohttp.ClientError) as error:
        raise errors.Unavailable(f"the upload failed ({type(error).__name__})") from None
