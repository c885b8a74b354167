"""What people are told, and that it is told once, whatever says no."""

import asyncio

import pytest

from bot.model import errors
from tests.runtime import stage as stages
from tests.runtime import virtual


async def rest(seconds=30):
    await asyncio.sleep(seconds)


async def first(stage):
    stage.start()
    stage.settle()
    await rest()
    stage.ship("app:v2")
    stage.settle()
    await rest()


@pytest.mark.row(132)
def test_announcer_posts_one_card_a_revision_and_edits_it():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await first(stage)
        await rest(60)
        stage.settle()
        await rest()
        return stage

    stage = virtual.run(story())
    tops = stage.chat.top()
    assert len(tops) == 3, tops
    assert tops[0] == "checkout v1 in prod-eu: first deployment, 4 of 4 pods ready."
    assert "waits for approval" in tops[1]
    assert "v2 waits for approval in prod-eu to go from 50" in tops[2].replace("\u202f", " ")


def test_announcer_says_a_first_deployment_in_one_quiet_line():
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.ready = False
        stage.start()
        stage.settle()
        await rest()
        early = stage.chat.top()
        stage.ready = True
        stage.sets = {name: stage._sized(rs, rs.replicas) for name, rs in stage.sets.items()}
        stage.settle()
        await rest()
        return stage, early

    stage, early = virtual.run(story())
    assert early == ["checkout v1 in prod-eu: first deployment."]
    (message,) = stage.chat.messages.values()
    assert (
        message["message"].text == "checkout v1 in prod-eu: first deployment, 4 of 4 pods ready."
    )
    assert len(message["message"].blocks) == 1
    assert len(stage.chat.edits) == 1


def test_card_links_to_the_gate_that_it_waits_at():
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.link = lambda place: f"https://x.slack.com/p{place.ts}"
        stage.chat.slow = "waits for approval in"
        await first(stage)
        await rest(60)
        stage.settle()
        await rest()
        return stage

    stage = virtual.run(story())
    found = {m["message"].text.replace("\u202f", " "): m for m in stage.chat.messages.values()}
    gates = [k for k, m in stage.chat.messages.items() if "to go from 50" in m["message"].text]
    card = found["checkout v2 waits for approval at 50 % in prod-eu."]["message"]
    assert f"https://x.slack.com/p{gates[0][1]}" in str(card.blocks)


def test_announcer_closes_the_gate_with_the_name_when_somebody_approves():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await first(stage)
        await rest(60)
        stage.settle()
        await rest()
        stage.patch(
            rolloutBot={
                "version": 1,
                "intents": {
                    "i1": {
                        "kind": "promote",
                        "actor": "sam (U0SAM)",
                        "at": virtual.now().isoformat(),
                    }
                },
            }
        )
        stage.settle()
        await rest()
        return stage

    stage = virtual.run(story())
    gate = stage.chat.top()[2].replace("\u202f", " ")
    assert "approved by <@U0SAM>" in gate
    assert "v2 goes to 100 %" in gate
    assert any("approved by sam" in line for line in stage.chat.lines())
    assert any("done" in line for line in stage.chat.lines())


async def bad(stage):
    await first(stage)
    stage.runs = [stages.run_object(stage)]
    stage.patch(
        abort=True,
        abortedAt=virtual.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        pauseConditions=None,
        rolloutBot={"abort": {"cause": "Step-based analysis phase error/failed: x"}},
    )
    stage.settle()
    await rest()


def test_announcer_tells_a_rollback_loudly_once_with_its_metric():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await bad(stage)
        stage.settle()
        await rest()
        return stage

    stage = virtual.run(story())
    alerts = [t for t in stage.chat.top() if "rolled back in prod-eu, users are on v1" in t]
    alert = [t.replace("\u202f", " ") for t in alerts if "success-rate" in t and "must be" in t]
    assert len(alert) == 1, stage.chat.top()
    assert "success-rate 92 %, must be at least 99 %" in alert[0]


class Painter:
    async def png(self, svg, *, timeout_s=10.0):
        return b"\x89PNG\r\n\x1a\n"


def test_announcer_brings_the_chart_after_the_alert():
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.painter = Painter()
        await bad(stage)
        stage.settle()
        await rest()
        return stage

    stage = virtual.run(story())
    assert len(stage.chat.pictures) == 1
    place, title, alt = stage.chat.pictures[0]
    assert title == "checkout v2 · prod-eu"
    assert "Failures at" in alt
    blocks = str(stage.chat.messages[place.channel, place.ts]["message"].blocks)
    assert "chart follows" not in blocks


