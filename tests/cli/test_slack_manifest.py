"""The Slack app's manifest: one source, the handlers that are there, both ways in."""

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bot import __main__ as program
from bot.adapters.slack import http
from bot.cli import slack_manifest
from bot.model import errors
from handlers import commands

ROOT = Path(__file__).parents[2]
NAMES = tuple(commands.TABLE)


def made(**more):
    return yaml.safe_load(slack_manifest.text(commands=NAMES, **more))


def test_manifest_of_the_repository_is_what_the_command_prints():
    printed = CliRunner().invoke(program.main, ["manifest"]).output
    file = ROOT / "manifests" / "slack-app.yaml"
    assert file.read_text() == printed, "rollout-bot manifest > manifests/slack-app.yaml"


def test_manifest_subscribes_to_the_events_that_are_listened_to():
    code = "".join(path.read_text() for path in (ROOT / "handlers").rglob("*.py"))
    heard = re.findall(r'\.event\(\s*"(\w+)"', code)
    assert set(heard) == {one.partition(".")[0] for one in slack_manifest.EVENTS}
    told = made()["settings"].get("event_subscriptions", {}).get("bot_events", [])
    assert told == list(slack_manifest.EVENTS)


def test_manifest_for_http_names_our_path_everywhere_and_no_socket():
    raw = made(cluster="prod-eu", url="https://bot.example.com/")
    url = f"https://bot.example.com{http.PATH}"
    assert raw["settings"]["interactivity"] == {"is_enabled": True, "request_url": url}
    assert raw["settings"]["socket_mode_enabled"] is False
    assert [one["url"] for one in raw["features"]["slash_commands"]] == [url]
    assert slack_manifest.text(commands=NAMES, url=url) == slack_manifest.text(
        commands=NAMES, url="https://bot.example.com"
    )
    assert "request_url" not in slack_manifest.text(commands=NAMES)


@given(cluster=st.text(max_size=20).filter(str.isprintable))
def test_manifest_is_of_the_cluster_that_is_named_whatever_the_name(cluster):
    raw = made(cluster=cluster)
    assert raw["display_information"]["name"] == f"rollout-bot {cluster}".strip()
    assert raw["features"]["slash_commands"][0]["command"] == "/rollout"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"cluster": "c" * 24}, "longer than the 35 characters"),
        ({"cluster": "a\nb: c"}, "nobody sees"),
        ({"cluster": "\u202ea"}, "nobody sees"),
        ({"url": "http://bot.example.com"}, "https addresses only"),
        ({"url": "https://"}, "https addresses only"),
        ({"url": "bot.example.com"}, "https addresses only"),
    ],
)
def test_manifest_is_refused_when_slack_would_refuse_it(more, said):
    with pytest.raises(errors.UserError, match=said):
        made(**more)


def test_manifest_exits_with_2_when_its_words_are_wrong():
    done = CliRunner().invoke(program.main, ["manifest", "--http", "http://x"])
    assert (done.exit_code, "https addresses only" in done.output) == (2, True)
