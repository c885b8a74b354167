"""response_url: five answers within 30 minutes to one command or click. No HTTP here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.local.workspace import people
from bot.local.workspace.arguments import Args
from bot.local.workspace.methods import chat
from bot.local.workspace.state import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.local.workspace.state import State


def respond(state: State, key: str, said: Mapping[str, Any]) -> None:
    """Use a response_url: whisper, post, replace or delete; membership does not matter here."""
    about = state.redeem("response", key)
    args = Args(said)
    original: Message | None = about["message"]
    if original is not None:
        original = state.messages[original.channel].get(original.ts)
    if original is not None and args.flag("delete_original"):
        state.delete(original)
        return
    checked = chat.content(state, args)
    if original is not None and args.flag("replace_original"):
        stamp = state.next_ts()
        changes = {"text": checked.text, "blocks": checked.blocks, "edited_ts": stamp}
        state.edit(original, **changes, edits=original.edits + 1)
        return
    loud = args.text("response_type") == "in_channel"
    thread_ts = args.text("thread_ts")
    if original is not None and original.is_reply and not thread_ts:
        thread_ts = original.thread_ts
    state.post(
        Message(
            channel=about["channel"],
            ts=state.next_ts(),
            user=people.BOT_USER,
            text=checked.text,
            blocks=checked.blocks,
            attachments=checked.attachments,
            thread_ts=thread_ts,
            only_for="" if loud else about["user"],
        )
    )
