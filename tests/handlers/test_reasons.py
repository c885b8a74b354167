"""The reason of an abort, said in the thread afterwards: whose line counts, and where."""

import pytest

from bot.core import codec_status, explaining

WHY = "blank page & <b>"


async def aborted(office, text="abort checkout", user="alice"):
    """Aborted, and the message of it as the announcer keeps its place."""
    ts = await office.gate()
    await office.command(text, user)
    office.stage.patch(rolloutBot={"said": {"alert:x": {"channel": "CRELEASES1", "ts": ts}}})
    return ts


async def say(office, ts, text=WHY, user="alice", **more):
    return await office.workspace.interactions.say(
        **{"user": user, "channel": "releases", "text": text, "thread_ts": ts, **more}
    )


def kept(office):
    block = codec_status.decode(office.stage.api.rollout["status"]).bot
    return explaining.later(block.abort)


async def test_line_of_who_aborted_is_the_reason(office):
    ts = await aborted(office)
    await say(office, ts)
    await office.until(lambda: kept(office) is not None)
    assert (kept(office).text, kept(office).by) == (WHY, "alice (UALICE0001)")
    await say(office, ts, "and a second line")
    answer = await office.command("why checkout")
    assert "aborted by alice: blank page &amp; &lt;b&gt;." in answer
    assert office.asked() == ["abort", "explain"]


@pytest.mark.parametrize(
    "line",
    [
        {"user": "bob"},
        {"thread_ts": ""},
        {"thread_ts": "another"},
        {"user": "guest"},
    ],
    ids=["another person", "in the channel", "another thread", "a guest"],
)
async def test_line_that_is_no_reason_is_left_alone(office, line):
    other = await office.gate()
    ts = await aborted(office)
    more = {key: other if value == "another" else value for key, value in line.items()}
    before = len(office.workspace.state.messages["CRELEASES1"])
    await say(office, **{"ts": ts, **more})
    await say(office, ts, "the right one")
    await office.until(lambda: kept(office) is not None)
    assert (kept(office).text, office.asked()) == ("the right one", ["abort", "explain"])
    said = list(office.workspace.state.messages["CRELEASES1"].values())[before:]
    assert [one.user for one in said if not one.only_for] == [
        office.workspace.state.user(name).id for name in (more.get("user", "alice"), "alice")
    ]


async def test_line_beneath_a_digest_of_several_is_no_reason(office):
    ts = await aborted(office)
    place = {"channel": "CRELEASES1", "ts": ts, "folded": "cause:x"}
    office.stage.patch(rolloutBot={"said": {"alert:x": place}})
    await say(office, ts)
    office.stage.patch(rolloutBot={"said": {"alert:x": {**place, "folded": None}}})
    await say(office, ts, "the right one")
    await office.until(lambda: kept(office) is not None)
    assert kept(office).text == "the right one"


async def test_line_is_no_reason_where_one_was_given_or_nothing_was_aborted(office):
    ts = await aborted(office, "abort checkout blank page")
    await say(office, ts, "because")
    await office.command("list")
    assert (office.asked(), kept(office)) == (["abort"], None)


@pytest.mark.parametrize("mark", [{"bot_id": "B1"}, {"subtype": "message_changed"}])
async def test_line_that_no_person_wrote_is_left_alone(office, mark):
    ts = await aborted(office)
    line = {"type": "message", "channel": "CRELEASES1", "user": "UALICE0001", "text": WHY}
    assert await office.workspace.interactions._event({**line, "thread_ts": ts, "ts": "9", **mark})
    await office.command("list")
    assert (office.asked(), kept(office)) == (["abort"], None)
