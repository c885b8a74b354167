"""Lasting measurements beside the queue: nothing is lost, nothing is stopped twice."""

import asyncio
import copy
from datetime import UTC, datetime

import pytest

from bot.model import errors, ports
from bot.runtime import measure
from tests.runtime import stage, virtual

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Store:
    """An API server and a cache in one; ``during`` runs in the middle of each write."""

    kind = ports.RUN

    def __init__(self, run):
        self.run, self.during = run, None

    def get(self, _namespace, _name):
        return self.run

    def observe(self, obj):
        self.run = obj

    async def write(self, write):
        if self.during is not None:
            await self.during()
        self.run = stage.merge(copy.deepcopy(self.run), {"status": write.body["status"]})
        return self.run


class Check:
    """A lasting provider whose end the test decides."""

    name = "job"

    def __init__(self):
        self.end, self.calls = asyncio.get_running_loop().create_future(), []

    async def begin(self, config, *, check):
        self.calls.append(("begin", check.number))
        return {"job-name": f"j{check.number}"}

    async def follow(self, state):
        self.calls.append(("follow", state["job-name"]))
        return await asyncio.shield(self.end)

    async def terminate(self, state):
        self.calls.append(("terminate", state["job-name"]))
        return ports.Ending(phase="Successful", message="Metric Terminated")

    async def collect(self, check, *, keep):
        self.calls.append(("collect", keep))


class Nothing:
    def __getattr__(self, _name):
        return lambda *_, **__: None


class World:
    def __init__(self, **spec):
        metric = {"name": "m", "provider": {"job": {"spec": {}}}, **spec}
        meta = {"namespace": "n", "name": "r", "uid": "u", "resourceVersion": "1"}
        self.store = Store({"metadata": meta, "spec": {"metrics": [metric]}})
        self.asked = asyncio.Event()
        self.check = Check()
        self.measurer = self.restarted()

    def restarted(self):
        return measure.Measurer(
            api=self.store,
            runs=self.store,
            providers={},
            lasting={"job": self.check},
            clock=lambda: NOW,
            timers=Nothing(),
            events=Nothing(),
            again=lambda _key: self.asked.set(),
            changed=lambda _old, _new: None,
        )

    async def work(self):
        """Passes until nobody asks for one."""
        self.asked.set()
        while self.asked.is_set():
            self.asked.clear()
            await self.measurer.reconcile("n/r")
            for _ in range(5):
                await asyncio.sleep(0)

    @property
    def phase(self):
        return self.store.run["status"]["phase"]

    @property
    def taken(self):
        return self.store.run["status"]["metricResults"][0]["measurements"]


async def test_check_is_begun_once_and_followed_to_its_end():
    world = World()
    await world.work()
    assert (world.phase, world.taken[0]["metadata"]) == ("Running", {"job-name": "j1"})
    world.check.end.set_result(ports.Ending(phase="Successful"))
    await asyncio.sleep(0)
    await world.work()
    assert (world.phase, len(world.taken)) == ("Successful", 1)
    assert world.check.calls == [("begin", 1), ("follow", "j1")]


async def test_end_is_not_lost_when_it_comes_while_the_beginning_is_written():
    world = World()

    async def ends():
        world.store.during = None
        world.check.end.set_result(ports.Ending(phase="Failed"))
        for _ in range(5):
            await asyncio.sleep(0)

    world.store.during = ends
    await world.work()
    assert (world.phase, len(world.taken)) == ("Failed", 1)
    assert world.check.calls == [("begin", 1), ("follow", "j1")]


async def test_check_is_followed_from_its_metadata_when_the_bot_starts_again():
    world = World()
    await world.work()
    world.measurer = world.restarted()
    world.check.end.set_result(ports.Ending(phase="Successful"))
    await world.work()
    assert world.phase == "Successful"
    assert world.check.calls == [("begin", 1), ("follow", "j1"), ("follow", "j1")]


@pytest.mark.parametrize("restart", [False, True])
async def test_check_is_terminated_once_when_the_run_is(restart):
    world = World()
    await world.work()
    if restart:
        world.measurer = world.restarted()
    world.store.run["spec"]["terminate"] = True
    await world.work()
    assert (world.phase, world.taken[0]["message"]) == ("Successful", "Metric Terminated")
    assert [name for name, _ in world.check.calls].count("terminate") == 1


