"""Freezing from the chat: the commands as they are typed, and the button that resumes."""

from datetime import timedelta

import pytest

from bot.core.gates import freeze_words
from bot.runtime import freeze_desk, freeze_news
from tests.runtime import test_freezes, virtual


@pytest.fixture
def book(office):
    found = test_freezes.shelf()
    office.desk.freezing = freeze_desk.FreezeDesk(
        freezes=found,
        scenery=office.desk.scenery,
        clock=virtual.now,
        rules=office.desk.rules,
        permits=office.desk.permits,
        new_id=lambda: f"f{len(test_freezes.entries(found)) + 1}",
    )
    return found


async def test_member_freezes_lists_and_unfreezes(office, book):
    answer = await office.command('freeze shop/* 2h "database incident"')
    assert answer.startswith("Frozen: shop/∗ until ")
    assert test_freezes.entries(book)["f1"]["reason"] == "database incident"
    assert (await office.command("freeze")).startswith("f1: shop/∗, freeze until ")
    assert (await office.command("unfreeze")).startswith("Over: shop/∗.")
    assert await office.command("freeze") == "Nothing is frozen."


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("freeze shop", "Say for how long, as in 30m, 2h or 1d"),
        ("freeze shop soon because", "Say for how long"),
        ("freeze shop 2h", "Say why: everybody will see it."),
        ("freeze shop/ 2h x", '"shop/" is no scope'),
        ("freeze shop 2h x --force", "This command knows no options, not --force."),
        ("unfreeze", "Nothing is frozen."),
    ],
)
async def test_nothing_is_frozen_when_it_is_not_said_rightly(office, book, typed, says):
    assert (await office.command(typed)).startswith(says)
    assert test_freezes.entries(book) == {}


@pytest.mark.parametrize(
    ("typed", "scope", "reason"),
    [
        ("stop-the-line", ("", ""), ""),
        ("stop-the-line orders are lost", ("", ""), "orders are lost"),
        ("stop-the-line outage", ("", ""), "outage"),
        ("stop-the-line all orders are lost", ("", ""), "orders are lost"),
        ("stop-the-line shop orders are lost", ("shop", ""), "orders are lost"),
        ("stop-the-line shop/check* it's bad", ("shop", "check*"), "it's bad"),
        ("stop-the-line shop/check∗ copied", ("shop", "check*"), "copied"),
    ],
)
async def test_line_is_stopped_however_it_is_typed(office, book, typed, scope, reason):
    assert (await office.command(typed)).startswith("The line is stopped: ")
    (one,) = book.in_force()
    assert (one.scope.namespace, one.scope.name, one.reason) == (*scope, reason)
    assert one.stop and one.until is None


async def test_mistyped_scope_stops_nothing_and_the_command_to_copy_does(office, book):
    answer = await office.command("stop-the-line shop/chekout orders are lost")
    assert answer.startswith("No rollout is in shop/chekout; nothing was stopped.")
    assert book.in_force() == ()
    copied = "stop-the-line shop/checkout orders are lost"
    assert f"/rollout {copied}" in [
        block["text"]["text"] for block in office.whispers()[-1].blocks
    ]
    assert (await office.command(copied)).startswith("The line is stopped: shop/checkout.")
    assert "Guests of this workspace" in await office.command("stop-the-line shpo", user="guest")


async def test_guest_may_not_freeze(office, book):
    answer = await office.command("freeze all 1h x", user="guest")
    assert "may freeze this" in answer
    assert book.in_force() == ()


async def test_stopped_line_goes_on_at_one_click_and_only_once(office, book):
    await office.command("stop-the-line all outage")
    news = freeze_news.FreezeNews(
        freezes=book,
        scenery=office.desk.scenery,
        rules=office.desk.rules,
        post=lambda channel, message: office.chat.post(channel=channel, message=message),
        leading=lambda: True,
    )
    news.changed(None, None)
    said = office.workspace.state
    await office.until(lambda: any("begun:" in mark for one in book.every() for mark in one.told))
    ts = next(
        ts
        for ts, message in said.messages["CRELEASES1"].items()
        if "stopped the line" in message.text and not message.only_for
    )
    assert (await office.pressed("resume", ts)).startswith("Over: all.")
    assert book.in_force() == ()
    assert (await office.pressed("resume", ts)).startswith("This is over already")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("90min", timedelta(minutes=90)),
        ("", None),
        ("2", None),
        ("-2h", None),
        ("99999h", None),
        ("h", None),
    ],
)
def test_span_is_read_as_people_write_it(text, wanted):
    assert freeze_words.duration(text) == wanted
