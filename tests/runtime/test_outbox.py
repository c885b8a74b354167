"""Limits, order, retries and outages on the way to the chat."""

import asyncio

import pytest

from bot.model import errors, messages, messenger
from bot.runtime import outbox, turns
from bot.runtime.outbox import Priority
from tests.runtime import crowd as crowds
from tests.runtime import stage as stages
from tests.runtime import virtual


def box(trouble=None):
    trouble = trouble or stages.Trouble()
    chat = stages.Chat(trouble)
    return outbox.Outbox(chat=chat, clock=virtual.now), chat, trouble


def say(text):
    return lambda: messages.Message(text=text)


def test_turns_come_by_priority_then_age():
    async def story():
        limit = turns.Turns(per_s=1, burst=1)
        order = []

        async def one(name, priority):
            await limit.take(priority)
            order.append((name, asyncio.get_running_loop().time()))

        await limit.take(0)
        async with asyncio.TaskGroup() as group:
            for name, priority in (("edit", 2), ("line", 1), ("line2", 1), ("loud", 0)):
                group.create_task(one(name, priority))
        return order

    order = virtual.run(story())
    assert [name for name, _ in order] == ["loud", "line", "line2", "edit"]
    assert order[-1][1] >= 4 - 0.01


def test_turns_that_are_kept_for_the_urgent_are_left_by_the_others():
    async def story():
        limit, took = turns.Turns(per_s=1, burst=10, kept=4, hurried=1), {}

        async def one(name, priority):
            await limit.take(priority)
            took[name] = asyncio.get_running_loop().time()

        async with asyncio.TaskGroup() as group:
            for number in range(9):
                group.create_task(one(f"slow{number}", 3))
            await asyncio.sleep(0.5)
            for number in range(3):
                group.create_task(one(f"hurried{number}", 1))
        return took

    took = virtual.run(story())
    assert [took[f"hurried{number}"] for number in range(3)] == [0.5] * 3
    assert sum(at < 0.5 for at in took.values()) == 6, "at once, as long as enough is left"
    late = sorted(at for name, at in took.items() if name.startswith("slow"))[6:]
    assert late[0] >= 4 - 0.01, "first what the urgent took grows back"
    assert all(b - a >= 1 - 0.01 for a, b in zip(late, late[1:]))


def test_outbox_keeps_the_edits_of_a_workspace_below_its_budget():
    async def story():
        way, chat, _ = box()
        place = await way.post(channel="#a", content=say("card"))
        async with asyncio.TaskGroup() as group:
            for number in range(130):
                group.create_task(way.update(place=place, content=say(str(number))))
        return [at for _, _, at in chat.edits]

    times = virtual.run(story())
    assert len(times) == 130
    for begin in times:
        within = [t for t in times if 0 <= (t - begin).total_seconds() < 60]
        assert len(within) <= 40 + 46


def test_outbox_sends_what_is_true_at_the_moment_of_sending():
    async def story():
        way, chat, trouble = box()
        newest = ["old"]
        trouble.fail = lambda name, n: errors.Unavailable("x") if n < 4 else None
        post = asyncio.ensure_future(
            way.post(channel="#a", content=lambda: messages.Message(text=newest[0]))
        )
        await asyncio.sleep(0.6)
        newest[0] = "new"
        await post
        return chat.top()

    assert virtual.run(story()) == ["new"]


def test_outbox_leaves_out_what_has_become_needless():
    async def story():
        way, chat, _ = box()
        assert await way.post(channel="#a", content=lambda: None) is None
        return chat.messages

    assert virtual.run(story()) == {}


@pytest.mark.parametrize("problem", [errors.Forbidden, errors.NotFound, errors.Refused])
def test_outbox_hands_on_a_refusal_at_once(problem):
    async def story():
        way, _, trouble = box()
        trouble.fail = lambda name, n: problem("no")
        with pytest.raises(problem):
            await way.post(channel="#a", content=say("x"))
        return len(trouble.calls)

    assert virtual.run(story()) == 1


