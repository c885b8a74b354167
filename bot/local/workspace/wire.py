"""The workspace's things as Slack's JSON. Nothing is decided or changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.local.workspace import people

if TYPE_CHECKING:
    from bot.local.workspace.state import File, Message, State, View

MIME_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "csv": "text/csv",
    "json": "application/json",
    "txt": "text/plain",
}
IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif"})


def user(state: State, who: people.User) -> dict[str, Any]:
    shown = who.name.capitalize()
    return {
        "id": who.id,
        "team_id": who.team,
        "name": who.name,
        "real_name": shown,
        "deleted": False,
        "color": who.color.lstrip("#"),
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "is_admin": False,
        "is_owner": False,
        "is_bot": who.bot,
        "is_restricted": who.guest,
        "is_ultra_restricted": False,
        "is_app_user": False,
        "locale": "en-US",
        "updated": int(state.clock()),
        "profile": {
            "real_name": shown,
            "display_name": who.name,
            "title": who.title,
            "email": f"{who.name}@local.invalid",
            **({"bot_id": people.BOT, "api_app_id": people.APP} if _is_app(who) else {}),
        },
    }


def _is_app(who: people.User) -> bool:
    return who.id == people.BOT_USER


def channel(room: people.Channel) -> dict[str, Any]:
    if room.direct:
        others = sorted(room.members - {people.BOT_USER})
        return {"id": room.id, "is_im": True, "user": others[0] if others else ""}
    return {
        "id": room.id,
        "name": room.name,
        "name_normalized": room.name,
        "is_channel": not room.private,
        "is_group": room.private,
        "is_im": False,
        "is_mpim": False,
        "is_private": room.private,
        "is_archived": False,
        "is_general": False,
        "is_shared": room.shared,
        "is_ext_shared": room.shared,
        "is_org_shared": False,
        "is_member": people.BOT_USER in room.members,
        "num_members": len(room.members),
        "topic": {"value": room.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "context_team_id": people.TEAM,
    }


def message(state: State, said: Message, *, metadata: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "message",
        "user": said.user,
        "text": said.text,
        "ts": said.ts,
        "team": people.TEAM,
    }
    if said.user == people.BOT_USER:
        body |= {"bot_id": people.BOT, "app_id": people.APP}
    if said.blocks:
        body["blocks"] = list(said.blocks)
    if said.attachments:
        body["attachments"] = list(said.attachments)
    if said.files:
        body["files"] = [file(state, state.files[key]) for key in said.files if key in state.files]
    if said.edited_ts:
        body["edited"] = {"user": said.user, "ts": said.edited_ts}
    if said.reactions:
        body["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)}
            for name, users in said.reactions.items()
        ]
    if metadata and said.metadata:
        body["metadata"] = dict(said.metadata)
    if said.broadcast:
        body["subtype"] = "thread_broadcast"
    return body | _thread(state, said)


def _thread(state: State, said: Message) -> dict[str, Any]:
    if said.is_reply:
        return {"thread_ts": said.thread_ts}
    replies = [reply for reply in state.replies(said) if not reply.only_for]
    if not replies:
        return {}
    return {
        "thread_ts": said.ts,
        "reply_count": len(replies),
        "reply_users": sorted({reply.user for reply in replies}),
        "latest_reply": replies[-1].ts,
    }


def shown(state: State, said: Message) -> dict[str, Any]:
    """Return a message with what only the page and the tests may know."""
    return message(state, said, metadata=True) | {
        "channel": said.channel,
        "is_ephemeral": bool(said.only_for),
        "ephemeral_for": said.only_for or None,
        "edits": said.edits,
    }


def file(state: State, kept: File) -> dict[str, Any]:
    """Return a file's metadata; its type is unknown until it is processed."""
    extension = kept.name.rpartition(".")[2].lower()
    mime = MIME_TYPES.get(extension, "application/octet-stream") if kept.ready else ""
    url = f"{state.base_url}/files-pri/{people.TEAM}-{kept.id}/{kept.name}"
    shares: dict[str, list[dict[str, Any]]] = {}
    for place, ts in kept.shares:
        shares.setdefault(place, []).append({"ts": ts, "team_id": people.TEAM})
    return {
        "id": kept.id,
        "created": int(kept.created),
        "timestamp": int(kept.created),
        "name": kept.name,
        "title": kept.title or kept.name,
        "alt_txt": kept.alt,
        "mimetype": mime,
        "filetype": extension if kept.ready else "",
        "size": len(kept.content) or kept.length,
        "user": people.BOT_USER,
        "is_public": bool(kept.shares),
        "url_private": url,
        "url_private_download": url + "?download=1",
        "channels": sorted({place for place, _ in kept.shares}),
        "shares": {"public": shares} if shares else {},
    }


def view(seen: View) -> dict[str, Any]:
    return {
        **seen.body,
        "id": seen.id,
        "team_id": people.TEAM,
        "app_id": people.APP,
        "bot_id": people.BOT,
        "hash": seen.hash,
        "root_view_id": seen.root or seen.id,
        "previous_view_id": seen.previous or None,
        "state": {"values": {}},
    }
