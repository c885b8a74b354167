"""What is let in, by socket as by HTTP: nobody foreign, nothing twice, a shared channel aborts."""

import dataclasses

import pytest

from bot.adapters.slack import directory as directories
from bot.adapters.slack import intake
from bot.model import errors

HOME = "THOME00001"


class Slack:
    """What the directory would say; it may be silent."""

    def __init__(self):
        self.silent = False
        self.asked = []
        self.ours = {"UOURS00001"}
        self.rooms = {"CSHARED001"}

    async def home(self):
        return self._say("home", HOME)

    async def shared(self, channel):
        return self._say("shared", channel in self.rooms)

    async def account(self, user):
        known = directories.Account(id=user, handle=user, ours=user in self.ours, full=True)
        return self._say("account", known)

    def _say(self, what, answer):
        self.asked.append(what)
        if self.silent:
            raise errors.Unavailable("away")
        return answer


class Told:
    def __init__(self):
        self.texts = []

    async def __call__(self, *, text, **_):
        self.texts.append(text)


@pytest.fixture
def slack():
    return Slack()


@pytest.fixture
def gate(slack):
    clock = [100.0]
    made = intake.Gate(directory=slack, monotonic=lambda: clock[0])
    made.clock = clock
    return made


async def asked(gate, body):
    """Whether the listeners saw it, and what the sender was told."""
    passed, told = [], Told()

    async def following():
        passed.append(True)

    answer = await gate.middleware(body=body, respond=told, next=following)
    said = [*told.texts, answer.body] if answer is not None and answer.body else told.texts
    return bool(passed), "".join(said)


def command(team=HOME, channel="COURS00001", text="promote checkout", user="U1"):
    return {
        "command": "/rollout",
        "team_id": team,
        "channel_id": channel,
        "user_id": user,
        "text": text,
    }


def click(team=HOME, channel="COURS00001", action="rollout:approve", user="U1"):
    return {
        "type": "block_actions",
        "team": {"id": HOME},
        "user": {"id": user, "team_id": team},
        "channel": {"id": channel},
        "actions": [{"action_id": action}],
        "response_url": "https://hooks.slack.com/x",
    }


WAYS = [command, click]


@pytest.mark.parametrize("way", WAYS)
async def test_request_goes_on_when_it_comes_from_our_workspace(gate, way):
    assert await asked(gate, way()) == (True, "")


@pytest.mark.parametrize("way", WAYS)
async def test_person_of_another_workspace_is_refused_and_told(gate, way):
    assert await asked(gate, way(team="TOTHER0001")) == (False, intake.FOREIGN)


@pytest.mark.parametrize("way", WAYS)
async def test_person_of_another_workspace_of_our_grid_is_one_of_ours(gate, way):
    assert (await asked(gate, way(team="TOTHER0001", user="UOURS00001")))[0]


async def test_foreign_modal_is_refused_too(gate):
    body = {"type": "view_submission", "user": {"id": "U1", "team_id": "TOTHER0001"}}
    assert await asked(gate, body) == (False, "")


@pytest.mark.parametrize("way", WAYS)
async def test_shared_channel_is_refused_and_told(gate, way):
    assert await asked(gate, way(channel="CSHARED001")) == (False, intake.SHARED)


@pytest.mark.parametrize(
    "body",
    [
        command(channel="CSHARED001", text="abort checkout"),
        command(channel="CSHARED001", text=" abort"),
        click(channel="CSHARED001", action="rollout:abort"),
    ],
)
async def test_shared_channel_still_hears_an_abort(gate, body):
    assert (await asked(gate, body))[0]
    foreign = {**body, "team_id": "TOTHER0001", "user": {"id": "U1", "team_id": "TOTHER0001"}}
    assert not (await asked(gate, foreign))[0]


@pytest.mark.parametrize("way", WAYS)
async def test_request_goes_on_when_slack_is_silent_and_is_not_held_up_again(gate, slack, way):
    slack.silent = True
    assert (await asked(gate, way(channel="CSHARED001")))[0]
    slack.silent = False
    gate.clock[0] += intake.SILENT_S
    assert not (await asked(gate, way(channel="CSHARED001")))[0]


@pytest.mark.parametrize("body", [{}, {"user": 3, "team": [], "actions": 5, "channel": "C"}])
async def test_request_goes_on_when_it_names_nobody(gate, body):
    assert (await asked(gate, body))[0]


async def test_directory_knows_a_shared_channel_and_asks_once(chat, workspace):
    room = workspace.state.channels["CRELEASES1"]
    workspace.state.channels[room.id] = dataclasses.replace(room, shared=True)
    for _ in range(3):
        assert await chat.directory.shared("CRELEASES1")
        assert not await chat.directory.shared("CRANDOM001")
        assert not await chat.directory.shared("CNOWHERE01")
        assert not await chat.directory.shared("D000000001")
    calls = [c["method"] for c in workspace.state.calls].count("conversations.info")
    assert calls == 3
    workspace.faults.change({"down": True})
    with pytest.raises(errors.Unavailable):
        await chat.directory.shared("COTHER0001")
