"""The work queue: one worker a key, nothing lost, and a lane that nothing ordinary can block."""

import asyncio

import pytest

from bot.model import errors
from bot.runtime import courtesy, queue, queue_load, tasks
from tests.runtime import virtual


def run(work, scenario, **settings):
    async def main():
        made = queue.Queue(work=work, **settings)
        serving = tasks.spawn(made.run(), name="queue")
        try:
            return await scenario(made)
        finally:
            await tasks.cancel(serving)

    return virtual.run(main())


def clock():
    return asyncio.get_running_loop().time()


def test_queue_makes_one_more_pass_when_a_key_is_added_often():
    passes = []

    async def work(key):
        passes.append(key)
        await asyncio.sleep(1)

    async def scenario(made):
        made.add("a")
        await asyncio.sleep(0.5)
        for _ in range(50):
            made.add("a")
        await asyncio.sleep(10)

    run(work, scenario)
    assert passes == ["a", "a"]


def test_queue_never_runs_a_key_twice_at_once_when_both_lanes_ask():
    running, most = [], []

    async def work(key):
        running.append(key)
        most.append(running.count(key))
        await asyncio.sleep(0.1)
        running.remove(key)

    async def scenario(made):
        for at in range(30):
            made.add("a", urgent=at % 2 == 0)
            await asyncio.sleep(0.03)
        await asyncio.sleep(5)

    run(work, scenario)
    assert max(most) == 1


def test_urgent_key_is_served_at_once_when_200_slow_keys_are_waiting():
    served = {}

    async def work(key):
        served[key] = clock()
        if key != "abort":
            await asyncio.sleep(60)

    async def scenario(made):
        for at in range(200):
            made.add(f"slow-{at}")
        await asyncio.sleep(1)
        made.add("abort", urgent=True)
        await asyncio.sleep(1)

    run(work, scenario)
    assert served["abort"] == 1


def test_waiting_key_passes_the_others_when_it_becomes_urgent():
    served = {}

    async def work(key):
        served.setdefault(key, clock())
        if key != "abort":
            await asyncio.sleep(60)

    async def scenario(made):
        for at in range(50):
            made.add(f"slow-{at}")
        made.add("abort")
        await asyncio.sleep(1)
        made.add("abort", urgent=True)
        await asyncio.sleep(1)

    run(work, scenario)
    assert served["abort"] == 1


def test_hanging_pass_is_cut_when_its_key_becomes_urgent():
    starts = []

    async def work(key):
        starts.append(clock())
        if len(starts) == 1:
            await asyncio.sleep(10_000)

    async def scenario(made):
        made.add("a")
        await asyncio.sleep(5)
        made.add("a", urgent=True)
        await asyncio.sleep(5)

    run(work, scenario)
    assert starts == [0, 5 + queue.PATIENCE_S]


def test_pass_is_tried_again_ever_more_slowly_when_the_server_is_away():
    starts = []

    async def work(key):
        starts.append(clock())
        raise errors.Unavailable("away")

    async def scenario(made):
        made.add("a")
        await asyncio.sleep(100)

    run(work, scenario)
    gaps = [b - a for a, b in zip(starts, starts[1:], strict=False)]
    assert gaps == sorted(gaps)
    assert abs(gaps[-1] - queue.BACKOFF_CAP_S) < 0.01


def test_urgent_pass_stays_urgent_when_it_fails():
    starts = []

    async def work(key):
        if key != "abort":
            await asyncio.sleep(10_000)
        starts.append(clock())
        if len(starts) < 20:
            raise errors.Unavailable("away")

    async def scenario(made):
        for at in range(50):
            made.add(f"slow-{at}")
        await asyncio.sleep(1)
        made.add("abort", urgent=True)
        await asyncio.sleep(100)

    run(work, scenario)
    assert len(starts) == 20
    gaps = [b - a for a, b in zip(starts, starts[1:], strict=False)]
    assert max(gaps) < queue.URGENT_BACKOFF_CAP_S + 0.01


def test_urgent_pass_stays_urgent_when_it_meets_a_conflict():
    starts = []

    async def work(key):
        if key != "abort":
            await asyncio.sleep(10_000)
        starts.append(clock())
        if len(starts) < 3:
            raise errors.Conflict("stale")

    async def scenario(made):
        for at in range(50):
            made.add(f"slow-{at}")
        made.add("abort", urgent=True)
        await asyncio.sleep(1)

    run(work, scenario)
    assert len(starts) == 3


def test_pass_waits_as_long_as_the_server_asked_when_it_is_busy():
    starts = []

    async def work(key):
        starts.append(clock())
        if len(starts) == 1:
            raise errors.Unavailable("busy", retry_after_s=7)

    async def scenario(made):
        made.add("a")
        await asyncio.sleep(30)

    run(work, scenario)
    assert starts == [0, 7]


