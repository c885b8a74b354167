"""``/rollout history`` and ``audit`` as a person types them."""

import asyncio
from datetime import timedelta

import pytest

from bot.model import errors, records
from bot.wiring import recording
from tests.runtime import shelf as shelves
from tests.runtime import virtual


def record(number, **more):
    values = {
        "id": f"id-{number}",
        "kind": records.Kind.ABORTED,
        "at": virtual.START + timedelta(seconds=number),
        "cluster": "prod-eu",
        "namespace": "shop",
        "rollout": "checkout",
        "revision": 2,
        "actor": "sam",
        "way": records.Way.SLACK,
        "reason": f"reason {number}",
    }
    return records.Record(**{**values, **more})


async def keep(office, count):
    office.desk.history = shelves.Shelf()
    await office.desk.history.append([record(n) for n in range(count)], at=virtual.START)


async def test_person_reads_who_did_what_and_why_newest_first(office):
    await keep(office, 3)
    answer = await office.command("audit checkout 5000w")
    assert answer.startswith("Decisions of checkout · prod-eu, 5000w: 3 records.")
    said = str(office.whispers()[-1].blocks)
    assert said.index("reason 2") < said.index("reason 1") < said.index("reason 0")


async def test_person_reads_a_reason_that_was_given_later_at_its_decision(office):
    office.desk.history = shelves.Shelf()
    later = record(9, kind=records.Kind.EXPLAINED, about="id-1", reason="blank page")
    await office.desk.history.append([record(1, reason=""), later], at=virtual.START)
    assert ": 2 records." in await office.command("audit checkout 5000w")
    said = str(office.whispers()[-1].blocks)
    assert said.index("reason given by sam") < said.index("aborted by sam")
    assert "blank page (said afterwards)" in said[said.index("aborted by sam") :]
    assert ": 1 record." in await office.command("history checkout 5000w")
    said = str(office.whispers()[-1].blocks)
    assert "blank page (said afterwards)" in said and "reason given" not in said


async def test_person_gets_the_newest_twenty_and_how_to_get_the_rest(office):
    await keep(office, 30)
    answer = await office.command("history")
    assert ": 20 records." in answer
    said = str(office.whispers()[-1].blocks)
    assert "reason 29" in said and "reason 9'" not in said
    assert "rollout-bot audit export" in said


async def test_person_is_told_what_is_wrong_with_a_name_or_an_option(office):
    await keep(office, 1)
    assert 'No rollout "chekout"' in await office.command("history chekout")
    assert "no options" in await office.command("audit checkout --all")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("history checkout 0d", '"0d" spans no time: say 90m, 12h, 30d or 4w.'),
        ("audit 00h checkout", '"00h" spans no time: say 90m, 12h, 30d or 4w.'),
        ("history checkout 7d 30d", '"7d 30d" is more than one: say one NAME and one span, as in '
                                    "checkout 30d; a span is 90m, 12h, 30d or 4w."),
        ("audit checkout 30x", '"checkout 30x" is more than one: say one NAME and one span, as in '
                               "checkout 30d; a span is 90m, 12h, 30d or 4w."),
    ],
)  # fmt: skip
async def test_person_is_told_what_a_span_is(office, typed, answer):
    await keep(office, 1)
    assert await office.command(typed) == answer


async def test_person_is_told_that_there_is_no_history(office):
    assert "No history is kept here" in await office.command("history")


async def test_person_is_told_that_the_history_is_away_and_nothing_else_stops(office):
    await keep(office, 1)

    async def away(query):
        raise errors.Unavailable("password of the database")

    office.desk.history.find = away
    answer = await office.command("audit checkout")
    assert answer.startswith("The history does not answer")
    assert "password" not in answer
    assert await office.command("promote checkout") == "Approved: v2 goes on."


async def test_history_that_hangs_holds_up_no_command(office, monkeypatch):
    await keep(office, 1)
    monkeypatch.setattr("bot.runtime.lookup.TIMEOUT_S", 0.05)

    async def hangs(query):
        await asyncio.Event().wait()

    office.desk.history.find = hangs
    assert (await office.command("history")).startswith("The history does not answer")


async def test_person_is_told_when_the_file_is_another_replicas(office):
    class Kept:
        shared = False

        async def find(self, query):
            return ()

    leads = []
    office.desk.history = recording.Reading(Kept(), lambda: bool(leads))
    assert (await office.command("history")).startswith("Another replica keeps the history")
    leads.append(True)
    assert "nothing is recorded" in await office.command("history")
