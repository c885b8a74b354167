"""The app manifest asks for what the registered handlers need, and for no more."""

import pathlib
import re

import yaml

from bot.adapters.slack import socket
from bot.model import buttons as kinds
from handlers import buttons, commands, home, slash

FILE = pathlib.Path(__file__).parents[2] / "manifests" / "slack-app.yaml"
MANIFEST = yaml.safe_load(FILE.read_text())
NEEDED = {
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "conversations_list": {"channels:read", "groups:read"},
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_replies": {"channels:history", "groups:history"},
    "conversations_info": {"channels:read", "groups:read"},
    "conversations_members": {"channels:read", "groups:read"},
    "users_info": {"users:read"},
    "users_list": {"users:read"},
    "usergroups_users_list": {"usergroups:read"},
    "files_getUploadURLExternal": {"files:write"},
    "files_completeUploadExternal": {"files:write"},
    "auth_test": set(),
    "conversations_open": {"im:write"},
    "views_publish": set(),
}


def registered():
    app = socket.app(token="xoxb-1", base_url="http://127.0.0.1:1/api/")
    before = len(app._async_listeners)
    slash.register(app, at=None, who=None)
    commands_there = len(app._async_listeners) - before
    buttons.register(app, at=None, who=None)
    return commands_there, len(app._async_listeners) - before - commands_there


def test_manifest_offers_the_one_command_that_is_registered():
    offered = [one["command"] for one in MANIFEST["features"]["slash_commands"]]
    assert offered == [slash.COMMAND]
    assert registered() == (1, len(kinds.ButtonKind) + 1)


def test_manifest_names_every_subcommand_in_its_hint():
    hint = MANIFEST["features"]["slash_commands"][0]["usage_hint"]
    assert all(name in hint for name in [*commands.TABLE, "help"])


def test_manifest_asks_for_exactly_the_scopes_of_the_calls_that_are_made():
    folder = FILE.parents[1] / "bot" / "adapters" / "slack"
    code = "".join(path.read_text() for path in folder.glob("*.py"))
    called = set(re.findall(r"client\.([a-z]+_\w+)\(", code))
    assert called == set(NEEDED)
    wanted = {"commands"}.union(*(NEEDED[name] for name in called))
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == wanted


def test_manifest_turns_socket_mode_and_interactivity_on_and_the_events_that_are_heard():
    settings = MANIFEST["settings"]
    assert settings["socket_mode_enabled"] and settings["interactivity"]["is_enabled"]
    app = socket.app(token="xoxb-1", base_url="http://127.0.0.1:1/api/")
    home.Home(desk=None, who=None, publish=None).register(app)
    heard = [one.ack_function.__name__ for one in app._async_listeners]
    assert heard == ["opened", "turned"]
    assert settings["event_subscriptions"]["bot_events"] == [
        "app_home_opened",
        "message.channels",
        "message.groups",
    ]
    assert MANIFEST["features"]["app_home"]["home_tab_enabled"]