def test_other_keys_go_on_when_one_pass_has_a_bug(caplog):
    served = []

    async def work(key):
        if key == "bad":
            raise ValueError("bug")
        served.append(key)

    async def scenario(made):
        made.add("bad")
        made.add("good")
        await asyncio.sleep(1)

    run(work, scenario, workers=1)
    assert served == ["good"]
    assert "a bug" in caplog.text


def test_queue_takes_nothing_new_when_it_drains():
    served = []

    async def work(key):
        await asyncio.sleep(1)
        served.append(key)

    async def scenario(made):
        made.add("a")
        await asyncio.sleep(0.5)
        await made.drain(timeout_s=10)
        made.add("b")
        await asyncio.sleep(5)

    run(work, scenario)
    assert served == ["a"]


def test_ordinary_keys_begin_only_when_the_urgent_one_has_ended():
    served = {}

    async def work(key):
        served[key] = clock()
        await asyncio.sleep(0.05 if key == "abort" else 0.01)

    async def scenario(made):
        made.add("abort", urgent=True)
        for at in range(3):
            made.add(f"slow-{at}")
        await asyncio.sleep(1)

    run(work, scenario)
    assert served == {"abort": 0, "slow-0": 0.05, "slow-1": 0.05, "slow-2": 0.05}


def test_ordinary_keys_begin_after_a_moment_when_urgent_work_never_ends():
    served = {}

    async def work(key):
        served[key] = clock()
        if key == "abort":
            await asyncio.sleep(60)

    async def scenario(made):
        made.add("abort", urgent=True)
        made.add("slow")
        await asyncio.sleep(1)

    run(work, scenario)
    assert served == {"abort": 0, "slow": courtesy.LONGEST_S}


def test_queues_give_way_to_each_other_when_they_share_their_manners():
    served = {}

    async def work(key):
        served[key] = clock()
        await asyncio.sleep(0.05)

    async def scenario(made):
        other = queue.Queue(work=work, manners=made.manners)
        serving = tasks.spawn(other.run(), name="other")
        made.add("abort", urgent=True)
        other.add("run")
        await asyncio.sleep(1)
        made.add("later")
        await asyncio.sleep(1)
        await tasks.cancel(serving)

    run(work, scenario)
    assert served == {"abort": 0, "run": 0.05, "later": 1}


def test_key_that_somebody_changed_goes_before_those_that_time_moved():
    order = []

    async def work(key):
        order.append(key)
        await asyncio.sleep(0.01)

    async def scenario(made):
        for at in range(4):
            made.add(f"timer-{at}")
        made.add("changed", soon=True)
        made.add("timer-3", soon=True)
        await asyncio.sleep(1)

    run(work, scenario, workers=1)
    assert order == ["changed", "timer-3", "timer-0", "timer-1", "timer-2"]


def test_calls_of_ordinary_passes_wait_and_those_of_urgent_ones_do_not():
    called = {}
    manners = courtesy.Courtesy()

    async def work(key):
        await asyncio.sleep(0.01)  # the ordinary one has begun when the urgent one comes
        await manners.give_way()
        called[key] = clock()
        await asyncio.sleep(0.05)

    async def scenario(made):
        made.add("slow")
        await asyncio.sleep(0.005)
        made.add("abort", urgent=True)
        await asyncio.sleep(1)

    run(work, scenario, manners=manners)
    assert called == {"abort": pytest.approx(0.015), "slow": pytest.approx(0.065)}


@pytest.mark.row(118)
def test_load_is_told_of_when_keys_wait_run_and_are_tried_again():
    seen = {"added": 0, "retried": 0, "waited": [], "worked": []}
    told = queue_load.Load(
        added=lambda: seen.update(added=seen["added"] + 1),
        retried=lambda: seen.update(retried=seen["retried"] + 1),
        waited=seen["waited"].append,
        worked=seen["worked"].append,
    )
    failures = iter([errors.Conflict("read again"), errors.Unavailable("later")])

    async def work(key):
        await asyncio.sleep(2)
        if key == "a" and (failure := next(failures, None)) is not None:
            raise failure

    async def scenario(made):
        for key in "aab":
            made.add(key)
        assert made.load.depth == 2
        await asyncio.sleep(1)
        assert (made.load.depth, made.load.unfinished(clock())) == (1, (1.0, 1.0))
        await asyncio.sleep(20)
        assert (made.load.depth, made.load.unfinished(clock())) == (0, (0, 0.0))

    run(work, scenario, workers=1, load=told)
    # a, b, a after the conflict, a after the outage.
    assert (seen["added"], seen["retried"]) == (4, 2)
    assert seen["waited"] == [0, 2, 2, pytest.approx(0, abs=0.1)]
    assert seen["worked"] == pytest.approx([2, 2, 2, 2])
