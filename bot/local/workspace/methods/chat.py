"""chat.*: post, edit, delete, whisper. Also the one home of what a message may contain."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from bot.local.workspace import limits, people, wire
from bot.local.workspace.errors import RefusedError
from bot.local.workspace.state import Message

if TYPE_CHECKING:
    from bot.local.workspace.arguments import Args
    from bot.local.workspace.state import State


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The checked content of a message."""

    text: str
    blocks: tuple[dict[str, Any], ...]
    attachments: tuple[dict[str, Any], ...]
    metadata: dict[str, Any] | None


def content(state: State, args: Args) -> Content:
    """Check what a message is to contain; nothing at all is refused."""
    blocks: tuple[dict[str, Any], ...] = ()
    if args.has("blocks"):
        blocks = limits.check_blocks(
            args.parsed("blocks"),
            limit=limits.MESSAGE_BLOCKS,
            is_file_ready=state.is_file_ready,
        )
    attachments = args.parsed("attachments") or []
    if not isinstance(attachments, list):
        raise RefusedError("invalid_attachments")
    if len(attachments) > limits.ATTACHMENTS:
        raise RefusedError("too_many_attachments")
    text = args.text("text")
    if not (text or blocks or attachments):
        raise RefusedError("no_text")
    return Content(
        text=text, blocks=blocks, attachments=tuple(attachments), metadata=_metadata(args)
    )


def _metadata(args: Args) -> dict[str, Any] | None:
    value = args.parsed("metadata")
    if value is None or value == {}:
        return None
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("event_type"), str)
        or not isinstance(value.get("event_payload"), dict)
    ):
        raise RefusedError("invalid_metadata_format")
    return value


def room_to_post(state: State, name: str) -> people.Channel:
    """Find where the bot may post: a channel it is in, or a user's direct conversation."""
    if name in state.users:
        if name in {people.SLACKBOT, people.BOT_USER}:
            raise RefusedError("channel_not_found")
        return state.direct(name, people.BOT_USER)
    return bot_room(state, name)


def bot_room(state: State, name: str) -> people.Channel:
    room = state.channel(name)
    if people.BOT_USER not in room.members:
        hidden = room.private or room.direct
        raise RefusedError("channel_not_found" if hidden else "not_in_channel")
    return room


def thread(state: State, room: people.Channel, args: Args) -> str:
    """Return the parent to reply to; a reply is no parent."""
    if not args.has("thread_ts"):
        return ""
    try:
        parent = state.find(room.id, args.text("thread_ts"))
    except RefusedError:
        raise RefusedError("thread_not_found") from None
    return parent.thread_ts or parent.ts


def post_message(state: State, args: Args) -> dict[str, Any]:
    room = room_to_post(state, args.need("channel"))
    said = content(state, args)
    message = state.post(
        Message(
            channel=room.id,
            ts=state.next_ts(),
            user=people.BOT_USER,
            text=said.text[: limits.POST_TEXT],
            blocks=said.blocks,
            attachments=said.attachments,
            metadata=said.metadata,
            thread_ts=thread(state, room, args),
            broadcast=args.flag("reply_broadcast") and args.has("thread_ts"),
        )
    )
    body = {"ok": True, "channel": room.id, "ts": message.ts}
    body["message"] = wire.message(state, message, metadata=True)
    return body


def update(state: State, args: Args) -> dict[str, Any]:
    """Edit an own message; text without blocks removes the blocks."""
    name = args.need("channel")
    if name not in state.channels:
        raise RefusedError("channel_not_found")
    ts = args.need("ts")
    old = state.find(bot_room(state, name).id, ts)
    if old.user != people.BOT_USER:
        raise RefusedError("cant_update_message")
    if len(args.text("text")) > limits.UPDATE_TEXT:
        raise RefusedError("msg_too_long")
    said = content(state, args)
    new = state.edit(
        old,
        text=said.text,
        blocks=said.blocks,
        attachments=said.attachments,
        metadata=said.metadata if args.has("metadata") else old.metadata,
        broadcast=old.broadcast or (args.flag("reply_broadcast") and old.is_reply),
        edited_ts=state.next_ts(),
        edits=old.edits + 1,
    )
    body: dict[str, Any] = {"ok": True, "channel": new.channel, "ts": new.ts, "text": new.text}
    body["message"] = wire.message(state, new, metadata=True)
    return body


def delete(state: State, args: Args) -> dict[str, Any]:
    old = state.find(bot_room(state, args.need("channel")).id, args.need("ts"))
    if old.user != people.BOT_USER:
        raise RefusedError("cant_delete_message")
    state.delete(old)
    return {"ok": True, "channel": old.channel, "ts": old.ts}


def post_ephemeral(state: State, args: Args) -> dict[str, Any]:
    room = bot_room(state, args.need("channel"))
    reader = args.need("user")
    if reader not in room.members:
        raise RefusedError("user_not_in_channel")
    said = content(state, args)
    message = state.post(
        Message(
            channel=room.id,
            ts=state.next_ts(),
            user=people.BOT_USER,
            text=said.text[: limits.POST_TEXT],
            blocks=said.blocks,
            attachments=said.attachments,
            thread_ts=thread(state, room, args),
            only_for=reader,
        )
    )
    return {"ok": True, "message_ts": message.ts}


def get_permalink(state: State, args: Args) -> dict[str, Any]:
    room = state.channel(args.need("channel"))
    message = state.find(room.id, args.need("message_ts"))
    link = f"{state.base_url}/archives/{room.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={room.id}"
    return {"ok": True, "channel": room.id, "permalink": link}


METHODS = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.delete": delete,
    "chat.postEphemeral": post_ephemeral,
    "chat.getPermalink": get_permalink,
}
