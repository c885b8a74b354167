"""A real Bolt app, the local workspace, and a real desk over one rollout; by both ways in."""

import asyncio
import time
from dataclasses import replace

import pytest

from bot.adapters.slack import http, messenger, socket
from bot.local.workspace import LocalWorkspace, arguments
from bot.model import messages
from bot.render import rendering
from bot.runtime import authorize, reason_lines, tasks
from handlers import buttons, home, reasons, slash
from tests.runtime import stage as stages
from tests.runtime import test_desk, test_directs

STEPS = [{"setWeight": 50}, {"pause": {}}]
ROOM = "CRELEASES1"


DAVE = "UDAVE00001"


def stranger(workspace):
    """A full member of the workspace who is in no channel of ours."""
    alice = workspace.state.user("alice")
    workspace.state.users[DAVE] = replace(alice, id=DAVE, name="dave")


class Office:
    """What a test needs: act as a person, read what that person then sees."""

    def __init__(self, workspace, stage, chat, desk):
        self.workspace = workspace
        self.stage = stage
        self.chat = chat
        self.desk = desk

    async def command(self, text, user="alice"):
        """The private answer to one command."""
        before = len(self.whispers(user))
        done = await self.workspace.interactions.command(
            user=user, channel="releases", text=f"/rollout {text}"
        )
        assert done == {"ok": True, "acked": True}
        await self.until(lambda: len(self.whispers(user)) > before)
        return self.whispers(user)[-1].text

    async def click(self, kind, ts, user="alice", **more):
        args = arguments.Args({"action": f"rollout:{kind}", **more})
        return await self.workspace.interactions.click(
            user=user, channel="releases", ts=ts, wanted=args
        )

    async def pressed(self, kind, ts, user="alice"):
        """The private answer to one click."""
        before = len(self.whispers(user))
        assert (await self.click(kind, ts, user))["acked"]
        await self.until(lambda: len(self.whispers(user)) > before)
        return self.whispers(user)[-1].text

    async def gate(self, **change):
        """A message with the gate's buttons; ``change`` forges what they are bound to."""
        shown = self.desk.waiting().waiting[0].buttons
        forged = tuple(replace(b, value=replace(b.value, **change)) for b in shown)
        facts = messages.SentenceFacts(sentences=("waits",), buttons=forged)
        place = await self.chat.post(channel="#releases", message=rendering.render(facts))
        return place.ts

    def whispers(self, user="alice"):
        known = self.workspace.state.user(user).id
        said = self.workspace.state.messages[ROOM].values()
        return [message for message in said if message.only_for == known]

    def asked(self):
        """Every request that was written down, open or handled."""
        block = self.stage.api.rollout.get("status", {}).get("rolloutBot", {})
        found = {**block.get("intents", {}), **block.get("handled", {})}
        return [one["kind"] for one in found.values() if one]

    def images(self):
        spec = self.stage.api.rollout["spec"]["template"]["spec"]
        return [container["image"] for container in spec["containers"]]

    async def until(self, condition, *, seconds=60.0):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "the condition never became true"
            await asyncio.sleep(0.005)


@pytest.fixture
async def workspace():
    served = LocalWorkspace(tiers=False)
    stranger(served)
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def stage():
    made = stages.Stage(STEPS)
    made.rules = authorize.Rules(default_channel="#releases")
    made.settle()
    made.ship("app:v2")
    made.settle()
    return made


@pytest.fixture(params=["socket", "signed HTTP"])
async def office(request, workspace, stage):
    chat = messenger.SlackMessenger(token=workspace.bot_token, base_url=workspace.api_url)
    desk = test_desk.open_desk(
        stage,
        [test_desk.other("checkout-worker")],
        rules=stage.rules,
        members=chat.members,
    )
    bolt = socket.app(
        token=workspace.bot_token, base_url=workspace.api_url, directory=chat.directory
    )
    _, desk.subscriptions = test_directs.shelf()
    tab = home.Home(
        desk=desk,
        who=chat.directory.person,
        publish=lambda user, view: chat.publish(user=user, view=view),
        subscriptions=desk.subscriptions,
    )
    tab.register(bolt)
    slash.register(bolt, at=desk, who=chat.directory.person)
    buttons.register(bolt, at=desk, who=chat.directory.person, tab=tab)
    lines = reason_lines.Reasons(desk=desk)
    hear = reasons.register(bolt, at=lines, who=chat.directory.person)
    made = Office(workspace, stage, chat, desk)
    made.lines, made.hear = lines, hear
    made.tab = tab
    opened = by_socket if request.param == "socket" else by_http
    task = await opened(made, bolt)
    yield made
    await tasks.cancel(task)
    await tab.close()


async def by_socket(office, bolt):
    served = office.workspace
    connection = socket.Connection(bolt=bolt, app_token=served.app_token, base_url=served.api_url)
    task = tasks.spawn(connection.run(), name="socket")
    await office.until(lambda: served.connected == 1)
    return task


async def by_http(office, bolt):
    served = office.workspace
    server = http.Server(bolt=bolt, secrets=[served.signing_secret], host="127.0.0.1", port=0)
    task = tasks.spawn(server.run(), name="http")
    await office.until(lambda: server.port)
    served.delivery.change(f"http://127.0.0.1:{server.port}{http.PATH}")
    return task
