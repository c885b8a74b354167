"""Who reads and acts while Slack does not say who somebody is: nobody who may be a guest."""

import asyncio
import time
from dataclasses import replace

import pytest

from bot.model import messages
from bot.render import rendering
from handlers import asking, tabs
from tests.handlers import test_home
from tests.handlers.test_outsiders import ACTS


def silent(office, **more):
    """users.info fails, and nothing else does."""
    refusal = {"error": "internal_error", "methods": ["users.info"], **more}
    office.workspace.faults.change({"refuse": refusal})


def later(office, *, hours):
    office.chat.directory.monotonic = lambda: time.monotonic() + 3_600 * hours


async def why(office):
    """A message of ours with *Why*."""
    button = replace(office.desk.waiting().waiting[0].buttons[0], kind=messages.ButtonKind.WHY)
    facts = messages.SentenceFacts(sentences=("waits",), buttons=(button,))
    return (await office.chat.post(channel="#releases", message=rendering.render(facts))).ts


async def test_guest_reads_nothing_while_slack_does_not_say_that_they_are_one(office):
    shown = await why(office)
    silent(office)
    assert await office.pressed("why", shown, user="guest") == asking.UNSURE
    assert await office.command("list", user="guest") == asking.UNSURE
    assert await office.command("subscribe checkout", user="guest") == asking.UNSURE
    assert "checkout" not in await office.command("promote chec", user="guest")
    text = await test_home.open_tab(office, "guest")
    assert asking.UNSURE in text and "checkout" not in text


@pytest.mark.parametrize("act", [one for one in ACTS if one != "abort"])
async def test_guest_gets_nothing_done_while_slack_does_not_say_that_they_are_one(office, act):
    silent(office)
    name, *rest = act.split()
    answer = await office.command(" ".join([name, "checkout", *rest]), user="guest")
    assert answer.startswith("Slack does not say who is in #releases now, so nothing was done")
    assert office.asked() == [] and office.images() == ["app:v2"]


async def test_guest_approves_nothing_by_a_press_and_an_abort_counts(office):
    ts = await office.gate()
    silent(office)
    assert "Slack does not say" in await office.pressed("approve", ts, user="guest")
    assert office.asked() == []
    await office.pressed("abort", ts, user="guest")
    assert office.asked() == ["abort"]


async def test_person_reads_on_by_what_slack_said_within_the_hour(office):
    assert "checkout" in await office.command("list")
    assert await office.command("list", user="guest") == asking.GUEST
    silent(office)
    later(office, hours=0.9)
    assert "checkout" in await office.command("list")
    assert await office.command("list", user="guest") == asking.GUEST
    later(office, hours=1.1)
    assert await office.command("list") == asking.UNSURE


async def test_member_is_asked_for_twice_before_being_sent_away(office):
    silent(office, times=1)
    assert "checkout" in await office.command("list")


async def test_open_tab_is_not_kept_fresh_when_slack_does_not_say_who_looks(office):
    looks, passed = [], [0.0]

    async def pause(seconds):
        if seconds == tabs.LOOKS_S and not office.tab.open_tabs._undrawn():
            looks.append(passed[0])
        passed[0] += seconds
        await asyncio.sleep(0.01)

    office.tab.open_tabs.pause = pause
    office.tab.open_tabs.clock = lambda: passed[0]
    await test_home.open_tab(office, "bob")
    await office.until(lambda: len(looks) > 1, seconds=60)
    silent(office)
    later(office, hours=2)
    before = test_home.home(office, "bob")
    await office.command("abort checkout wrong prices")
    await asked_again(office)
    assert (office.asked(), test_home.home(office, "bob")) == (["abort"], before)


async def test_tab_of_somebody_unknown_at_its_opening_is_drawn_when_slack_says_who_they_are(
    office, monkeypatch
):
    monkeypatch.setattr(tabs, "AGAIN_S", 0.1)
    silent(office)
    assert asking.UNSURE in await test_home.open_tab(office, "bob")
    assert asking.UNSURE in await test_home.open_tab(office, "guest")
    office.workspace.faults.change({"refuse": 0})
    await office.until(lambda: "rollout:approve" in test_home.shown(office, "bob"), seconds=60)
    assert "checkout" not in test_home.shown(office, "guest")


async def test_tab_of_a_guest_is_not_watched(office):
    assert asking.GUEST in await test_home.open_tab(office, "guest")
    assert not office.tab.open_tabs._open


async def asked_again(office):
    """Slack was asked some times more who looks at an open tab."""

    def looked_up():
        return [one["method"] for one in office.workspace.state.calls].count("users.info")

    enough = looked_up() + 3
    await office.until(lambda: looked_up() > enough, seconds=60)


async def test_press_on_home_is_answered_and_shows_nothing_else_to_whoever_is_not_known(office):
    await test_home.open_tab(office)
    silent(office)
    later(office, hours=2)
    text = await test_home.press(office, "rollout:approve")
    assert "Slack does not say who is in #releases now" in text
    assert "waits for you" not in text and office.asked() == []
