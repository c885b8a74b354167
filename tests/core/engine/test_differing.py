"""What an observing bot would do otherwise: nothing at rest, each field by its path when it would."""

from datetime import timedelta

import pytest

from bot.core import codec_status, decide, differing
from bot.model import ports
from bot.runtime import decoding, observing
from tests.core.engine import simulation

STEPS = [{"setWeight": 40}, {"pause": {}}]


@pytest.fixture(params=[False, True], ids=["plain", "routed"])
def sim(request):
    made = simulation.Simulation(steps=STEPS, replicas=5, routed=request.param).settle()
    made.ship("two").settle()
    yield made
    made.close()


def differences(sim):
    reader = sim.reconciler.reader
    spec = decoding.decoded(sim.raw, reader)
    status = codec_status.decode(sim.raw["status"])
    seen = reader.see(sim.raw, spec)
    decision = decide.decide(spec, status, seen, (), sim.now)
    return {one.path: (one.theirs, one.ours) for one in differing.of(status, seen, decision)}


def test_nothing_differs_when_the_rollout_rests(sim):
    assert differences(sim) == {}


def test_every_field_is_named_when_it_differs(sim):
    sim.write_status(phase="Healthy", message=None)
    assert differences(sim) == {
        "status.phase": ("Healthy", "Paused"),
        "status.message": (None, "CanaryPauseStep"),
    }


def test_pods_and_traffic_are_named_when_they_differ(sim):
    sim.ship("three")
    found = differences(sim)
    assert any(
        path.startswith("replicasets.") and ours == "made" for path, (_, ours) in found.items()
    )
    assert "status.currentPodHash" in found
    if sim.routed:
        assert found["routes[0].weight"] == (40, 0)


class Timers:
    def __init__(self):
        self.at = None

    def set(self, key, at):
        self.at = at

    def cancel(self, key):
        self.at = None


def test_observer_tells_a_difference_once_and_only_when_it_lasts(sim):
    told, timers = [], Timers()
    observer = observing.Observer(
        reader=sim.reconciler.reader,
        clock=lambda: sim.now,
        timers=timers,
        settled=timedelta(seconds=10),
        told=lambda rollout, one: told.append(one.path),
    )

    def look():
        sim.loop.run_until_complete(observer.look(simulation.KEY))

    writes = len(sim.cluster.writes)
    look()
    assert timers.at is None
    sim.write_status(phase="Healthy", message=None)
    look()
    assert told == []
    assert timers.at == sim.now + timedelta(seconds=10)
    sim.now += timedelta(seconds=10)
    look()
    look()
    assert told == ["status.message", "status.phase"]
    sim.write_status(phase="Paused", message="CanaryPauseStep")
    look()
    sim.write_status(phase="Healthy", message=None)
    look()
    assert len(told) == 2, "the clock starts again"
    assert len(sim.cluster.writes) == writes
    assert observer.summary() == "rollouts observed: 1, differences told: 2"


def test_observer_tells_once_of_a_measurement_that_it_judges_otherwise(sim):
    told = []
    observer = observing.Observer(
        reader=sim.reconciler.reader,
        clock=lambda: sim.now,
        timers=Timers(),
        settled=timedelta(seconds=10),
        told=lambda run, one: told.append((run["metadata"]["name"], one)),
    )
    taken = [{"phase": phase, "value": "[0.9]"} for phase in ("Failed", "Successful")]
    metric = {"name": "ok", "successCondition": "result[0] > 0.95", "failureLimit": 5}
    run = {
        "metadata": {"name": "run"},
        "spec": {"metrics": [{**metric, "interval": "1s", "provider": {"prometheus": {}}}]},
        "status": {"metricResults": [{"name": "ok", "phase": "Running", "measurements": taken}]},
    }
    sim.cluster.put(ports.RUN, run)
    key = f"{simulation.NS}/run"
    for _ in range(2):
        observer.judge(key)
    path = "analysisruns.run.ok.measurements"
    assert told == [("run", differing.Difference(path=path, theirs="Successful", ours="Failed"))]
    assert observer.summary() == "rollouts observed: 0, differences told: 1"
    other = {"labels": {"argo-rollouts.argoproj.io/controller-instance-id": "other"}}
    sim.cluster.put(ports.RUN, {**run, "metadata": {"name": "theirs", **other}})
    observer.judge(f"{simulation.NS}/theirs")
    observer.judge(f"{simulation.NS}/gone")
    assert len(told) == 1
