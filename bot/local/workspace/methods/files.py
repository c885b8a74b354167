"""files.*: the three-step upload. A finished file is processed a moment later, as in Slack."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

from bot.local.workspace import people, wire
from bot.local.workspace.arguments import Args
from bot.local.workspace.errors import RefusedError
from bot.local.workspace.methods import chat
from bot.local.workspace.state import File, Message

if TYPE_CHECKING:
    from bot.local.workspace.state import State

UPLOAD_LIFETIME_S = 600
FILE_BYTES = 10_000_000
PROCESSING_S = 0.3
"""How long a file can not be shown after completeUploadExternal."""


def get_upload_url_external(state: State, args: Args) -> dict[str, Any]:
    name, length = args.need("filename"), args.number("length", 0)
    if not 0 < length <= FILE_BYTES:
        raise RefusedError("invalid_arguments", "[ERROR] length must be 1 to 10000000 bytes")
    file = File(
        id=state.next_id("F"),
        name=name.rpartition("/")[2][:255],
        title="",
        alt=args.text("alt_txt"),
        length=length,
        created=state.clock(),
    )
    state.put_file(file)
    key = state.issue("upload", lifetime_s=UPLOAD_LIFETIME_S, uses=1, file=file.id)
    return {"ok": True, "upload_url": f"{state.base_url}/upload/v1/{key}", "file_id": file.id}


def complete_upload_external(state: State, args: Args) -> dict[str, Any]:
    """Finish uploads and share them, soon, in one channel or none."""
    wanted = args.parsed("files")
    if not isinstance(wanted, list) or not wanted:
        raise RefusedError("invalid_arguments", "[ERROR] missing required field: files")
    done = [_finished(state, item) for item in wanted]
    message = _share(state, args, done) if args.has("channel_id") else None
    for file in done:
        state.put_file(file)
    asyncio.get_running_loop().call_later(PROCESSING_S, _process, state, done, message)
    return {"ok": True, "files": [wire.file(state, file) for file in done]}


def _finished(state: State, item: Any) -> File:
    file = state.files.get(str(item.get("id"))) if isinstance(item, dict) else None
    if file is None or file.completed or not file.content:
        raise RefusedError("file_not_found")
    return dataclasses.replace(file, completed=True, title=str(item.get("title") or file.name))


def _share(state: State, args: Args, files: list[File]) -> Message:
    room = chat.bot_room(state, args.text("channel_id"))
    said = Args({**args.raw, "text": args.text("initial_comment") or " "})
    blocks = () if args.has("initial_comment") else chat.content(state, said).blocks
    return Message(
        channel=room.id,
        ts="",
        user=people.BOT_USER,
        text=args.text("initial_comment"),
        blocks=blocks,
        thread_ts=chat.thread(state, room, args),
        files=tuple(file.id for file in files),
    )


def _process(state: State, files: list[File], message: Message | None) -> None:
    """Make the files showable, and let the share land."""
    ts = state.next_ts()
    shares = ((message.channel, ts),) if message is not None else ()
    for file in files:
        state.put_file(dataclasses.replace(file, ready=True, shares=shares))
    if message is not None:
        state.post(dataclasses.replace(message, ts=ts))


def info(state: State, args: Args) -> dict[str, Any]:
    file = state.files.get(args.need("file"))
    if file is None or not file.completed:
        raise RefusedError("file_not_found")
    return {"ok": True, "file": wire.file(state, file)}


def receive(state: State, key: str, content: bytes) -> File:
    """Take the bytes of an upload; they must be as many as announced."""
    file = state.files.get(str(state.redeem("upload", key)["file"]))
    if file is None:
        raise RefusedError("file_not_found")
    if len(content) != file.length:
        raise RefusedError("length_mismatch")
    received = dataclasses.replace(file, content=content)
    state.put_file(received)
    return received


METHODS = {
    "files.getUploadURLExternal": get_upload_url_external,
    "files.completeUploadExternal": complete_upload_external,
    "files.info": info,
}
