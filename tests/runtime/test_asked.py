"""Escalations that a kill left unrecorded: found by their mark, closed with their gate, not repeated."""

import asyncio

import pytest

from bot.model import errors
from tests.runtime import virtual
from tests.runtime.test_escalating import MINUTE, Place, asking, policy, shown

RECEIVERS = [("#incidents", "#incidents"), ("@sam", "DU0SAM"), ("group:sre", "C0CHECKOUT")]


async def killed(to, *, later=()):
    """A bot that dies between Slack's answer and what it would have written of it."""
    escalations = [{"after": "10m", "to": to}, *later]
    place = await Place(policy(escalations=escalations)).at_gate()
    post = place.chat.post

    async def never_answered(**said):
        await post(**said)
        await asyncio.Event().wait()

    place.chat.post = never_answered
    await asyncio.sleep(10 * MINUTE + 1)
    place.settle(1)
    await asyncio.sleep(5)
    await place.announcer.drain(timeout_s=0)
    place.chat.post = post
    place.again()
    return place


async def over(place):
    place.patch(abort=True)
    place.settle(2)
    await asyncio.sleep(5)
    return place


@pytest.mark.parametrize(("to", "channel"), RECEIVERS)
def test_escalation_that_a_killed_bot_did_not_record_is_closed_with_its_gate(to, channel):
    async def story():
        place = await killed(to)
        before = shown(place)
        await asyncio.sleep(20 * MINUTE)  # it was away for long: it is no longer young either
        return before, shown(await over(place)), asking(place)

    before, after, left = virtual.run(story())
    assert set(before) == set(after) == {channel}
    assert before[channel][1], "it had buttons"
    text, buttons = after[channel]
    assert text.startswith("checkout v2 in prod-eu, 50 % → 100 %: closed: aborted with"), text
    assert buttons == []
    assert left == []


@pytest.mark.parametrize(("to", "channel"), RECEIVERS)
def test_escalation_that_a_killed_bot_did_not_record_is_not_said_twice(to, channel):
    async def story():
        place = await killed(to)
        place.settle(2)
        await asyncio.sleep(5)
        again = place.said()
        return again, shown(await over(place))

    again, after = virtual.run(story())
    assert again == {channel: 1}
    assert after[channel][1] == []


@pytest.mark.parametrize(
    ("problem", "buttons"),
    [(errors.Unavailable("ratelimited", retry_after_s=30), 0), (errors.Forbidden("missing_scope"), 3)],
)
def test_escalation_is_looked_for_again_where_slack_did_not_say(problem, buttons):
    """Not for ever, and what cannot be read keeps nothing else from being closed."""

    async def story():
        place = await killed("#incidents")
        asked = []

        def fail(name, number):
            if name != "marked":
                return None
            asked.append(number)
            return problem if len(asked) < 3 or isinstance(problem, errors.Forbidden) else None

        place.trouble.fail = fail
        await over(place)
        await asyncio.sleep(10 * MINUTE)
        return len(shown(place)["#incidents"][1]), len(asked), asking(place)

    left, asked, records = virtual.run(story())
    assert (left, records) == (buttons, [])
    assert asked <= 3


def test_receiver_who_was_told_twice_of_one_gate_finds_both_closed():
    later = [{"after": "10m", "to": "@sam"}, {"after": "20m", "to": "@sam"}]

    async def story():
        place = await (await Place(policy(escalations=later)).at_gate()).wait(30)
        told = len(place.chat.messages)
        await over(place)
        return told, [one["message"].text for one in place.chat.messages.values()]

    told, texts = virtual.run(story())
    assert told == 2
    assert all("closed: aborted with" in text for text in texts), texts


def test_escalation_does_not_wait_for_a_cluster_that_takes_no_record():
    async def story():
        place = await Place(policy(escalations=[{"after": "10m", "to": "#incidents"}])).at_gate()
        await asyncio.sleep(10 * MINUTE + 1)
        place.trouble.fail = lambda name, number: (
            asyncio.sleep(3_600) if name == "write" else None
        )
        place.settle(1)
        await asyncio.sleep(MINUTE)
        return place.said()

    assert virtual.run(story()) == {"#incidents": 1}
