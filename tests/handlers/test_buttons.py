"""Clicks: one that counts, stale, double, at once, of another cluster, and under faults."""

import asyncio
import logging

import pytest

from bot.adapters.slack import directory, socket
from bot.model import errors, messages
from bot.runtime import permits
from handlers import buttons, slash


@pytest.mark.row(131)
async def test_member_approves_when_clicking_the_gates_button(office):
    assert await office.pressed("approve", await office.gate()) == "Approved: v2 goes on."
    assert office.asked() == ["promote"]


async def test_member_aborts_when_clicking(office):
    await office.pressed("abort", await office.gate())
    assert office.asked() == ["abort"]


async def test_second_click_changes_nothing_and_names_who_was_first(office):
    ts = await office.gate()
    await office.pressed("approve", ts)
    answer = await office.pressed("approve", ts, user="bob")
    assert answer.startswith("This step is over: alice approved it at ")
    assert office.asked() == ["promote"]


async def test_one_of_two_people_wins_when_both_click_at_once(office):
    ts = await office.gate()
    first, second = await asyncio.gather(
        office.pressed("approve", ts, "alice"), office.pressed("approve", ts, "bob")
    )
    assert [first, second].count("Approved: v2 goes on.") == 1
    lost = second if first == "Approved: v2 goes on." else first
    assert lost.startswith("This step is over")


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"cluster": "prod-us"}, "This button belongs to prod-us; I run prod-eu."),
        ({"uid": "u-0"}, "This button is of an earlier rollout of that name; nothing was done."),
        ({"name": "gone"}, "This rollout is not there any more; nothing was done."),
        ({"gate_id": "g"}, "This step is over; nothing was changed. checkout v2 is at 50\u202f%."),
    ],
)
async def test_click_changes_nothing_when_its_button_is_of_something_else(office, change, answer):
    ts = await office.gate(**change)
    assert await office.pressed("approve", ts) == answer
    assert office.asked() == []


async def test_guest_is_refused_when_clicking(office):
    answer = await office.pressed("approve", await office.gate(), user="guest")
    assert answer == (
        "Only #releases may approve this. Ask <@UALICE0001> or <@UBOB000001> or <@UCAROL0001>."
    )
    assert office.asked() == []


@pytest.mark.parametrize("value", ["", "x", "{}", "[" * 900])
async def test_person_is_answered_when_a_button_carries_nonsense(office, value):
    ts = await _button(office, "rollout:approve", value or None)
    answer = await office.pressed("approve", ts)
    assert answer == "This button is of another version; use /rollout instead."


async def test_person_is_answered_when_a_button_is_not_known(office):
    ts = await _button(office, "rollout:dance", "1")
    assert await office.pressed("dance", ts) == "This button is not known any more."


async def test_click_counts_once_when_slack_delivers_it_twice(office, caplog):
    office.workspace.faults.change({"duplicate": 1})
    with caplog.at_level(logging.WARNING):
        await office.pressed("approve", await office.gate())
    assert office.asked() == ["promote"]
    assert [r.message for r in caplog.records if "slack_bolt" in r.name] == []


async def test_click_counts_when_its_answer_cannot_be_given(office, caplog):
    ts = await office.gate()
    office.desk.members = _members("UALICE0001")
    office.workspace.faults.change({"rate_limit": {"retry_after": 1}})
    assert (await office.click("approve", ts))["acked"]
    await office.until(lambda: office.asked() == ["promote"])


async def test_abort_counts_when_slacks_web_api_hangs(office, monkeypatch):
    monkeypatch.setattr(directory, "PERSON_TIMEOUT_S", 0.02)
    monkeypatch.setattr(permits, "MEMBERS_TIMEOUT_S", 0.02)
    monkeypatch.setattr(slash, "SAY_TIMEOUT_S", 0.02)
    ts = await office.gate()
    office.workspace.faults.change({"slow": 60})
    assert (await office.click("abort", ts))["acked"]
    await office.until(lambda: office.asked() == ["abort"])
    office.workspace.faults.change({"slow": 0})


async def test_clicker_is_told_the_truth_when_recording_it_could_not_be_said(office, monkeypatch):
    """The whisper "recording …" hangs; the approval is written and must not be denied."""
    said = []

    async def respond(**message):
        said.append(message["text"])
        if len(said) == 1:
            await asyncio.Event().wait()

    monkeypatch.setattr(buttons, "SOON_S", 0.0)
    monkeypatch.setattr(slash, "SAY_TIMEOUT_S", 0.02)
    app = socket.app(token="xoxb-1", base_url="http://127.0.0.1:1/api/")
    buttons.register(app, at=office.desk, who=office.chat.directory.person)
    clicked = app._async_listeners[0].ack_function
    button = office.desk.waiting().waiting[0].buttons
    approve = next(one for one in button if one.kind == "approve")
    action = {"action_id": "rollout:approve", "value": messages.encode_value(approve.value)}

    async def ack():
        """Nobody waits."""

    body = {"actions": [action], "user": {"id": "UALICE0001"}}
    await clicked(ack=ack, body=body, respond=respond)
    assert said == ["recording your approval …", "Approved: v2 goes on."]


async def test_clicker_is_told_that_nothing_was_done_when_the_cluster_is_away(office):
    ts = await office.gate()
    office.stage.trouble.fail = lambda name, number: (
        errors.Unavailable("away") if name in {"write", "get"} else None
    )
    answer = await office.pressed("approve", ts)
    assert answer == "Nothing was done: the cluster did not answer. The buttons still work."


async def test_clicker_is_told_who_can_mend_it_when_the_cluster_does_not_let_the_bot(office):
    ts = await office.gate()
    office.stage.trouble.fail = lambda name, number: (
        errors.Forbidden("may not patch rollouts/status") if name == "write" else None
    )
    answer = await office.pressed("approve", ts)
    assert answer.startswith("Nothing was done: the cluster does not let me (may not patch")
    assert answer.endswith("lacks a right. The buttons still work.")


async def test_click_is_acknowledged_and_claims_nothing_when_the_desk_has_a_bug(office, caplog):
    ts = await office.gate()

    async def broken(*_, **__):
        raise ZeroDivisionError

    office.desk.members = broken
    answer = await office.pressed("approve", ts)
    assert "I do not know what became of it" in answer
    assert "a click failed: a bug" in caplog.text


async def _button(office, action, value):
    element = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": "Press"},
        **({"value": value} if value else {}),
    }
    block = {"type": "actions", "elements": [element]}
    message = messages.Message(text="a button", blocks=(block,))
    return (await office.chat.post(channel="#releases", message=message)).ts


def _members(*ids):
    async def members(channel, actor):
        return frozenset(ids)

    return members
