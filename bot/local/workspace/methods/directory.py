"""Who and where: auth, team, bots, users, user groups, conversations. Mostly reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.local.workspace import people, wire
from bot.local.workspace.errors import RefusedError
from bot.local.workspace.methods import chat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.local.workspace.arguments import Args
    from bot.local.workspace.state import Message, State


def api_test(state: State, args: Args) -> dict[str, Any]:
    del state
    if args.has("error"):
        raise RefusedError(args.text("error"))
    return {"ok": True, "args": dict(args.raw)}


def auth_test(state: State, args: Args) -> dict[str, Any]:
    del args
    return {
        "ok": True,
        "url": f"{state.base_url}/",
        "team": people.TEAM_NAME,
        "team_id": people.TEAM,
        "user": state.users[people.BOT_USER].name,
        "user_id": people.BOT_USER,
        "bot_id": people.BOT,
        "is_enterprise_install": False,
    }


def team_info(state: State, args: Args) -> dict[str, Any]:
    del args
    team = {"id": people.TEAM, "name": people.TEAM_NAME, "domain": people.TEAM_NAME}
    return {"ok": True, "team": team | {"url": f"{state.base_url}/"}}


def bots_info(state: State, args: Args) -> dict[str, Any]:
    if args.has("bot") and args.text("bot") != people.BOT:
        raise RefusedError("bot_not_found")
    bot = {"id": people.BOT, "app_id": people.APP, "user_id": people.BOT_USER, "deleted": False}
    return {"ok": True, "bot": bot | {"name": state.users[people.BOT_USER].name}}


def _page(key: str, items: Sequence[Any], args: Args) -> dict[str, Any]:
    """Cut a list at `limit`; the cursor is the next index."""
    start = args.number("cursor", 0)
    end = start + max(1, min(args.number("limit", 100), 1_000))
    after = str(end) if end < len(items) else ""
    return {
        "ok": True,
        key: list(items[start:end]),
        "response_metadata": {"next_cursor": after},
    }


def users_info(state: State, args: Args) -> dict[str, Any]:
    who = state.users.get(args.need("user"))
    if who is None:
        raise RefusedError("user_not_found")
    return {"ok": True, "user": wire.user(state, who)}


def users_list(state: State, args: Args) -> dict[str, Any]:
    return _page("members", [wire.user(state, who) for who in state.users.values()], args)


def users_lookup_by_email(state: State, args: Args) -> dict[str, Any]:
    name, _, domain = args.need("email").partition("@")
    found = [who for who in state.users.values() if who.name == name and not who.bot]
    if not found or domain != "local.invalid":
        raise RefusedError("users_not_found")
    return {"ok": True, "user": wire.user(state, found[0])}


def usergroups_list(state: State, args: Args) -> dict[str, Any]:
    groups = []
    for group in state.groups:
        body: dict[str, Any] = {"id": group.id, "team_id": people.TEAM, "is_usergroup": True}
        body |= {"handle": group.handle, "name": group.name, "date_delete": 0}
        if args.flag("include_users"):
            body["users"] = list(group.members)
        groups.append(body)
    return {"ok": True, "usergroups": groups}


def usergroups_users_list(state: State, args: Args) -> dict[str, Any]:
    for group in state.groups:
        if group.id == args.need("usergroup"):
            return {"ok": True, "users": list(group.members)}
    raise RefusedError("no_such_subteam")


def conversations_list(state: State, args: Args) -> dict[str, Any]:
    kinds = set(args.names("types")) or {"public_channel"}
    rooms = [room for room in state.channels.values() if _kind(room) in kinds]
    seen = [r for r in rooms if people.BOT_USER in r.members or not (r.private or r.direct)]
    return _page("channels", [wire.channel(room) for room in seen], args)


def users_conversations(state: State, args: Args) -> dict[str, Any]:
    who = args.text("user") or people.BOT_USER
    kinds = set(args.names("types")) or {"public_channel"}
    rooms = [r for r in state.channels.values() if _kind(r) in kinds and who in r.members]
    return _page("channels", [wire.channel(room) for room in rooms], args)


def _kind(room: people.Channel) -> str:
    if room.direct:
        return "im"
    return "private_channel" if room.private else "public_channel"


def _readable(state: State, key: str) -> people.Channel:
    """Find a conversation by id, as the reading methods do; names are not taken."""
    room = state.channels.get(key)
    hidden = room is None or room.private or room.direct
    if room is None or (hidden and people.BOT_USER not in room.members):
        raise RefusedError("channel_not_found")
    return room


def conversations_info(state: State, args: Args) -> dict[str, Any]:
    return {"ok": True, "channel": wire.channel(_readable(state, args.need("channel")))}


def conversations_join(state: State, args: Args) -> dict[str, Any]:
    room = _readable(state, args.need("channel"))
    if room.direct or room.private:
        raise RefusedError("method_not_supported_for_channel_type")
    return {"ok": True, "channel": wire.channel(state.join(room, people.BOT_USER))}


def conversations_members(state: State, args: Args) -> dict[str, Any]:
    return _page("members", sorted(_readable(state, args.need("channel")).members), args)


def conversations_open(state: State, args: Args) -> dict[str, Any]:
    if args.has("channel"):
        return {"ok": True, "channel": wire.channel(_readable(state, args.text("channel")))}
    wanted = args.names("users")
    if not wanted:
        raise RefusedError("users_list_not_supplied")
    if any(key not in state.users for key in wanted):
        raise RefusedError("user_not_found")
    room = state.direct(people.BOT_USER, *wanted)
    return {"ok": True, "channel": wire.channel(room)}


def _between(messages: Sequence[Message], args: Args) -> list[Message]:
    oldest, latest = args.text("oldest") or "0", args.text("latest") or "9999999999.999999"
    if args.flag("inclusive"):
        return [m for m in messages if oldest <= m.ts <= latest]
    return [m for m in messages if oldest < m.ts < latest]


def conversations_history(state: State, args: Args) -> dict[str, Any]:
    room = chat.bot_room(state, _readable(state, args.need("channel")).id)
    log = [
        message
        for message in state.messages[room.id].values()
        if not message.only_for and (message.broadcast or not message.is_reply)
    ]
    newest_first = _between(log, args)[::-1]
    page = _page("messages", newest_first, args)
    metadata = args.flag("include_all_metadata")
    page["messages"] = [wire.message(state, m, metadata=metadata) for m in page["messages"]]
    return page | {"has_more": bool(page["response_metadata"]["next_cursor"])}


def conversations_replies(state: State, args: Args) -> dict[str, Any]:
    room = chat.bot_room(state, _readable(state, args.need("channel")).id)
    try:
        found = state.find(room.id, args.need("ts"))
    except RefusedError:
        raise RefusedError("thread_not_found") from None
    parent = state.find(room.id, found.thread_ts) if found.is_reply else found
    said = [parent, *(reply for reply in state.replies(parent) if not reply.only_for)]
    page = _page("messages", _between(said, args), args)
    metadata = args.flag("include_all_metadata")
    page["messages"] = [wire.message(state, m, metadata=metadata) for m in page["messages"]]
    return page | {"has_more": bool(page["response_metadata"]["next_cursor"])}


def _reaction(state: State, args: Args) -> tuple[Message, str, tuple[str, ...]]:
    room = chat.bot_room(state, args.need("channel"))
    message = state.find(room.id, args.need("timestamp"))
    name = args.need("name").strip(":")
    return message, name, message.reactions.get(name, ())


def reactions_add(state: State, args: Args) -> dict[str, Any]:
    message, name, users = _reaction(state, args)
    if people.BOT_USER in users:
        raise RefusedError("already_reacted")
    changed = {**message.reactions, name: (*users, people.BOT_USER)}
    state.edit(message, reactions=changed)
    return {"ok": True}


def reactions_remove(state: State, args: Args) -> dict[str, Any]:
    message, name, users = _reaction(state, args)
    if people.BOT_USER not in users:
        raise RefusedError("no_reaction")
    left = tuple(user for user in users if user != people.BOT_USER)
    changed = {key: value for key, value in message.reactions.items() if key != name}
    state.edit(message, reactions=changed | ({name: left} if left else {}))
    return {"ok": True}


def reactions_get(state: State, args: Args) -> dict[str, Any]:
    room = chat.bot_room(state, args.need("channel"))
    message = state.find(room.id, args.need("timestamp"))
    body = {"ok": True, "type": "message", "channel": room.id}
    return body | {"message": wire.message(state, message)}


METHODS = {
    "api.test": api_test,
    "auth.test": auth_test,
    "team.info": team_info,
    "bots.info": bots_info,
    "users.info": users_info,
    "users.list": users_list,
    "users.lookupByEmail": users_lookup_by_email,
    "users.conversations": users_conversations,
    "usergroups.list": usergroups_list,
    "usergroups.users.list": usergroups_users_list,
    "conversations.list": conversations_list,
    "conversations.info": conversations_info,
    "conversations.join": conversations_join,
    "conversations.members": conversations_members,
    "conversations.open": conversations_open,
    "conversations.history": conversations_history,
    "conversations.replies": conversations_replies,
    "reactions.add": reactions_add,
    "reactions.remove": reactions_remove,
    "reactions.get": reactions_get,
}
