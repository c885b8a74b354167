"""Who must get nothing done, by command or click, by socket or signed HTTP."""

import dataclasses

import pytest

from bot.adapters.slack import intake
from bot.model import messages
from bot.render import rendering
from handlers import asking

ACTS = ["promote", "abort", "retry", "undo", "set-image app=app:v9"]


@pytest.fixture
def eve(office):
    """Somebody of another organization, in the channel that is shared with it."""
    state = office.workspace.state
    alice = state.user("alice")
    who = dataclasses.replace(alice, id="UEVE000001", name="eve", team="TOTHER0001")
    state.users[who.id] = who
    state.join(state.channel("releases"), who.id)
    return who


def share(office):
    state = office.workspace.state
    room = state.channel("releases")
    state.channels[room.id] = dataclasses.replace(room, shared=True)


@pytest.mark.parametrize("act", [*ACTS, "list", "get checkout", "why checkout"])
async def test_foreigner_is_refused_when_typing(office, eve, act):
    assert await office.command(act, user="eve") == intake.FOREIGN
    assert office.asked() == [] and office.images() == ["app:v2"]


@pytest.mark.parametrize("kind", ["approve", "abort"])
async def test_foreigner_is_refused_when_clicking(office, eve, kind):
    assert await office.pressed(kind, await office.gate(), user="eve") == intake.FOREIGN
    assert office.asked() == []


@pytest.mark.parametrize("who", ["guest", "rollout"])
@pytest.mark.parametrize("act", ACTS)
async def test_guest_and_bot_are_refused_when_they_want_something_done(office, who, act):
    name, *rest = act.split()
    answer = await office.command(" ".join([name, "checkout", *rest]), user=who)
    assert answer.startswith("Only #releases may ")
    assert office.asked() == [] and office.images() == ["app:v2"]


@pytest.mark.parametrize(
    "typed",
    ["", "list", "get checkout", "why checkout", "plan checkout", "freeze", "history", "audit checkout",
     "subscribe checkout", "subscribe", "'why' checkout", "LIST\tshop", "“history”", "\"freeze\""],
)  # fmt: skip
async def test_guest_reads_nothing_of_rollouts_by_typing(office, typed):
    assert await office.command(typed, user="guest") == asking.GUEST


@pytest.mark.parametrize("typed", ["abort chec", "promote", "undo nosuch", "unsubscribe chec"])
async def test_guest_who_mistypes_a_name_does_not_hear_which_there_are(office, typed):
    assert "checkout" not in await office.command(typed, user="guest")


@pytest.mark.parametrize("kind", ["why", "open"])
async def test_guest_reads_nothing_of_rollouts_by_pressing(office, kind):
    shown = office.desk.waiting().waiting[0].buttons[0]
    button = dataclasses.replace(shown, kind=messages.ButtonKind(kind))
    facts = messages.SentenceFacts(sentences=("waits",), buttons=(button,))
    place = await office.chat.post(channel="#releases", message=rendering.render(facts))
    assert await office.pressed(kind, place.ts, user="guest") == asking.GUEST
    assert await office.pressed(kind, place.ts) != asking.GUEST


async def test_guest_may_ask_how_commands_are_used(office):
    assert (await office.command("help", user="guest")).startswith("/rollout")


async def test_shared_channel_gets_no_answer_but_an_abort_of_ours_counts(office):
    share(office)
    assert await office.command("promote checkout") == intake.SHARED
    assert await office.command("list") == intake.SHARED
    assert await office.pressed("approve", await office.gate()) == intake.SHARED
    assert office.asked() == []
    await office.command("abort checkout wrong prices")
    assert office.asked() == ["abort"]
