"""The other way out of the workspace: signed requests to the app's request URL."""

import asyncio

import pytest
from aiohttp import web
from slack_sdk import signature

from bot.local.workspace import LocalWorkspace


class App:
    """An app's request URL that keeps what it gets and answers as it is told."""

    def __init__(self):
        self.got = []
        self.answers = []
        self.url = ""

    async def take(self, request):
        self.got.append((dict(request.headers), await request.read()))
        status, more = self.answers.pop(0) if self.answers else (200, {})
        if status == 0:
            await asyncio.Event().wait()
        return web.Response(status=status, **more)

    def retries(self):
        return [headers.get("x-slack-retry-num") for headers, _ in self.got]


@pytest.fixture
async def app():
    made = App()
    served = web.Application()
    served.router.add_post("/slack/events", made.take)
    runner = web.AppRunner(served, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield made
    await runner.cleanup()


@pytest.fixture
async def workspace(app):
    served = LocalWorkspace(ack_s=0.2)
    await served.start()
    served.delivery.change(app.url)
    yield served
    await served.stop()


def command(workspace):
    return workspace.interactions.command(user="alice", channel="releases", text="list")


async def test_command_comes_as_a_form_that_slacks_own_verifier_accepts(app, workspace):
    assert await command(workspace) == {"ok": True, "acked": True}
    ((headers, body),) = app.got
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert signature.SignatureVerifier(workspace.signing_secret).is_valid_request(body, headers)
    assert b"command=%2Frollout&text=list" in body


async def test_answer_in_the_acknowledgment_is_shown_to_the_asker_alone(app, workspace):
    app.answers = [(200, {"text": "in words"}), (200, {"text": '{"text": "as JSON"}'})]
    await command(workspace)
    await command(workspace)
    said = [m for m in workspace.state.messages["CRELEASES1"].values()]
    assert [(m.text, m.only_for) for m in said] == [
        ("in words", "UALICE0001"),
        ("as JSON", "UALICE0001"),
    ]


@pytest.mark.parametrize(
    ("status", "error"), [(404, "dispatch_failed"), (401, "dispatch_failed"), (0, "operation_timeout")]
)
async def test_person_sees_slacks_error_when_the_app_does_not_take_it(app, workspace, status, error):
    app.answers = [(status, {})]
    assert (await command(workspace))["error"] == error
    assert len(app.got) == 1


async def test_event_comes_again_at_once_when_it_was_not_taken(app, workspace):
    app.answers = [(500, {})]
    assert (await workspace.interactions.open_home(user="alice"))["acked"]
    assert app.retries() == [None, "1"]
    assert app.got[0][1] == app.got[1][1]


async def test_command_comes_twice_when_the_fault_is_on(app, workspace):
    workspace.faults.change({"duplicate": 1})
    await command(workspace)
    assert len(app.got) == 2 and app.got[0][1] == app.got[1][1]


async def test_lever_takes_the_workspace_back_to_the_socket(app, workspace, control):
    changed = await control("delivery", {"request_url": ""})
    assert changed["delivery"] == {"request_url": "", "sockets": 0}
    assert (await command(workspace))["error"] == "dispatch_failed"
    await control("delivery", {"request_url": app.url})
    assert (await command(workspace))["acked"]
