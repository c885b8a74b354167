"""What the app is sent: commands, clicks and events as Slack's JSON. Nothing is delivered here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.local.workspace import people, wire
from bot.local.workspace.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.local.workspace.arguments import Args
    from bot.local.workspace.state import Message, State, View

TRIGGER_S = 3.0
RESPONSE_S = 30 * 60
RESPONSE_USES = 5


def trigger(state: State, who: people.User) -> str:
    return state.issue("trigger", lifetime_s=TRIGGER_S, uses=1, user=who.id)


def response_url(state: State, who: people.User, room: str, message: Message | None) -> str:
    key = state.issue(
        "response",
        lifetime_s=RESPONSE_S,
        uses=RESPONSE_USES,
        user=who.id,
        channel=room,
        message=message,
    )
    return f"{state.base_url}/response/{key}"


def slash(
    state: State, who: people.User, room: people.Channel, name: str, text: str
) -> dict[str, Any]:
    return {
        **origin(),
        "team_id": who.team,
        "team_domain": people.TEAM_NAME,
        "channel_id": room.id,
        "channel_name": room.name or "directmessage",
        "user_id": who.id,
        "user_name": who.name,
        "command": name,
        "text": text,
        "is_enterprise_install": "false",
        "response_url": response_url(state, who, room.id, None),
        "trigger_id": trigger(state, who),
    }


def click(
    *,
    state: State,
    who: people.User,
    message: Message,
    block: Mapping[str, Any],
    element: Mapping[str, Any],
    wanted: Args,
) -> dict[str, Any]:
    room = state.channels[message.channel]
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": room.id,
        "is_ephemeral": bool(message.only_for),
    }
    if message.is_reply:
        container["thread_ts"] = message.thread_ts
    payload = {
        **origin(),
        "type": "block_actions",
        "user": user(who),
        "container": container,
        "trigger_id": trigger(state, who),
        "team": team(),
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": room.id, "name": room.name or "directmessage"},
        "state": {"values": {}},
        "response_url": response_url(state, who, room.id, message),
        "actions": [_action(state, block, element, wanted)],
    }
    if not message.only_for:
        payload["message"] = wire.message(state, message)
    return payload


def home_click(
    *,
    state: State,
    who: people.User,
    view: View,
    block: Mapping[str, Any],
    element: Mapping[str, Any],
    wanted: Args,
) -> dict[str, Any]:
    """A press on a Home tab: no channel, no message, no response_url."""
    return {
        **origin(),
        "type": "block_actions",
        "user": user(who),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": trigger(state, who),
        "team": team(),
        "enterprise": None,
        "is_enterprise_install": False,
        "view": wire.view(view),
        "actions": [_action(state, block, element, wanted)],
    }


def _action(
    state: State, block: Mapping[str, Any], element: Mapping[str, Any], wanted: Args
) -> dict[str, Any]:
    action = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": state.next_ts(),
    }
    if element["type"] == "button":
        kept = {key: element[key] for key in ("text", "value", "style") if key in element}
        return action | kept
    chosen = [o for o in element["options"] if o["value"] == wanted.text("selected")]
    if not chosen:
        raise RefusedError("choice_not_found")
    if element["type"] == "checkboxes":
        return action | {"selected_options": chosen}
    return action | {"selected_option": chosen[0]}


def find_element(
    blocks: tuple[dict[str, Any], ...], wanted: Args
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Find what is to be pressed, by action_id and, if several have it, block_id or value."""
    for block in blocks:
        inside = block.get("elements", []) if block["type"] == "actions" else []
        for element in [*inside, *([block["accessory"]] if "accessory" in block else [])]:
            if (
                element.get("action_id") == wanted.need("action")
                and wanted.text("block_id") in {"", block["block_id"]}
                and wanted.text("value") in {"", element.get("value")}
            ):
                return block, element
    raise RefusedError("action_not_found")


def origin() -> dict[str, Any]:
    # Bolt reads neither the token nor checks it in Socket Mode; Slack sends one all the same.
    return {"token": "local", "team_id": people.TEAM, "api_app_id": people.APP}


def team() -> dict[str, Any]:
    return {"id": people.TEAM, "domain": people.TEAM_NAME}


def user(who: people.User) -> dict[str, Any]:
    return {"id": who.id, "username": who.name, "name": who.name, "team_id": who.team}
