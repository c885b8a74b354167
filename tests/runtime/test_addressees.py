"""Handles that escalations name: who is asked for them, how often, and what comes of a late answer."""

import asyncio

import pytest

from bot.model import errors
from bot.runtime import addressees
from tests.runtime import virtual
from tests.runtime.test_escalating import MINUTE, Place, policy


def test_handle_that_slack_does_not_say_keeps_nobody_waiting_twice_and_is_asked_for_again():
    later = [{"after": "10m", "to": "@sam"}]

    async def story():
        place = await Place(policy(escalations=later)).at_gate()
        outlet, loop = place.announcer.outlets[0], asyncio.get_running_loop()
        place.trouble.fail = lambda name, number: (
            asyncio.Event().wait() if name == "handle" else None
        )
        await asyncio.sleep(11 * MINUTE)
        spans = []
        for _ in range(2):
            began = loop.time()
            await outlet.look_up(place.scene("shop/checkout"))
            spans.append(loop.time() - began)
        place.trouble.fail = lambda name, number: None
        return spans, (await place.wait(10)).said()

    (first, second), said = virtual.run(story())
    assert (first > 1, second, said) == (True, 0, {"DU0SAM": 1})


@pytest.mark.parametrize(
    ("trouble", "wait"),
    [
        (lambda: asyncio.sleep(9), 9),
        (lambda: errors.Unavailable("ratelimited", retry_after_s=20), 20),
        (lambda: errors.Unavailable("down"), 1),
    ],
    ids=["slow", "refused for a time", "away"],
)
def test_handle_that_takes_long_to_find_is_written_to_as_soon_as_it_is_known(trouble, wait):
    """No later pass is needed: one comes after minutes only."""
    later = [{"after": "10m", "to": "@sam"}]

    async def story():
        place = await Place(policy(escalations=later)).at_gate()
        asked = []

        def fail(name, number):
            if name != "handle":
                return None
            asked.append(asyncio.get_running_loop().time())
            return trouble() if len(asked) < 3 else None

        place.trouble.fail = fail
        await asyncio.sleep(10 * MINUTE + 1)
        place.settle(1)
        await asyncio.sleep(MINUTE)
        return place.said(), asked

    told, asked = virtual.run(story())
    assert told == {"DU0SAM": 1}
    assert all(b - a >= wait for a, b in zip(asked, asked[1:]))


def test_handle_that_nobody_has_is_asked_for_seldom_however_many_rollouts_name_it():
    async def story():
        asked, looked = [], []

        async def handle(name):
            asked.append(name)
            raise errors.NotFound(name)

        made = addressees.Addressees(handle=handle, again=looked.append)
        for _ in range(50):
            for number in range(20):
                await made.look_up(f"shop/app-{number}", ["@nobody"])
            await asyncio.sleep(1)
        return asked, looked

    assert virtual.run(story()) == (["nobody"], [])


def test_handle_is_given_up_after_so_many_refusals_and_asked_for_anew_later():
    async def story():
        asked = []

        async def handle(name):
            asked.append(asyncio.get_running_loop().time())
            raise errors.Unavailable("down")

        made = addressees.Addressees(handle=handle)
        await made.look_up("shop/app", ["@sam"])
        await asyncio.sleep(3_600)
        first = list(asked)
        await made.look_up("shop/app", ["@sam"])
        return first, asked

    first, asked = virtual.run(story())
    assert len(first) == addressees.TRIES and len(asked) > len(first)
    assert max(b - a for a, b in zip(first, first[1:])) <= addressees.BACKOFF_CAP_S
