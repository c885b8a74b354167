"""An abort reaches the route whatever somebody has done to the manifest; who asks is answered."""

import pytest

from bot.core import revisions
from bot.model import errors, ports
from tests.core.engine import simulation

STEPS = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}]


@pytest.fixture
def play():
    made = []

    def start(**how):
        sim = simulation.Simulation(**how)
        made.append(sim)
        return sim.settle()

    yield start
    for sim in made:
        sim.close()


def shipped(play, **how):
    sim = play(steps=STEPS, **how)
    sim.ship("two")
    return sim.settle()


def abort(sim, by):
    if by == "stock":
        sim.write_status(abort=True)
    else:
        sim.ask("abort")
    return sim.settle()


PLUGIN = [*STEPS[:2], {"plugin": {"name": "acme/step"}}]


@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize("by", ["stock", "slack"])
def test_abort_takes_effect_when_the_manifest_has_come_to_use_what_is_not_built(play, routed, by):
    sim = shipped(play, routed=routed)
    sim.patch(spec={"strategy": {"canary": {"steps": PLUGIN}}}).settle()
    assert sim.available("two") == 1
    abort(sim, by)
    assert sim.weight() == 0
    assert sim.status.abort
    sim.wait(60)
    assert sim.sized() == {"one": 5}
    writes = len(sim.cluster.writes)
    sim.once()
    assert len(sim.cluster.writes) == writes


@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize("by", ["stock", "slack"])
def test_abort_takes_back_what_is_in_flight_when_template_and_steps_broke_at_once(
    play, routed, by
):
    sim = shipped(play, routed=routed)
    template = {**sim.raw["spec"]["template"]}
    template["spec"] = {"containers": [{"name": "app", "image": "three"}]}
    broken = [{"setWeight": 101}]
    sim.patch(spec={"template": template, "strategy": {"canary": {"steps": broken}}}).settle()
    assert sim.available("two") == 1
    abort(sim, by)
    assert sim.weight() == 0
    sim.wait(60)
    assert sim.sized() == {"one": 5}
    assert "setWeight" in sim.status.message
    sim.patch(spec={"strategy": {"canary": {"steps": STEPS}}}).settle()
    assert sim.available("three") == 1
    assert not sim.status.abort


@pytest.mark.parametrize(
    "steps", [pytest.param(PLUGIN, id="not-built"), pytest.param([{"setWeight": 101}], id="bad")]
)
@pytest.mark.parametrize("kind", ["promote", "promote-full", "retry"])
def test_person_is_answered_when_the_manifest_cannot_be_run(play, steps, kind):
    sim = shipped(play)
    sim.patch(spec={"strategy": {"canary": {"steps": steps}}}).settle()
    sim.ask(kind)
    sim.settle()
    accepted, sentence = sim.answers()[-1]
    assert not accepted
    assert sentence.startswith("Nothing was changed: ")
    assert not sim.status.bot.intents
    assert sim.available("two") == 1


def endless(**limits):
    metric = {"name": "m", "interval": "1m", "provider": {"prometheus": {"query": "up"}}, **limits}
    return {"metadata": {"name": "t"}, "spec": {"metrics": [metric]}}


@pytest.mark.parametrize(
    ("limits", "args", "count"),
    [
        pytest.param({}, [], 5, id="none"),
        pytest.param({"failureLimit": 7}, [], 8, id="failures"),
        pytest.param({"failureLimit": 3, "consecutiveSuccessLimit": 4}, [], 8, id="successes"),
        pytest.param({"inconclusiveLimit": 9}, [], 10, id="inconclusive"),
        pytest.param({"count": "0"}, [], 5, id="count-of-zero"),
        pytest.param(
            {"failureLimit": "{{args.n}}"}, [{"name": "n", "value": "6"}], 7, id="argument"
        ),
    ],
)
def test_endless_metric_of_a_step_gets_a_count_and_a_warning_when_not_strict(
    play, limits, args, count
):
    sim = play(steps=[{"setWeight": 20}, {"analysis": {"templates": [{"templateName": "t"}]}}])
    body = endless(**limits)
    body["spec"]["args"] = args
    sim.cluster.put(ports.TEMPLATE, body)
    sim.settle()
    sim.ship("two")
    sim.settle()
    (run,) = (o for (plural, _), o in sim.cluster.objects.items() if plural == "analysisruns")
    assert run["spec"]["metrics"][0]["count"] == count
    told = [event for event in sim.events if event[1] == "MetricBounded"]
    assert len(told) == 1
    assert told[0][0] == "Warning"
    assert f"measured {count} times" in told[0][2]


@pytest.mark.parametrize("by", ["stock", "chat"])
def test_abort_takes_the_traffic_back_when_the_settings_of_the_router_are_broken(by):
    sim = simulation.Simulation(
        steps=[{"setWeight": 40}, {"pause": {}}], replicas=5, routed=True
    ).settle()
    sim.ship("two").settle()
    both = {"nginx": {"stableIngress": "web", "stableIngresses": ["web"]}}
    sim.patch(spec={"strategy": {"canary": {"trafficRouting": both}}}).settle()
    stable = sim.status.stable_hash
    if by == "stock":
        sim.write_status(abort=True)
    else:
        sim.ask("abort")
    sim.settle()
    service = sim.cluster.objects["services", "canary"]
    assert service["spec"]["selector"][revisions.HASH] == stable
    assert sim.status.abort
    assert sim.available("one") == 5
    sim.close()


def test_abort_does_not_wait_for_a_workload_that_cannot_be_read():
    sim = simulation.Simulation(steps=[{"setWeight": 40}, {"pause": {}}], replicas=5)
    template = sim.raw["spec"]["template"]
    selector = sim.raw["spec"]["selector"]
    spec = {"replicas": 1, "selector": selector, "template": template}
    sim.cluster.put(ports.DEPLOYMENT, {"metadata": {"name": "legacy"}, "spec": spec})
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "legacy"}
    sim.patch(spec={"template": None, "workloadRef": ref}).settle()
    pod = {"containers": [{"name": "app", "image": "two"}]}
    fresh = {**spec, "template": {**template, "spec": pod}}
    sim.cluster.put(ports.DEPLOYMENT, {"metadata": {"name": "legacy"}, "spec": fresh})
    sim.settle()
    assert sim.available("two") == 2

    def unread(namespace, name):
        raise errors.Unavailable("the deployments are being read")

    sim.reconciler.reader.caches.workloads[ports.DEPLOYMENT].get = unread
    assert isinstance(sim.once(), errors.Unavailable)
    sim.ask("abort")
    for _ in range(6):
        sim.once()
        sim.kubelet()
    assert sim.status.abort
    assert sim.sized() == {"one": 5}
    sim.close()
