"""The connection: it comes back, it ends soon, and a Slack that is away stops nothing."""

import time

import pytest

from bot.adapters.slack import socket
from bot.runtime import tasks


@pytest.fixture(autouse=True)
def haste(monkeypatch):
    monkeypatch.setattr(socket, "RECONNECT_S", 0.01)
    monkeypatch.setattr(socket, "PING_S", 0.05)


@pytest.fixture
async def connection(workspace):
    bolt = socket.app(token=workspace.bot_token, base_url=workspace.api_url)
    made = socket.Connection(bolt=bolt, app_token=workspace.app_token, base_url=workspace.api_url)
    task = tasks.spawn(made.run(), name="socket")
    yield task, bolt
    await tasks.cancel(task)


async def test_connection_opens_when_it_is_started(connection, workspace, until):
    await until(lambda: workspace.connected == 1)


async def test_connection_comes_back_when_slack_asks_for_it(connection, workspace, until):
    await until(lambda: workspace.connected == 1)
    await workspace._sockets.refresh()

    def opened():
        return [c for c in workspace.state.calls if c["method"] == "apps.connections.open"]

    await until(lambda: workspace.connected == 1 and len(opened()) >= 2, seconds=15)


async def test_connection_comes_back_when_slack_was_down(connection, workspace, until):
    await until(lambda: workspace.connected == 1)
    workspace.faults.change({"down": True})
    await workspace._sockets.cut()
    await until(lambda: workspace.connected == 0)
    workspace.faults.change({"down": False})
    await until(lambda: workspace.connected == 1, seconds=25)


async def test_connection_opens_when_slack_was_down_at_the_start(workspace, until):
    workspace.faults.change({"down": True})
    bolt = socket.app(token=workspace.bot_token, base_url=workspace.api_url)
    made = socket.Connection(bolt=bolt, app_token=workspace.app_token, base_url=workspace.api_url)
    task = tasks.spawn(made.run(), name="socket")
    opens = [c["method"] for c in workspace.state.calls]
    await until(lambda: len(workspace.state.calls) > len(opens))
    assert not task.done()
    workspace.faults.change({"down": False})
    await until(lambda: workspace.connected == 1, seconds=15)
    await tasks.cancel(task)


async def test_connection_ends_within_three_seconds_when_it_is_canceled(
    connection, workspace, until
):
    task, _ = connection
    await until(lambda: workspace.connected == 1)
    start = time.monotonic()
    await tasks.cancel(task)
    assert time.monotonic() - start < 3
    await until(lambda: workspace.connected == 0)


async def test_envelope_is_acknowledged_and_not_repeated_when_it_comes_twice(
    connection, workspace, until, caplog
):
    _, bolt = connection
    seen = []

    @bolt.command("/rollout")
    async def listing(ack, command):
        await ack()
        seen.append(command["trigger_id"])

    await until(lambda: workspace.connected == 1)
    workspace.faults.change({"duplicate": 1})
    await workspace.interactions.command(user="alice", channel="releases", text="list")
    await workspace.interactions.command(user="alice", channel="releases", text="list")
    await until(lambda: len(seen) == 2)
    assert seen[0] != seen[1]
    assert "Unhandled" not in caplog.text and "next() calls" not in caplog.text
