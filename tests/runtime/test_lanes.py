"""What is loud, the card, and the lines of its thread do not wait for one another."""

import asyncio

from bot.model import messages
from bot.runtime import lanes, tasks
from tests.runtime import crowd as crowds
from tests.runtime import virtual

GATES = [step for at in range(1, 12) for step in ({"setWeight": at}, {"pause": {}})]


def test_gate_and_card_wait_for_no_lines_where_a_channel_is_full_of_them():
    async def story():
        crowd = crowds.Crowd(1, GATES)
        crowd.quietly()
        (one,) = crowd.members
        crowd.ship()
        await asyncio.sleep(60)
        say = lambda: messages.Message(text="a line")  # noqa: E731
        box = crowd.announcer.box
        others = [
            tasks.spawn(box.post(channel="#releases", content=say, thread="0001.0"), name=str(at))
            for at in range(300)
        ]
        waits = []
        for at in range(1, 8):
            who = {"kind": "promote", "actor": "sam (U0SAM)", "at": virtual.now().isoformat()}
            one.patch(rolloutBot={"version": 1, "intents": {f"i{at}": who}})
            began, before, posted = virtual.now(), len(crowd.chat.edits), len(crowd.chat.top())
            one.settle(6)
            await asyncio.sleep(3)
            told = [(text.replace("\u202f", " "), when) for _, text, when in crowd.chat.edits[before:]]
            for start in (f"app-000 v2 waits for approval at {at + 1} %", "app-000 v2 in prod-eu, "):
                came = [when for text, when in told if text.startswith(start)]
                waits.append((came[0] - began).total_seconds() if came else None)
            assert len(crowd.chat.top()) == posted + 1, "the next request"
        left = sum(not other.done() for other in others)
        await asyncio.sleep(600)
        return waits, left, [text.replace("\u202f", " ") for text in crowd.chat.lines()]

    waits, left, lines = virtual.run(story())
    assert all(one is not None and one < 1 for one in waits), waits
    assert left > 200, "the channel was full all the time"
    mine = [text for text in lines if text != "a line"]
    assert len(mine) == len(set(mine)), "no line twice"
    for at in range(2, 9):
        assert any(text.endswith(f" {at} %") for text in mine), "and each came in the end"


def test_lane_forgets_the_oldest_states_but_no_abort():
    async def story():
        crowd = crowds.Crowd(1, GATES)
        crowd.quietly()
        crowd.ship()
        await asyncio.sleep(60)
        (one,) = crowd.members
        lane, told = lanes.Lane(), crowd.announcer._last[f"shop/{one.name}"]
        one.patch(abort=True)
        one.settle()
        aborted = crowd.announcer._last[f"shop/{one.name}"]
        lane.put("abort", aborted)
        for number in range(100):
            lane.put(str(number), told)
            lane.put(str(number), told)
        return lane, aborted

    lane, aborted = virtual.run(story())
    marks = [mark for mark, _ in lane.pending]
    assert (len(marks), marks[0], marks[-1]) == (lanes.PENDING_LIMIT, "abort", "99")
    assert lane.take()[0] is aborted and not lane.pending
