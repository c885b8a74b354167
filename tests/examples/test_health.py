"""What Argo CD makes of our objects: in every phase, by its present rules and by its former ones."""

import asyncio

import pytest

from bot.model import ports
from tests.core.engine import simulation
from tests.examples import argo_cd, play
from tests.examples import plane as planes

P, S, H, D, U = argo_cd.P, argo_cd.S, argo_cd.H, argo_cd.D, argo_cd.U
STEPS = [{"setWeight": 20}, {"pause": {"duration": "60s"}}, {"setWeight": 60}, {"pause": {}}]
METRIC = {"name": "m", "provider": {"prometheus": {"query": "up"}}}
ANALYSIS = {"analysis": {"templates": [{"templateName": "t"}]}}


def measured(sim):
    sim.cluster.put(ports.TEMPLATE, {"metadata": {"name": "t"}, "spec": {"metrics": [METRIC]}})
    return shipped(sim.patch(spec={"strategy": {"canary": {"steps": [ANALYSIS]}}}))


def shipped(sim):
    return sim.settle().ship("two").settle()


def broken(sim):
    sim.settle().broken.add("two")
    return sim.ship("two").settle()


def blue_green(sim):
    for name in ("active", "preview"):
        body = {"metadata": {"name": name}, "spec": {"selector": {"app": "app"}}}
        sim.cluster.put(ports.SERVICE, body)
    both = {"activeService": "active", "previewService": "preview", "autoPromotionEnabled": False}
    return sim.patch(spec={"strategy": {"canary": None, "blueGreen": both}})


def referring(sim):
    spec = sim.raw["spec"]
    body = {"metadata": {"name": "old"}, "spec": {k: spec[k] for k in ("selector", "template")}}
    sim.cluster.put(ports.DEPLOYMENT, body)
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "old"}
    return sim.patch(spec={"template": None, "selector": None, "workloadRef": ref}).settle()


def redeployed(sim):
    old = sim.cluster.objects["deployments", "old"]
    pod = {"spec": {"containers": [{"name": "app", "image": "two"}]}}
    sim.cluster.put(ports.DEPLOYMENT, simulation.merge(old, {"spec": {"template": pod}}))
    return sim


ALB = {"trafficRouting": {"alb": {"ingress": "x"}}}
SITUATIONS = {
    "new": (lambda sim: sim, P),
    "first pods to come": (lambda sim: sim.once(), P),
    "deployed": (lambda sim: sim.settle(), H),
    "shipped, not looked at yet": (lambda sim: sim.settle().ship("two"), P),
    "pods to come": (lambda sim: sim.settle().ship("two").once(), P),
    "timed pause": (shipped, S),
    "after the pause": (lambda sim: shipped(sim).ask("promote").once(), P),
    "gate": (lambda sim: shipped(sim).wait(61), S),
    "approved, not looked at yet": (lambda sim: shipped(sim).wait(61).ask("promote"), S),
    "done": (lambda sim: shipped(sim).ask("promote-full").settle(), H),
    "paused by a person": (lambda sim: sim.settle().patch(spec={"paused": True}).settle(), S),
    "analysis": (measured, P),
    "inconclusive": (lambda sim: measured(sim).finish_run("Inconclusive").settle(), S),
    "failed analysis": (lambda sim: measured(sim).finish_run("Failed").settle(), D),
    "aborted": (lambda sim: shipped(sim).ask("abort").settle(), D),
    "tried again": (lambda sim: shipped(sim).ask("abort").settle().ask("retry").settle(), S),
    "back to the stable": (lambda sim: shipped(sim).ship("one").settle(), H),
    "pods that never come": (lambda sim: broken(sim).wait(700), D),
    "wrong spec": (lambda sim: sim.patch(spec={"replicas": -1}).settle(), D),
    "mended spec": (
        lambda sim: sim.patch(spec={"replicas": -1}).settle().patch(spec={"replicas": 2}).settle(), H,
    ),
    "not built": (lambda sim: sim.patch(spec={"strategy": {"canary": ALB}}).settle(), P),
    "built again": (
        lambda sim: (
            sim.patch(spec={"strategy": {"canary": ALB}}).settle()
            .patch(spec={"strategy": {"canary": {"trafficRouting": None}}}).settle()
        ), H,
    ),
    "blue-green deployed": (lambda sim: blue_green(sim).settle(), H),
    "blue-green preview": (lambda sim: shipped(blue_green(sim)), S),
    "blue-green switched": (lambda sim: shipped(blue_green(sim)).ask("promote").settle(), H),
    "blue-green aborted": (lambda sim: shipped(blue_green(sim)).ask("abort").settle(), D),
    "workload deployed": (referring, H),
    "workload changed": (lambda sim: redeployed(referring(sim)).settle(), S),
}  # fmt: skip


@pytest.fixture
def sim():
    made = simulation.Simulation(steps=STEPS)
    yield made
    made.close()


@pytest.mark.parametrize("situation", SITUATIONS)
def test_rollout_has_the_health_that_people_expect_in_argo_cd(sim, situation):
    arrange, health = SITUATIONS[situation]
    arrange(sim)
    assert argo_cd.rollout(sim.raw) == health
    assert argo_cd.by_conditions(sim.raw) == health, "by the rules from before there was a phase"


def test_every_phase_of_a_rollout_is_among_the_situations():
    assert {health for _, health in SITUATIONS.values()} == {P, S, H, D}


GOOD, SICK = {"health": {"status": "healthy"}}, {"health": {"status": "sick"}}
RUNS = {
    "good": (GOOD, {}, [P, H]),
    "bad": (SICK, {}, [P, D]),
    "neither": (SICK, {"failureCondition": "false"}, [P, U]),
    "an error": (GOOD, {"successCondition": "result +"}, [P, D]),
    "not built": (GOOD, {"provider": {"graphite": {"query": "q"}}}, [P, D]),
}


def healths(documents, kind, web):
    """Every health that Argo CD would have shown of the one object of its kind, in order."""
    seen = []

    async def story():
        plane = planes.Plane(web=web)

        def look():
            for obj in plane.cluster.all(kind):
                health = argo_cd.other({**obj, "kind": kind.name})
                if seen[-1:] != [health]:
                    seen.append(health)

        plane.cluster.lookers.append(look)
        async with plane.running():
            plane.cluster.apply(documents)
            await asyncio.sleep(2 * play.AFTER_S)

    play.run(story)
    return seen


@pytest.mark.parametrize("case", RUNS)
def test_run_has_the_health_of_its_verdict_in_argo_cd(case):
    web, change, expected = RUNS[case]
    documents = play.load("analysis-run.yaml")
    documents[0]["spec"]["metrics"][0].update(change)
    assert healths(documents, ports.RUN, web) == expected


EXPERIMENTS = {
    "good": (GOOD, "shop:v1", [P, H]),
    "a bad verdict": (SICK, "shop:v1", [P, D]),
    "pods that never come": (GOOD, "shop:never-ready", [P, D]),
}


@pytest.mark.parametrize("case", EXPERIMENTS)
def test_experiment_has_the_health_of_its_end_in_argo_cd(case):
    web, image, expected = EXPERIMENTS[case]
    documents = play.load("experiment.yaml")
    for template in documents[0]["spec"]["templates"]:
        template["template"]["spec"]["containers"][0]["image"] = image
    assert healths(documents, ports.EXPERIMENT, web) == expected
