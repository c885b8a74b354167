"""A real slack_bolt app in Socket Mode against the workspace, unchanged."""

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.local.workspace import LocalWorkspace

RELEASES = "CRELEASES1"
BUTTONS = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*checkout* waits"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "gate.approve",
                "text": {"type": "plain_text", "text": "Approve"},
                "value": "gate-1",
                "style": "primary",
            }
        ],
    },
]


async def test_slash_command_is_answered_to_the_asker_only_when_acked_with_text(app, control):
    @app.command("/rollout")
    async def listing(ack, command):
        await ack(f"{command['user_name']} said {command['text']} in {command['channel_name']}")

    answer = await control(
        "command", {"user": "alice", "channel": "releases", "text": "/rollout list"}
    )
    assert answer == {"ok": True, "acked": True}
    (message,) = (await control("messages?channel=releases"))["messages"]
    assert message["text"] == "alice said list in releases"
    assert message["is_ephemeral"]
    assert message["ephemeral_for"] == "UALICE0001"


async def test_slash_command_shows_slacks_error_when_no_app_is_connected(workspace, control):
    answer = await control("command", {"user": "alice", "channel": "random", "text": "list"})
    assert answer == {"ok": True, "acked": False, "error": "dispatch_failed"}
    (message,) = (await control("messages?channel=random"))["messages"]
    assert message["text"] == '/rollout failed with the error "dispatch_failed"'


async def test_button_reaches_the_listener_and_edits_the_message_when_clicked(app, slack, control):
    seen = []

    @app.action("gate.approve")
    async def approve(ack, body, client):
        await ack()
        seen.append(body)
        await client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="approved"
        )

    posted = await slack.chat_postMessage(channel="releases", text="waits", blocks=BUTTONS)
    answer = await control("click", {"user": "bob", "ts": posted["ts"], "action": "gate.approve"})
    assert answer["acked"]
    (message,) = (await control("messages?channel=releases"))["messages"]
    assert message["text"] == "approved"
    assert "blocks" not in message
    assert message["edited"]
    assert message["edits"] == 1
    (body,) = seen
    assert body["actions"][0]["value"] == "gate-1"
    assert body["user"]["id"] == "UBOB000001"
    assert body["user"]["team_id"] == "TLOCAL0001"


async def test_click_is_refused_when_the_user_does_not_see_the_message(app, slack, control):
    whisper = await slack.chat_postEphemeral(
        channel=RELEASES, user="UALICE0001", text="yours", blocks=BUTTONS
    )
    press = {"user": "bob", "ts": whisper["message_ts"], "action": "gate.approve"}
    assert (await control("click", press))["error"] == "message_not_found"


async def test_click_is_refused_when_the_user_is_not_in_the_channel(app, slack, control):
    await slack.conversations_join(channel="CRANDOM001")
    posted = await slack.chat_postMessage(channel="CRANDOM001", text="waits", blocks=BUTTONS)
    press = {"user": "guest", "ts": posted["ts"], "action": "gate.approve"}
    assert (await control("click", press))["error"] == "user_not_in_channel"


async def test_response_url_whispers_then_replaces_and_ends_after_five_uses(
    app, slack, control, session
):
    urls = []

    @app.action("gate.approve")
    async def approve(ack, body, respond):
        await ack()
        urls.append(body["response_url"])
        await respond("recording your approval …")
        await respond("public", response_type="in_channel", replace_original=False)
        await respond("replaced", replace_original=True)

    posted = await slack.chat_postMessage(channel=RELEASES, text="waits", blocks=BUTTONS)
    await control("click", {"user": "bob", "ts": posted["ts"], "action": "gate.approve"})
    messages = (await control("messages?channel=releases"))["messages"]
    assert [(m["text"], m["ephemeral_for"]) for m in messages] == [
        ("replaced", None),
        ("recording your approval …", "UBOB000001"),
        ("public", None),
    ]
    statuses = []
    for _ in range(3):
        async with session.post(urls[0], json={"text": "more"}) as answer:
            statuses.append(answer.status)
    assert statuses == [200, 200, 404]


