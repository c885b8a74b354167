"""The reason of an abort, written in its thread while nobody listened: found by who leads next."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.local.workspace import people
from bot.local.workspace.state import Message
from bot.runtime import missed_lines
from tests.handlers.test_reasons import aborted, kept

ROOM, ALICE = "CRELEASES1", "UALICE0001"




def said(office, ts, text="blank page &amp; red", user=ALICE, ago_s=0.0, **more):
    """A line of which no event came."""
    state = office.workspace.state
    stamp = f"{time.time() - ago_s:.6f}"
    line = Message(channel=ROOM, ts=stamp, user=user, text=text, thread_ts=ts, **more)
    return state.post(line)


async def missed(office, text="abort checkout", *, ago_s=10.0, **said_as):
    """Aborted a while ago; the messages stand as ``said_as``."""
    ts = await aborted(office, text)
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    places = {key: {"channel": ROOM, "ts": ts, **more} for key, more in said_as.items()}
    block = {"abort": {"at": at.isoformat()}, "said": {"alert:x": None, **places}}
    office.stage.patch(rolloutBot=block)
    return ts


async def look(office, *, later=timedelta(), read=None):
    await missed_lines.Missed(
        reasons=office.lines,
        clock=lambda: datetime.now(UTC) + later,
        read=read or office.chat.replies,
        hear=office.hear,
        pause_s=0.0,
    ).look()


async def test_line_that_nobody_heard_is_the_reason_by_the_same_rules(office):
    ts = await missed(office, card={})
    said(office, ts, "before it", ago_s=60)
    said(office, ts, "of another person", user="UBOB000001")
    said(office, ts, "of the bot", user=people.BOT_USER)
    said(office, ts)
    said(office, ts, "and a second line")
    await look(office)
    assert (kept(office).text, kept(office).by) == ("blank page & red", "alice (UALICE0001)")
    assert office.asked() == ["abort", "explain"]
    await look(office)
    assert office.asked() == ["abort", "explain"]


async def test_first_line_counts_in_whichever_thread_it_stands(office):
    other = await office.gate()
    ts = await missed(office, card={}, gate={})
    place = {"channel": ROOM, "ts": other}
    office.stage.patch(rolloutBot={"said": {"gate": place}})
    said(office, ts, "the second")
    said(office, other, "the first", ago_s=5)
    await look(office)
    assert kept(office).text == "the first"


@pytest.mark.parametrize(
    ("text", "card", "later"),
    [
        ("abort checkout errors", {}, timedelta()),
        ("abort checkout", {"folded": "cause:x"}, timedelta()),
        ("abort checkout", {}, missed_lines.RECENT),
    ],
    ids=["had one", "beneath a digest", "long ago"],
)
async def test_nothing_is_read_where_no_reason_can_be_missed(office, text, card, later):
    ts = await missed(office, text, card=card)
    said(office, ts)
    await look(office, later=later)
    assert (office.asked(), kept(office)) == (["abort"], None)


async def test_thread_that_slack_does_not_show_changes_nothing(office):
    ts = await missed(office, card={})
    said(office, ts)
    refused = {"error": "missing_scope", "methods": ["conversations.replies"], "times": 1}
    office.workspace.faults.change({"refuse": refused})
    await look(office)
    assert kept(office) is None
    await look(office)
    assert kept(office).text == "blank page & red"


async def test_thread_of_the_card_is_read_though_many_requests_came_after_it(office):
    revision = office.stage.api.rollout["status"]["currentPodHash"]
    later = {f"gate:{n}": {"ts": f"9999999999.00000{n}"} for n in range(5)}
    ts = await missed(office, **{f"card:{revision}:2": {}, **later})
    said(office, ts)
    read = []

    async def of_the_card(place, since):
        read.append(place.ts)
        return await office.chat.replies(place, since) if place.ts == ts else []

    await look(office, read=of_the_card)
    assert kept(office) is not None, read
