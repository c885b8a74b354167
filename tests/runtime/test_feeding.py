"""Events reach every outlet that wants them, once, whatever says no and whenever it is killed."""

import asyncio

import pytest

from bot.model import errors, feed
from bot.runtime import anchors, feeding
from tests.runtime import stage as stages
from tests.runtime import virtual


class Outlet:
    """Wants everything; ``script`` says what becomes of the next deliveries."""

    timeout_s = 10.0

    def __init__(self, name="out", kinds=frozenset(feed.Kind)):
        self.name = name
        self.kinds = kinds
        self.got = []
        self.script = []
        self.quiet_until = None

    def follows(self, rollout):
        return True

    def targets(self, event, rollout):
        return ("",) if event.kind in self.kinds else ()

    def due(self, event, target, now):
        return self.quiet_until or now

    async def deliver(self, events, target):
        if self.script:
            answer = self.script.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            await answer
        self.got.append((virtual.now(), tuple(event.id.partition(":")[0] for event in events)))

    def kinds_got(self):
        return [kind for _, kinds in self.got for kind in kinds]


def feed_of(stage, *outlets):
    stage.announcer = feeding.Feed(
        outlets=outlets,
        places=anchors.Anchors(api=stage.api, observe=lambda obj: None),
        clock=virtual.now,
    )
    return stage.announcer


async def ship(stage, image="app:v2"):
    stage.ship(image)
    stage.settle()
    await asyncio.sleep(30)


async def begin(*outlets):
    stage = stages.Stage(stages.STEPS)
    feed_of(stage, *outlets)
    stage.settle()
    await asyncio.sleep(5)
    return stage


async def through(stage):
    """To the gate, approved, done."""
    await ship(stage)
    await asyncio.sleep(60)
    stage.settle()
    await asyncio.sleep(10)
    stage.patch(
        rolloutBot={
            "version": 1,
            "intents": {
                "i1": {"kind": "promote", "actor": "sam (U0SAM)", "at": virtual.now().isoformat()}
            },
        }
    )
    stage.settle()
    await asyncio.sleep(30)


LOUD = frozenset({feed.Kind.SHIPPED, feed.Kind.NEEDS_APPROVAL, feed.Kind.DONE})
BAD = frozenset({feed.Kind.ROLLED_BACK, feed.Kind.RECOVERED})


def test_feed_tells_a_good_release_in_order_and_nothing_of_a_first_deployment():
    async def story():
        out = Outlet(kinds=LOUD)
        stage = await begin(out)
        early = out.kinds_got()
        await through(stage)
        return out, early

    out, early = virtual.run(story())
    assert early == []
    assert out.kinds_got() == ["shipped", "needs-approval", "done"]


async def roll_back(stage):
    stage.patch(
        abort=True,
        abortedAt=virtual.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        pauseConditions=None,
        rolloutBot={"abort": {"cause": "Step-based analysis phase error/failed: x"}},
    )
    stage.settle()
    await asyncio.sleep(30)


def test_feed_tells_a_rollback_once_and_its_end_once_when_the_manifest_is_set_back():
    async def story():
        out = Outlet(kinds=BAD)
        stage = await begin(out)
        await ship(stage)
        await roll_back(stage)
        before = out.kinds_got()
        await ship(stage, "app:v1")
        stage.settle()
        await asyncio.sleep(30)
        return stage, out, before

    stage, out, before = virtual.run(story())
    assert before == ["rolled-back"]
    assert out.kinds_got() == ["rolled-back", "recovered"]
    said = stage.api.rollout["status"]["rolloutBot"].get("said", {})
    assert not any("rolled-back" in mark for record in said.values() for mark in record)


def test_feed_goes_on_after_a_kill_where_it_stopped():
    async def story():
        out = Outlet(kinds=LOUD | BAD)
        stage = await begin(out)
        await ship(stage)
        feed_of(stage, out)  # another process: nothing but the cluster is left
        stage.settle()
        await asyncio.sleep(30)
        await roll_back(stage)
        feed_of(stage, out)
        stage.settle()
        await asyncio.sleep(30)
        return out

    assert virtual.run(story()).kinds_got() == ["shipped", "rolled-back"]


def test_feed_says_nothing_of_what_was_over_before_it_came():
    async def story():
        stage = stages.Stage(stages.STEPS)
        stage.settle()
        stage.ship("app:v2")
        stage.settle()
        stage.patch(promoteFull=True)
        stage.settle()
        out = Outlet()
        feed_of(stage, out)
        stage.settle()
        await asyncio.sleep(60)
        return out

    assert virtual.run(story()).got == []


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: [errors.Unavailable("503")] * 3,
        lambda: [errors.Unavailable("429", retry_after_s=40.0)],
        lambda: [asyncio.Event().wait(), errors.Unavailable("no")],
        lambda: [TimeoutError()],
    ],
    ids=["5xx", "429", "hangs", "times out"],
)
def test_feed_tries_again_and_keeps_no_other_outlet_waiting(trouble):
    async def story():
        bad, good = Outlet("bad", LOUD), Outlet("good", LOUD)
        stage = await begin(bad, good)
        bad.script = trouble()
        stage.ship("app:v2")
        began = virtual.now()
        stage.settle()
        await asyncio.sleep(120)
        return began, bad, good

    began, bad, good = virtual.run(story())
    assert bad.kinds_got() == good.kinds_got() == ["shipped"]
    assert (good.got[0][0] - began).total_seconds() < 1
    assert (bad.got[0][0] - began).total_seconds() >= 1


@pytest.mark.parametrize("how", ["refused", "never up", "a bug"])
def test_feed_gives_up_after_so_many_tries_and_does_not_come_back_to_it(how):
    async def story():
        out = Outlet(kinds=LOUD)
        stage = await begin(out)
        problem = {
            "refused": [errors.Refused("400")],
            "never up": [errors.Unavailable("503")] * feeding.TRIES,
            "a bug": [KeyError("x")],
        }[how]
        out.script = problem
        await ship(stage)
        await asyncio.sleep(3_600)
        stage.settle()
        await asyncio.sleep(600)
        return stage, out

    stage, out = virtual.run(story())
    assert "shipped" not in out.kinds_got()
    (record,) = [r for key, r in stage.api.rollout["status"]["rolloutBot"]["said"].items()
                 if key.startswith("feed:")]
    (mark,) = [mark for mark in record if "shipped" in mark]
    assert record[mark].startswith("given up")


def test_feed_hands_what_was_held_over_together_when_its_time_has_come():
    async def story():
        out = Outlet(kinds=LOUD)
        stage = await begin(out)
        out.quiet_until = virtual.START.replace(hour=18)
        await through(stage)
        early = list(out.got)
        await asyncio.sleep(6 * 3_600)
        return out, early

    out, early = virtual.run(story())
    assert early == []
    assert [kinds for _, kinds in out.got] == [("shipped", "needs-approval", "done")]


def test_feed_keeps_no_pass_waiting_while_nothing_is_taken():
    async def story():
        out = Outlet()
        out.script = [asyncio.Event().wait() for _ in range(50)]
        stage = await begin(out)
        for turn in range(2, 12):
            stage.ship(f"app:v{turn}")
            stage.settle()
        await asyncio.sleep(1)
        await stage.announcer.drain(timeout_s=1)
        for left in out.script:
            left.close()
        return stage.announcer

    made = virtual.run(story())
    assert sum(len(line.waiting) for line in made._lines) <= feeding.LINE_LIMIT
