"""A freeze on its way through the process: into the cluster, to people, into the history."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bot.model import errors, messenger, policy, ports, records
from bot.runtime import freeze_news, recorder, tasks
from bot.wiring import freezing
from tests.core.engine import simulation
from tests.runtime import shelf as shelves
from tests.runtime import test_freezes, virtual

HOUR = timedelta(hours=1)


class Process:
    """The parts of one bot that a freeze goes through, on a cluster that outlives it."""

    def __init__(self, cluster, shelf, desk, *, takes_s=0.3, away=False):
        self.said = []
        self.takes_s, self.away = takes_s, away
        self.woken = []
        self.recorder = recorder.Recorder(
            history=shelf,
            clock=virtual.now,
            rollouts=simulation.Cache(cluster, ports.ROLLOUT),
            cluster="prod-eu",
            link=lambda place: f"https://x.example/{place.channel}/{place.ts}",
        )
        self.controller = SimpleNamespace(
            api=cluster,
            chosen=SimpleNamespace(lease_namespace=simulation.NS, cluster="prod-eu"),
            leading=True,
            caches=SimpleNamespace(
                rollouts=SimpleNamespace(
                    list=lambda: [{"metadata": {"namespace": "shop", "name": "cart"}}]
                )
            ),
            queue=SimpleNamespace(add=self.woken.append),
            recording=self.recorder,
            clock=virtual.now,
        )
        cache = freezing.watch(self.controller)
        if (there := cluster.objects.get(("configmaps", "rollout-bot-freezes"))) is not None:
            cache.observe(there)
        self.book = self.controller.freezes = freezing.build(self.controller, cache)
        self.news = freeze_news.FreezeNews(
            freezes=self.book,
            scenery=desk.scenery,
            rules=replace(desk.rules, default_channel="#rollouts"),
            post=self.post,
            leading=lambda: True,
        )
        cache.listen(self.news.changed)
        self.task = tasks.spawn(self.recorder.run(), name="recorder")

    async def post(self, channel, message):
        await asyncio.sleep(self.takes_s)
        if self.away:
            raise errors.Refused("no")
        self.said.append(message.text)
        return messenger.Place(channel="C0ROLLOUTS", ts=f"{len(self.said)}.5")

    async def kill(self):
        await tasks.cancel(self.task, self.news._task)


def played(story, **more):
    async def run():
        desk, _ = await test_freezes.office()
        cluster, shelf = simulation.Cluster(), shelves.Shelf()

        def boot():
            return Process(cluster, shelf, desk, **more)

        await story(boot)
        return {str(one.kind): one for one in shelf.records()}

    return virtual.run(run())


async def froze(process, **more):
    one = test_freezes.made(scope=policy.Scope(namespace="shop"), **more)
    await process.book.add(one)
    return one


async def end(process):
    await process.book.change(
        "f1", lambda one: replace(one, lifted_at=virtual.now(), lifted_by="bo (U0BO)")
    )


@pytest.mark.parametrize(
    ("stop", "ended"),
    # A stopped line is told in the rollout's own channel too; the first message counts.
    [pytest.param(False, "2.5", id="freeze"), pytest.param(True, "3.5", id="stop-the-line")],
)
def test_freeze_and_its_end_are_recorded_with_the_address_of_their_news(stop, ended):
    async def story(boot):
        process = boot()
        await froze(process, stop=stop)
        await asyncio.sleep(10)
        await end(process)
        await asyncio.sleep(10)
        await process.kill()

    found = played(story)
    assert found["frozen"].permalink == "https://x.example/C0ROLLOUTS/1.5"
    assert found["unfrozen"].permalink == f"https://x.example/C0ROLLOUTS/{ended}"
    assert (found["unfrozen"].actor, found["unfrozen"].way) == ("bo", records.Way.SLACK)


def test_freeze_that_ends_by_itself_points_to_where_its_end_was_announced():
    async def story(boot):
        process = boot()
        await froze(process, until=virtual.now() + HOUR)
        await asyncio.sleep(3_601)
        freezing._recorded(process.controller, *process.book.every())
        await asyncio.sleep(10)
        await process.kill()

    found = played(story)
    assert found["unfrozen"].permalink == found["frozen"].permalink != ""


def test_address_is_waited_for_where_slack_is_slow_and_not_for_ever():
    async def story(boot):
        process = boot()
        await froze(process)
        await asyncio.sleep(10)
        await process.kill()

    assert played(story, takes_s=2.5)["frozen"].permalink == "https://x.example/C0ROLLOUTS/1.5"
    assert played(story, takes_s=100)["frozen"].permalink == ""
    assert played(story, away=True)["frozen"].actor == "dana"


def test_address_is_found_again_by_the_process_after_a_kill():
    async def story(boot):
        first = boot()
        await froze(first)
        await asyncio.sleep(0.5)
        assert first.said != []
        await first.kill()
        second = boot()
        freezing._recorded(second.controller, *second.book.every())
        await asyncio.sleep(10)
        assert second.said == []
        await second.kill()

    assert played(story)["frozen"].permalink == "https://x.example/C0ROLLOUTS/1.5"


def test_place_of_the_news_wakes_no_rollout():
    async def story(boot):
        process = boot()
        await froze(process)
        woken = len(process.woken)
        await asyncio.sleep(10)
        assert (len(process.said), len(process.woken), woken) == (1, 1, 1)
        await end(process)
        assert len(process.woken) == 2
        await process.kill()

    played(story)


def test_freeze_that_is_over_is_kept_until_the_history_has_it_also_over_a_kill():
    async def story(boot):
        first = boot()
        first.recorder.history.fail = lambda number: shelves.AWAY
        await froze(first, until=virtual.now() + HOUR)
        await asyncio.sleep(3_700)
        await freezing.tidied(first.controller)
        assert [one.id for one in first.book.every()] == ["f1"]
        await first.kill()
        second = boot()
        second.recorder.history.fail = lambda number: None
        await freezing.tidied(second.controller)
        await asyncio.sleep(10)
        assert [one.id for one in second.book.every()] == ["f1"]
        await freezing.tidied(second.controller)
        assert second.book.every() == ()
        await second.kill()

    found = played(story)
    assert {"frozen", "unfrozen"} <= set(found)