@pytest.mark.row(132)
def test_announcer_goes_on_with_the_same_messages_after_a_restart():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await first(stage)
        before = len(stage.chat.messages)
        stage.start()
        stage.settle()
        await rest()
        assert len(stage.chat.messages) == before
        await rest(60)
        stage.settle()
        await rest()
        return stage

    stage = virtual.run(story())
    assert len(stage.chat.top()) == 3


def test_announcer_says_nothing_twice_when_killed_at_any_call():
    async def story(kill_at, *, after):
        stage = stages.Stage(stages.STEPS)
        hit = asyncio.Event()

        def fail(name, number):
            if number == kill_at:
                hit.set()
                return asyncio.Event().wait()
            return None

        setattr(stage.trouble, "fail", fail)
        if after:
            stage.trouble.fail = lambda name, number: None

            def late(name, number):
                if number == kill_at:
                    hit.set()
                    return asyncio.CancelledError()
                return None

            stage.trouble.after = late
        stage.start()
        for image in ("app:v1", "app:v2"):
            stage.ship(image)
            for _ in range(4):
                stage.settle(6)
                await rest(25)
                if hit.is_set():
                    hit.clear()
                    await stage.announcer.drain(timeout_s=0)
                    stage.trouble.fail = lambda name, number: None
                    stage.trouble.after = lambda name, number: None
                    stage.start()
        stage.settle()
        await rest(100)
        return stage, len(stage.trouble.calls)

    whole, calls = virtual.run(story(10_000, after=False))
    assert calls > 8
    for after in (False, True):
        for kill_at in range(1, calls + 1):
            stage, _ = virtual.run(story(kill_at, after=after))
            tops, lines = stage.chat.top(), stage.chat.lines()
            assert set(tops) >= set(whole.chat.top()), (kill_at, after, tops)
            extra = len(tops) - len(whole.chat.top()) + len(lines) - len(whole.chat.lines())
            assert extra <= 0, (kill_at, after, tops, lines)


def test_announcer_falls_back_to_the_default_channel_where_it_is_not_in_one():
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.chat.absent.add("#checkout")
        await first(stage)
        return stage

    stage = virtual.run(story())
    assert all(channel == "#releases" for channel, _ in stage.chat.messages)
    said = [t for t in stage.chat.top() if t.startswith("I am not in #checkout")]
    assert len(said) == 1


def test_announcer_posts_the_card_anew_when_somebody_deleted_it():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await first(stage)
        tops = [k for k, m in stage.chat.messages.items() if not m["thread"]]
        del stage.chat.messages[tops[-1]]
        await rest(60)
        stage.settle()
        await rest()
        return stage, tops[-1]

    stage, gone = virtual.run(story())
    cards = [
        k for k, m in stage.chat.messages.items() if "waits for approval at" in m["message"].text
    ]
    assert len(cards) == 1 and cards[0] != gone


@pytest.mark.parametrize(("locked", "anew"), [(True, 2), (False, 0)], ids=["locked", "deleted"])
def test_announcer_says_anew_how_it_ended_where_what_stands_may_not_be_edited(locked, anew):
    async def story():
        stage = stages.Stage(stages.STEPS)
        await first(stage)
        await rest(60)
        stage.settle()
        await rest()
        known = set(stage.chat.messages)
        if locked:
            stage.chat.locked |= known
        else:
            for key in [k for k in known if not stage.chat.messages[k]["thread"]]:
                del stage.chat.messages[key]
        stage.patch(pauseConditions=None)
        stage.settle()
        await rest(60)
        return stage, known

    stage, known = virtual.run(story())
    new = [m["message"] for k, m in stage.chat.messages.items() if k not in known and not m["thread"]]
    assert len(new) == anew, [one.text for one in new]
    for one in new:
        assert "waits" not in one.text
        assert "rollout:approve" not in str(one.blocks)
    if locked:
        said = " ".join(one.text for one in new).replace("\u202f", " ")
        assert "50 % → 100 %: closed: promoted" in said and "is done" in said, said


