"""A reason that is given after an abort, where it was asked for: added once, never said anew."""

import asyncio
import itertools

import pytest

from bot.core import explaining
from tests.runtime import stage as stages
from tests.runtime import test_announce, virtual

ASKED = "asked in the thread for the reason"
_ids = itertools.count(1)


async def ask(stage, kind, actor="sam (U0SAM)", seconds=30, **more):
    at = virtual.now().isoformat()
    intent = {"kind": kind, "actor": actor, "at": at, **more}
    stage.patch(rolloutBot={"version": 1, "intents": {f"i{next(_ids)}": intent}})
    stage.settle()
    await asyncio.sleep(seconds)


async def explain(stage, text="blank page"):
    await ask(stage, explaining.KIND, reason=text)


async def aborted():
    """Aborted at its gate, which is closed; the key of its message."""
    stage = stages.Stage(stages.STEPS)
    await test_announce.first(stage)
    await asyncio.sleep(60)
    stage.settle()
    await asyncio.sleep(30)
    (gate,) = [k for k, m in stage.chat.messages.items() if "to go from" in m["message"].text]
    await ask(stage, "abort")
    assert ASKED in text(stage, gate)
    return stage, gate


def text(stage, key):
    return stage.chat.messages[key]["message"].text.replace("\u202f", " ")


def edits(stage, key):
    return [said for ts, said, _ in stage.chat.edits if ts == key[1]]


@pytest.mark.parametrize("restarted", [False, True])
def test_closed_gate_shows_the_reason_that_was_given_since_by_one_edit(restarted):
    async def story():
        stage, gate = await aborted()
        if restarted:
            stage.start()
        before = len(edits(stage, gate))
        await explain(stage)
        for _ in range(3):
            if restarted:
                stage.start()
            stage.settle()
            await asyncio.sleep(150)
        return stage, gate, before

    stage, gate, before = virtual.run(story())
    assert "aborted by <@U0SAM>" in text(stage, gate)
    assert text(stage, gate).endswith('"blank page".')
    assert len(edits(stage, gate)) == before + 1


@pytest.mark.parametrize("way", ["retried", "shipped", "aborted again"])
def test_closed_gate_goes_on_saying_how_it_ended_once_the_abort_is_over(way):
    async def story():
        stage, gate = await aborted()
        before = text(stage, gate)
        if way == "shipped":
            stage.ship("app:v3")
            stage.settle()
        else:
            await ask(stage, "retry")
        await asyncio.sleep(30)
        if way == "aborted again":
            await ask(stage, "abort", reason="errors this time")
        await asyncio.sleep(30)
        return text(stage, gate), before

    after, before = virtual.run(story())
    assert after == before


@pytest.mark.parametrize("locked", [False, True], ids=["deleted", "locked"])
def test_closed_gate_that_cannot_be_edited_is_not_said_again_for_its_reason(locked):
    async def story():
        stage, gate = await aborted()
        if locked:
            stage.chat.locked.add(gate)
        else:
            del stage.chat.messages[gate]
        known = set(stage.chat.messages)
        await explain(stage)
        new = [m for k, m in stage.chat.messages.items() if k not in known and not m["thread"]]
        return [one["message"].text for one in new]

    assert virtual.run(story()) == []


LATE = "sam's reason is kept with the abort; the post-mortem above was written before it"


def test_reason_that_comes_after_the_post_mortem_is_told_beside_it_once():
    async def story():
        stage, _ = await aborted()
        await asyncio.sleep(60)
        files = list(stage.chat.files)
        await explain(stage)
        stage.start()
        stage.settle()
        await asyncio.sleep(150)
        return stage, files

    stage, files = virtual.run(story())
    ((place, written, _, _),) = files
    assert "blank page" not in written
    assert stage.chat.files == files
    beneath = [m for m in stage.chat.messages.values() if m["thread"] == place.ts]
    assert [m["message"].text.endswith(LATE) for m in beneath].count(True) == 1
    assert sum(LATE in line for line in stage.chat.lines()) == 1


@pytest.mark.parametrize("given", ["with the abort", "before the file"])
def test_post_mortem_that_has_the_reason_is_told_of_no_more(given):
    async def story():
        stage = stages.Stage(stages.STEPS)
        await test_announce.first(stage)
        stage.trouble.fail = lambda name, _n: wait() if name == "upload_text" else None
        if given == "with the abort":
            await ask(stage, "abort", reason="blank page")
        else:
            await ask(stage, "abort", seconds=0)
            await explain(stage)
        await asyncio.sleep(60)
        stage.settle()
        await asyncio.sleep(60)
        return stage

    async def wait():
        await asyncio.sleep(3)

    stage = virtual.run(story())
    ((_, written, _, _),) = stage.chat.files
    assert "blank page" in written
    assert not [line for line in stage.chat.lines() if "post-mortem" in line]