def test_outbox_stops_only_the_channel_that_a_429_names():
    async def story():
        way, chat, trouble = box()
        trouble.fail = lambda name, n: (
            errors.Unavailable("429", retry_after_s=50) if n == 1 else None
        )
        slow = asyncio.ensure_future(way.post(channel="#slow", content=say("slow")))
        await asyncio.sleep(0.1)
        await way.post(channel="#fast", content=say("fast"))
        fast_at = asyncio.get_running_loop().time()
        await slow
        return fast_at, asyncio.get_running_loop().time(), way.down_since

    fast_at, slow_at, down = virtual.run(story())
    assert fast_at < 1 and slow_at >= 50 and down is None


def test_outbox_backs_off_with_a_cap_while_nothing_answers_and_a_hanging_call_ends():
    async def story():
        way, chat, trouble = box()
        spans = []
        way.recovered = lambda since, until: spans.append((until - since).total_seconds())
        trouble.fail = lambda name, n: asyncio.Event().wait() if virtual_s() < 300 else None

        def virtual_s():
            return asyncio.get_running_loop().time()

        await asyncio.gather(
            *(
                way.post(channel=f"#{i}", content=say(str(i)), priority=Priority(i % 3))
                for i in range(20)
            )
        )
        return len(trouble.calls), spans, len(chat.messages)

    calls, spans, sent = virtual.run(story())
    assert sent == 20
    assert len(spans) == 1 and 200 < spans[0] < 500
    assert calls < 20 + 40


def test_outbox_forgets_channels_nobody_uses():
    async def story():
        way, _, _ = box()
        for number in range(outbox.CHANNELS_LIMIT + 50):
            await way.post(channel=f"#{number}", content=say("x"))
        return len(way._posts)

    assert virtual.run(story()) == outbox.CHANNELS_LIMIT


assert messenger


MARKED = messages.Message(text="new", mark="u-1:card:2")
LOST = errors.Unavailable("no answer")


def sent(story_):
    """The texts that stand after ``story_(outbox, chat, trouble)``."""

    async def story():
        way, chat, trouble = box()
        await story_(way, chat, trouble)
        return chat.top() + chat.lines(), trouble.calls

    return virtual.run(story())


@pytest.mark.parametrize("thread", ["", "0001.0"])
def test_outbox_says_once_what_stood_although_no_answer_came(thread):
    async def story(way, chat, trouble):
        trouble.after = lambda name, n: LOST if n == 2 else None
        await way.post(channel="#a", content=lambda: MARKED, thread=thread)

    said, calls = sent(story)
    assert said == ["new"]
    assert calls[:3] == ["marked", "post", "marked"]


def test_outbox_says_again_what_did_not_stand_when_no_answer_came():
    async def story(way, chat, trouble):
        trouble.fail = lambda name, n: LOST if n == 2 else None
        await way.post(channel="#a", content=lambda: MARKED)

    said, calls = sent(story)
    assert (said, calls) == (["new"], ["marked", "post", "marked", "post"])


def test_outbox_rather_says_it_twice_than_never_when_nobody_tells_what_stands():
    async def story(way, chat, trouble):
        trouble.after = lambda name, n: LOST if n == 2 else None
        trouble.fail = lambda name, n: LOST if name == "marked" else None
        await way.post(channel="#a", content=lambda: MARKED)

    said, calls = sent(story)
    assert said == ["new", "new"]
    assert calls.count("marked") == 4


@pytest.mark.parametrize("problem", [errors.Forbidden("missing_scope"), LOST])
def test_outbox_posts_when_what_stands_cannot_be_read(problem):
    async def story(way, chat, trouble):
        trouble.fail = lambda name, n: problem if name == "marked" else None
        for mark in "abc":
            message = messages.Message(text=mark, mark=mark)
            await way.post(channel="#a", content=lambda: message)

    said, calls = sent(story)
    assert said == ["a", "b", "c"]
    assert calls.count("marked") == 1, "a young process asks once a room"


