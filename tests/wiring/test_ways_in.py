"""Which way in the settings ask for, and what is wrong with them."""

import pytest

from bot import settings
from bot.adapters.slack import http, socket
from bot.model import errors
from bot.wiring import ways_in

TOKENS = {"SLACK_BOT_TOKEN": "xoxb-1", "ROLLOUT_BOT_CLUSTER": "prod"}
SOCKET = TOKENS | {"SLACK_APP_TOKEN": "xapp-1"}
SIGNED = TOKENS | {"SLACK_SIGNING_SECRET": "s-new", "SLACK_SIGNING_SECRET_PREVIOUS": "s-old"}
FLAGS = {"slack_channel": "#releases"}


def built(environment, **flags):
    return settings.build(FLAGS | flags, environment=environment).slack


def way_in(slack):
    bolt = socket.app(token="xoxb-1", base_url="http://127.0.0.1:1/api/")
    return ways_in.build(bolt, slack)


def test_bot_opens_a_socket_when_no_address_is_given():
    assert isinstance(way_in(built(SOCKET)), socket.Connection)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":3000", "127.0.0.1", 3000),
        ("3000", "127.0.0.1", 3000),
        ("0.0.0.0:80", "0.0.0.0", 80),
        ("[::1]:80", "::1", 80),
    ],
)
def test_bot_listens_where_it_is_told_and_else_for_this_machine_alone(text, host, port):
    slack = built(SIGNED, slack_http=text)
    assert slack.http == settings.Address(host=host, port=port)
    assert slack.configured and isinstance(way_in(slack), http.Server)


def test_bot_takes_both_signing_secrets_and_prints_neither():
    slack = built(SIGNED, slack_http=":3000")
    assert [one.reveal() for one in slack.signing_secrets] == ["s-new", "s-old"]
    assert "s-new" not in repr(slack) and "s-old" not in repr(slack)


def test_address_may_stand_in_the_settings_file(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text('slackHttp: "10.0.0.7:3000"\n')
    assert built(SIGNED, config=str(file)).http.host == "10.0.0.7"


@pytest.mark.parametrize("text", ["here", "host:", "host:port", ":70000", ":٣", ":-1"])
def test_bot_says_what_is_allowed_when_the_address_is_none(text):
    with pytest.raises(errors.UserError, match="write HOST:PORT"):
        built(SIGNED, slack_http=text)


def test_bot_refuses_to_listen_when_it_could_check_nothing():
    with pytest.raises(errors.UserError, match="set SLACK_SIGNING_SECRET"):
        built(SOCKET, slack_http=":3000")