def test_announcer_ends_an_outage_in_one_message_and_the_newest_card():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await first(stage)
        stage.trouble.fail = lambda name, n: (
            errors.Unavailable("down") if name in {"post", "update"} else None
        )
        before = len(stage.chat.edits), len(stage.chat.lines())
        for _ in range(12):
            stage.settle(2)
            await rest(20)
        stage.trouble.fail = lambda name, n: None
        await rest(60)
        stage.settle(2)
        await rest(60)
        return stage, before

    stage, (edits, lines) = virtual.run(story())
    away = [t.replace("\u202f", " ") for t in stage.chat.top() if "unreachable" in t]
    assert len(away) == 1, stage.chat.top()
    assert "checkout went 25 → 50 % and waits for approval" in away[0]
    assert len(stage.chat.lines()) <= lines + 1
    assert len(stage.chat.edits) <= edits + 3


def test_announcer_obeys_retry_after_and_never_raises():
    async def story():
        stage = stages.Stage(stages.STEPS)
        first_try = []

        def limited(name, number):
            if name == "post" and not first_try:
                first_try.append(virtual.now())
                return errors.Unavailable("429", retry_after_s=40)
            return None

        stage.trouble.fail = limited
        stage.start()
        stage.settle()
        await rest(100)
        return stage, first_try[0]

    stage, tried = virtual.run(story())
    earliest = min(m["at"] for m in stage.chat.messages.values())
    assert (earliest - tried).total_seconds() >= 40


def test_announcer_tells_nothing_of_what_was_done_before_it_came():
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.settle()
        stage.sets = {**stage.sets}
        stage.start()
        stage.settle()
        await rest()
        return stage

    assert virtual.run(story()).chat.messages == {}


def aborted(stage):
    stage.patch(
        abort=True,
        abortedAt=virtual.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        pauseConditions=None,
        rolloutBot={"abort": {"cause": "deadline"}},
    )


def alerts(stage):
    return [
        message["message"].text.replace("\u202f", " ")
        for message in stage.chat.messages.values()
        if not message["thread"] and str(message["message"].blocks).count("rollout:retry")
    ]


def test_announcer_turns_being_rolled_back_into_rolled_back_in_the_same_message():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await first(stage)
        aborted(stage)
        stage.step()
        await rest(1)
        early = alerts(stage)
        stage.settle()
        await rest()
        return stage, early

    stage, early = virtual.run(story())
    assert early == [
        "checkout v2 is being rolled back in prod-eu, 25 % of users are still on it: deadline."
    ]
    assert alerts(stage) == ["checkout v2 was rolled back in prod-eu, users are on v1: deadline."]


def test_announcer_collapses_no_alert_in_an_outage():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await first(stage)
        stage.trouble.fail = lambda name, n: (
            errors.Unavailable("down") if name in {"post", "update"} else None
        )
        for _ in range(2):
            aborted(stage)
            stage.settle(3)
            await rest(40)
            stage.patch(abort=None)
            stage.settle(3)
            await rest(40)
        stage.trouble.fail = lambda name, n: None
        await rest(200)
        return stage

    stage = virtual.run(story())
    assert len(alerts(stage)) == 2, stage.chat.top()


def test_announcer_takes_facts_at_once_though_the_chat_hangs_and_stays_bounded():
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.trouble.fail = lambda name, n: asyncio.Event().wait()
        stage.start()
        for number in range(100):
            stage.ship(f"app:v{number}")
            stage.step()
            await asyncio.sleep(0.01)
        lanes = [*stage.announcer._loud.values(), *stage.announcer._quiet.values()]
        assert all(len(lane.pending) <= 24 for lane in lanes)
        stage.announcer.forget("shop/checkout")
        await stage.announcer.drain(timeout_s=1)
        await rest(1)
        assert len(asyncio.all_tasks()) <= 2

    virtual.run(story())


def test_announcer_drains_what_waits_before_it_stops():
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.start()
        stage.settle()
        await stage.announcer.drain(timeout_s=20)
        return stage

    assert len(virtual.run(story()).chat.top()) == 1


def test_announcer_closes_the_card_of_a_revision_that_was_overtaken():
    async def story():
        stage = stages.Stage(stages.STEPS)
        await first(stage)
        stage.ship("app:v3")
        stage.settle()
        await rest()
        return stage

    tops = virtual.run(story()).chat.top()
    assert any("checkout v2 in prod-eu: over: v3 was shipped" in text for text in tops), tops