async def test_check_is_stopped_when_its_run_breaks():
    world = World()
    await world.work()
    world.store.run["spec"]["args"] = [{"name": "x"}]
    await world.work()
    assert world.phase == "Error"
    assert ("terminate", "j1") in world.check.calls


async def test_error_of_a_check_is_the_measurements():
    world = World()

    async def refuse(_config, *, check):
        raise ports.MetricError("no quota")

    world.check.begin = refuse
    await world.work()
    assert (world.taken[0]["phase"], world.taken[0]["message"]) == ("Error", "no quota")


async def test_end_is_told_again_when_the_write_of_it_met_another(monkeypatch):
    world = World()
    await world.work()
    world.check.end.set_result(ports.Ending(phase="Successful"))
    await asyncio.sleep(0)

    async def conflict():
        world.store.during = None
        raise errors.Conflict("again")

    monkeypatch.setattr(Store, "get", lambda self, *args: _either(self, args))
    world.store.during = conflict
    with pytest.raises(errors.Conflict):
        await world.work()
    await world.work()
    assert world.phase == "Successful"


def _either(store, args):
    """The cache's ``get`` with two names, the API server's with a reference."""
    if len(args) == 2:
        return store.run

    async def read():
        return store.run

    return read()


class Silent:
    """A provider of samples that never answers; ``dropped`` counts the calls that were given up."""

    def __init__(self):
        self.asked = self.dropped = 0

    async def sample(self, config, *, now):
        self.asked += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.dropped += 1
            raise


class Quick:
    async def sample(self, config, *, now):
        return ports.Sample(value=[1.0], shape="[]float64", text="[1]")


def beside_silence(*, count=1):
    """A run with two metrics: the backend of one of them is silent."""
    world = World()
    metrics = [
        {"name": name, "successCondition": "result[0] > 0", "count": count, "interval": "10s"}
        | {"provider": {provider: {"query": "q", "address": "http://m", "url": "http://m"}}}
        for name, provider in (("quick", "prometheus"), ("silent", "web"))
    ]
    world.store.run["spec"]["metrics"] = metrics
    world.silent = Silent()
    world.measurer.providers = {"prometheus": Quick(), "web": world.silent}
    return world


def results(world):
    return {r["name"]: r for r in world.store.run["status"]["metricResults"]}


def test_pass_ends_at_once_when_a_provider_hangs_and_the_other_metric_is_measured():
    async def main():
        world = beside_silence()
        began = asyncio.get_running_loop().time()
        await world.work()
        assert asyncio.get_running_loop().time() == began, "nothing waited"
        assert results(world)["quick"]["phase"] == "Successful"
        assert world.phase == "Running"
        # Further passes ask it no second time.
        await world.work()
        assert (world.silent.asked, world.silent.dropped) == (1, 0)

    virtual.run(main())


def test_measurement_is_an_error_when_the_provider_hung_to_the_last_resort():
    async def main():
        world = beside_silence()
        await world.work()
        await asyncio.sleep(measure.SAMPLE_TIMEOUT_S + 1)
        await world.work()
        taken = results(world)["silent"]["measurements"]
        assert [(m["phase"], m["message"]) for m in taken] == [
            ("Error", "the metric provider did not answer in time")
        ]
        assert world.silent.dropped == 1

    virtual.run(main())


@pytest.mark.parametrize("how", ["terminated", "deleted"])
def test_hanging_measurement_is_given_up_when_its_run_ends(how):
    async def main():
        world = beside_silence()
        await world.work()
        if how == "terminated":
            world.store.run["spec"]["terminate"] = True
        else:
            world.store.run["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
        began = asyncio.get_running_loop().time()
        await world.work()
        assert asyncio.get_running_loop().time() == began
        assert world.silent.dropped == 1
        if how == "terminated":
            assert world.phase == "Successful"

    virtual.run(main())


class Placed(Silent):
    """A provider that is silent unless it is asked within a namespace."""

    def within(self, namespace):
        self.namespace = namespace
        return Quick()


def test_provider_with_keys_is_asked_within_the_namespace_of_the_run():
    async def main():
        world = beside_silence()
        world.measurer.providers["web"] = placed = Placed()
        await world.work()
        assert results(world)["silent"]["phase"] == "Successful"
        assert (placed.namespace, placed.asked) == ("n", 0)

    virtual.run(main())