async def test_response_url_is_gone_when_thirty_minutes_have_passed(
    app, workspace, slack, control, session
):
    urls = []

    @app.command("/rollout")
    async def listing(ack, command):
        await ack()
        urls.append(command["response_url"])

    await control("command", {"user": "alice", "channel": "releases", "text": "list"})
    clock = workspace.state.clock
    workspace.state.clock = lambda: clock() + 1_801
    async with session.post(urls[0], json={"text": "late"}) as answer:
        assert (answer.status, await answer.text()) == (404, "expired_url")


async def test_app_comes_back_when_slack_asks_it_to_refresh(app, workspace, control, until):
    assert (await control("refresh", {}))["told"] == 1
    await until(lambda: workspace.connected == 1 and len(_opens(workspace)) >= 2)


def _opens(workspace):
    return [c for c in workspace.state.calls if c["method"] == "apps.connections.open"]


async def test_duplicate_fault_delivers_an_envelope_twice_when_switched_on(app, control, until):
    seen = []

    @app.command("/rollout")
    async def listing(ack, command):
        await ack()
        seen.append(command["trigger_id"])

    await control("faults", {"duplicate": 1})
    await control("command", {"user": "alice", "channel": "releases", "text": "list"})
    await until(lambda: len(seen) == 2)
    assert seen[0] == seen[1]


async def test_modal_opens_and_its_values_arrive_when_submitted(app, workspace, control):
    values = []

    @app.command("/rollout")
    async def ask(ack, command, client):
        await ack()
        view = {
            "type": "modal",
            "callback_id": "reason",
            "title": {"type": "plain_text", "text": "Why"},
            "submit": {"type": "plain_text", "text": "Send"},
            "blocks": [
                {
                    "type": "input",
                    "block_id": "b",
                    "label": {"type": "plain_text", "text": "Reason"},
                    "element": {"type": "plain_text_input", "action_id": "a"},
                }
            ],
        }
        await client.views_open(trigger_id=command["trigger_id"], view=view)

    @app.view("reason")
    async def take(ack, view):
        await ack()
        values.append(view["state"]["values"]["b"]["a"]["value"])

    await control("command", {"user": "carol", "channel": "releases", "text": "abort"})
    assert workspace.state.stacks["UCAROL0001"]
    typed = {"b": {"a": {"type": "plain_text_input", "value": "blank page"}}}
    answer = await control("submit", {"user": "carol", "values": typed})
    assert answer == {"ok": True, "acked": True}
    assert values == ["blank page"]
    assert workspace.state.stacks["UCAROL0001"] == ()


async def test_mention_reaches_the_app_when_a_person_writes_the_bots_name(app, control, until):
    seen = []

    @app.event("app_mention")
    async def mentioned(event):
        seen.append(event)

    await control("message", {"user": "bob", "channel": "releases", "text": "@rollout <hi>"})
    await until(lambda: seen)
    assert seen[0]["text"] == "<@UROLLOUT01> &lt;hi&gt;"


@pytest.fixture
async def hasty_workspace():
    served = LocalWorkspace(ack_s=0.05)
    await served.start()
    yield served
    await served.stop()


class TestWithoutPatience:
    """A workspace that waits 50 ms for an acknowledgment, to see what an unanswered one does."""

    @pytest.fixture
    def workspace(self, hasty_workspace):
        return hasty_workspace

    async def test_command_fails_by_time_when_the_app_never_acks(self, app, control):
        @app.command("/rollout")
        async def forgetful(command):
            del command

        answer = await control("command", {"user": "alice", "channel": "releases", "text": "list"})
        assert answer == {"ok": True, "acked": False, "error": "operation_timeout"}
        (message,) = (await control("messages?channel=releases"))["messages"]
        assert message["user"] == "USLACKBOT"
        assert message["ephemeral_for"] == "UALICE0001"


async def test_command_is_answered_when_bolt_runs_with_its_defaults(
    workspace, slack, control, until
):
    bolt = AsyncApp(client=slack)

    @bolt.command("/rollout")
    async def listing(ack, respond):
        await ack()
        await respond("later")

    client = AsyncWebClient(token=workspace.app_token, base_url=workspace.api_url)
    handler = AsyncSocketModeHandler(bolt, workspace.app_token, web_client=client)
    await handler.connect_async()
    answer = await control(
        "command", {"user": "alice", "channel": "releases", "text": "/rollout list"}
    )
    assert answer["acked"]

    async def answered():
        return (await control("messages?channel=releases"))["messages"]

    assert (await until(answered))[0]["text"] == "later"
    await handler.close_async()