def test_outbox_brings_up_to_date_what_a_process_before_it_left():
    async def story(way, chat, trouble):
        left = await chat.post(channel="#a", message=messages.Message(text="old", mark="m"))
        new = messages.Message(text="new", mark="m")
        assert await way.post(channel="#a", content=lambda: new) == left

    assert sent(story)[0] == ["new"]


def test_outbox_posts_anew_when_what_was_left_may_not_be_edited():
    async def story(way, chat, trouble):
        await chat.post(channel="#a", message=messages.Message(text="old", mark="m"))
        trouble.fail = lambda name, n: errors.NotFound("x") if name == "update" else None
        new = messages.Message(text="new", mark="m")
        await way.post(channel="#a", content=lambda: new)

    assert sent(story)[0] == ["old", "new"]


def test_outbox_looks_back_no_more_when_it_is_no_longer_young():
    async def story(way, chat, trouble):
        for mark in "ab":
            message = messages.Message(text=mark, mark=mark)
            await way.post(channel=f"#{mark}", content=lambda: message)
            await asyncio.sleep(200)

    said, calls = sent(story)
    assert (said, calls) == (["a", "b"], ["marked", "post", "post"])


def test_edit_that_has_become_news_goes_before_those_that_only_move_on():
    """Where it waits already, and with what is true when its turn comes."""

    async def story():
        way, chat, _ = box()
        place = await way.post(channel="#a", content=say("card"))
        said = {"text": "cart moves"}
        async with asyncio.TaskGroup() as group:
            for number in range(120):
                group.create_task(way.update(place=place, content=say(str(number))))
            await asyncio.sleep(1)
            content = lambda: messages.Message(text=said["text"])  # noqa: E731
            group.create_task(way.update(place=place, content=content, about="shop/cart"))
            await asyncio.sleep(1)
            said["text"] = "cart waits"
            way.hurry("shop/cart")
            way.hurry("shop/nobody")
            began = virtual.now()
        return [(text, (at - began).total_seconds()) for _, text, at in chat.edits]

    edits = virtual.run(story())
    waits = [at for text, at in edits if text == "cart waits"]
    assert len(waits) == 1 and waits[0] < 3
    assert max(at for text, at in edits if text.isdecimal()) > 60


@pytest.mark.timeout(400)
def test_card_of_what_is_done_is_edited_before_the_cards_that_only_move_on():
    async def story():
        steps = []
        for weight in range(1, 60):
            steps += [{"setWeight": weight}, {"pause": {"duration": "20s"}}]
        crowd = crowds.Crowd(60, steps, limit=100)
        for one in crowd.members[::20]:
            one.api.rollout["spec"]["strategy"]["canary"]["steps"] = [
                {"setWeight": 1}, {"pause": {"duration": "700s"}},
            ]  # fmt: skip
        crowd.quietly()
        for one in crowd.members:
            crowd.ship(only=[one])
            await asyncio.sleep(13)
        asked = {}
        for _ in range(25):
            await asyncio.sleep(21)
            for one in crowd.members:
                status = one.settle(3)
                if one in crowd.members[::20] and status.stable_hash == status.current_hash:
                    asked.setdefault(one.name, virtual.now())
        end = virtual.now()
        await asyncio.sleep(120)
        return crowd, asked, end

    crowd, asked, end = virtual.run(story())
    assert len(asked) == 3
    late = [when for _, text, when in crowd.chat.edits if "is at" in text and when > end]
    assert late, "cards that only move on were waiting all the time"
    for name, at in asked.items():
        came = [when for _, text, when in crowd.chat.edits
                if text.startswith(f"{name} v2 is done")]
        assert (came[0] - at).total_seconds() < 3, (name, at, came)
