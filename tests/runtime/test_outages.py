"""A metrics server that is away: one message for all rollouts that it keeps, and its end."""

import asyncio
import re

import pytest

from bot.core import metric_servers
from bot.model import errors
from bot.runtime import outages, outbox
from tests.render.limits import problems
from tests.render.reading import read
from tests.runtime import stage as stages
from tests.runtime import virtual


def watching(*, holding=(), trouble=None):
    chat = stages.Chat(trouble or stages.Trouble())
    box = outbox.Outbox(chat=chat, clock=virtual.now)
    found = outages.Outages(
        box=box, clock=virtual.now, channel="#releases", holds=lambda key: key in holding
    )
    return found, chat


async def failing(found, *keys, times=5, server="prometheus:9090"):
    for _ in range(times):
        for key in keys:
            found.heard(server, key, answered=False)
        await asyncio.sleep(10)


def said(chat):
    assert not [p for m in chat.messages.values() for p in problems(m["message"])]
    return [re.sub(r"\d\d:\d\d", "T", read(text)) for text in chat.top()]


def test_channel_hears_once_of_many_rollouts_that_one_server_keeps_and_of_its_end():
    async def story():
        keys = [f"shop/app-{at}" for at in range(14)]
        found, chat = watching(holding=keys)
        await failing(found, *keys, times=30)
        away = said(chat)
        found.heard("prometheus:9090", keys[0], answered=True)
        await asyncio.sleep(30)
        return chat, away

    chat, away = virtual.run(story())
    names = "app-0, app-1, app-10, app-11, app-12, app-13, app-2, app-3, app-4, app-5, app-6, app-7"
    assert away == [
        "The metrics server prometheus:9090 has not answered since T: "
        f"14 rollouts hold, none is rolled back for it. {names} and 2 more."
    ]
    assert said(chat) == ["The metrics server prometheus:9090 did not answer T–T; it does again."]
    assert len(chat.edits) == 1


def test_channel_is_told_that_rollouts_go_back_where_the_policy_does_not_hold_them():
    async def story():
        found, chat = watching(holding={"shop/cart"})
        await failing(found, "shop/cart", "shop/checkout", "shop/search")
        return chat

    (text,) = said(virtual.run(story()))
    assert text.endswith(
        "3 rollouts are measured by it, and 2 of them are rolled back if it stays away "
        "(onMetricError: abort). cart, checkout, search."
    )


@pytest.mark.parametrize(
    ("waiting", "words"),
    [
        (0, "2 rollouts are measured by it: 2 go on unmeasured, none is rolled back for it."),
        (1, "2 rollouts are measured by it: 1 holds, 1 goes on unmeasured, none is rolled back for it."),
        (2, "2 rollouts hold, none is rolled back for it."),
    ],
)
def test_channel_hears_which_rollouts_stand_and_which_go_on_unmeasured(waiting, words):
    async def story():
        found, chat = watching(holding={"shop/a", "shop/b"})
        for _ in range(6):
            for at, key in enumerate(("shop/a", "shop/b")):
                found.heard("p:9090", key, answered=False, waits=at < waiting)
            await asyncio.sleep(10)
        return chat

    (text,) = said(virtual.run(story()))
    assert text == f"The metrics server p:9090 has not answered since T: {words} a, b."


def test_message_is_edited_when_more_rollouts_are_kept_and_never_posted_again():
    async def story():
        found, chat = watching(holding={"shop/a", "shop/b"})
        await failing(found, "shop/a")
        await failing(found, "shop/a", "shop/b")
        return chat

    chat = virtual.run(story())
    (text,) = said(chat)
    assert "2 rollouts hold" in text and len(chat.edits) == 1


@pytest.mark.parametrize("times", [1, 2])
def test_hiccup_is_told_to_nobody(times):
    async def story():
        found, chat = watching()
        await failing(found, "shop/a", times=times)
        found.heard("prometheus:9090", "shop/a", answered=True)
        await failing(found, "shop/a", times=times)
        return chat

    assert said(virtual.run(story())) == []


def test_server_that_comes_and_goes_costs_one_message_an_hour():
    async def story():
        found, chat = watching()
        for _ in range(10):
            await failing(found, "shop/a")
            found.heard("prometheus:9090", "shop/a", answered=True)
            await asyncio.sleep(60)
        return chat

    chat = virtual.run(story())
    assert said(chat) == ["The metrics server prometheus:9090 did not answer T–T; it does again."]


def test_chat_that_refuses_is_not_asked_again_and_nothing_raises():
    async def story():
        trouble = stages.Trouble()
        trouble.fail = lambda name, n: errors.Forbidden("not in channel")
        found, chat = watching(trouble=trouble)
        await failing(found, "shop/a", times=30)
        return trouble

    assert virtual.run(story()).calls.count("post") == 1


@pytest.mark.parametrize(
    ("provider", "config", "name"),
    [
        ("prometheus", {}, "prom:9090"),
        ("prometheus", {"address": "https://me:secret@p.example/x?token=1"}, "p.example"),
        ("prometheus", {"address": "http://[::1"}, ""),
        ("web", {"url": "https://w.example/secret?key=1"}, "w.example"),
        ("web", {}, ""),
        ("datadog", {"query": "q"}, "Datadog"),
        ("newRelic", {}, "New Relic"),
        ("job", {}, ""),
    ],
)
def test_server_is_named_without_what_may_be_secret(provider, config, name):
    assert metric_servers.server(provider, config, "http://prom:9090") == name
