"""The analysis beside the steps: when it appears, what ends it, which finished runs are kept."""

import pytest

from bot.core import codec_status
from bot.model import ports
from tests.core.engine.simulation import Simulation
from tests.core.engine.test_playbooks import PAUSE, add_template, weight

ANALYSIS = {"templates": [{"templateName": "t"}]}


@pytest.fixture(params=[False, True], ids=["basic", "routed"])
def world(request):
    made = []

    def make(*steps, spec=None, **canary):
        sim = Simulation(steps=steps, routed=request.param, **canary)
        made.append(sim)
        add_template(sim)
        sim.patch(spec=spec or {})
        return sim.settle()

    yield make
    for sim in made:
        sim.close()


def runs(sim):
    return [
        (name, run["metadata"]["labels"]["rollout-type"], run["spec"].get("terminate", False))
        for (plural, name), run in sorted(sim.cluster.objects.items())
        if plural == "analysisruns"
    ]


def kinds(sim):
    return [kind for _, kind, _ in runs(sim)]


def born(sim):
    """The unfinished run is of now; the simulation's objects are all equally old."""
    for (plural, _), run in list(sim.cluster.objects.items()):
        if plural == "analysisruns" and not run.get("status"):
            meta = {**run["metadata"], "creationTimestamp": codec_status.stamp(sim.now)}
            sim.cluster.put(ports.RUN, {**run, "metadata": meta})


@pytest.mark.row(75)
@pytest.mark.parametrize("start", [0, 1, 2, 3])
def test_background_run_appears_at_its_starting_step_and_not_before(world, start):
    steps = (weight(10), PAUSE, weight(30), PAUSE)
    sim = world(*steps, analysis={**ANALYSIS, "startingStep": start})
    sim.ship("two").settle()
    assert sim.status.step_index == 1
    assert kinds(sim) == (["Background"] if start <= 1 else [])
    sim.ask("promote").settle()
    assert sim.status.step_index == 3
    assert kinds(sim) == ["Background"]


@pytest.mark.row(76)
@pytest.mark.parametrize("verdict", ["Failed", "Error"])
@pytest.mark.parametrize("promotions", [0, 1])
def test_rollout_is_taken_back_at_any_step_when_its_background_run_fails(
    world, verdict, promotions
):
    sim = world(weight(10), PAUSE, weight(30), PAUSE, analysis=ANALYSIS)
    sim.ship("two").settle()
    for _ in range(promotions):
        sim.ask("promote").settle()
    sim.finish_run(verdict).settle()
    assert sim.status.abort
    assert "Background analysis phase error/failed: m" in sim.status.message


def test_background_run_that_was_successful_is_not_begun_again(world):
    sim = world(weight(10), PAUSE, weight(30), PAUSE, analysis=ANALYSIS)
    sim.ship("two").settle()
    sim.finish_run("Successful").settle()
    sim.ask("promote").settle()
    assert len(runs(sim)) == 1


def test_background_run_is_stopped_when_the_rollout_is_through(world):
    sim = world(weight(10), PAUSE, analysis=ANALYSIS)
    sim.ship("two").settle()
    sim.ask("promote").settle()
    assert sim.status.phase == "Healthy"
    assert [stopped for *_, stopped in runs(sim)] == [True]


@pytest.mark.row(93)
@pytest.mark.parametrize(
    ("verdict", "limit"), [("Successful", "successful"), ("Failed", "unsuccessful")]
)
def test_oldest_finished_runs_go_when_there_are_more_than_are_kept(world, verdict, limit):
    history = {f"{limit}RunHistoryLimit": 2, "revisionHistoryLimit": 20}
    sim = world(weight(10), PAUSE, spec={"analysis": history}, analysis=ANALYSIS)
    sim.patch(spec={"revisionHistoryLimit": 20})
    for number in range(5):
        sim.ship(f"image-{number}").settle()
        born(sim)
        sim.finish_run(verdict).settle()
        if verdict == "Successful":
            sim.ask("promote").settle()
        sim.wait(60)
    finished = [
        run["metadata"]["labels"]["rollouts-pod-template-hash"]
        for (plural, _), run in sim.cluster.objects.items()
        if plural == "analysisruns" and run.get("status", {}).get("phase") == verdict
    ]
    # The run that the status still names does not count.
    assert 2 <= len(finished) <= 3
    newest = {
        rs["metadata"]["labels"]["rollouts-pod-template-hash"]
        for rs in sim.sets()
        if rs["spec"]["template"]["spec"]["containers"][0]["image"]
        in {"image-2", "image-3", "image-4"}
    }
    assert set(finished) <= newest


@pytest.mark.row(8, 93)
def test_runs_go_when_their_revision_is_gone(world):
    sim = world(weight(10), PAUSE, spec={"revisionHistoryLimit": 0}, analysis=ANALYSIS)
    for number in range(3):
        sim.ship(f"image-{number}").settle()
        sim.finish_run("Successful").settle()
        sim.ask("promote").settle()
        sim.wait(60)
    assert len(runs(sim)) <= 1


@pytest.mark.row(80, 81)
def test_template_of_the_cluster_is_found_when_the_scope_says_so(world):
    metric = {"name": "wide", "count": 1, "provider": {"web": {"url": "http://w.example"}}}
    nested = {"templates": [{"templateName": "t"}], "metrics": [metric]}
    sim = world(weight(10))
    sim.cluster.put(
        ports.CLUSTER_TEMPLATE, {"metadata": {"name": "c"}, "spec": {"metrics": [metric]}}
    )
    sim.cluster.put(ports.TEMPLATE, {"metadata": {"name": "n"}, "spec": nested})
    for refs, names in (
        ([{"templateName": "c", "clusterScope": True}, {"templateName": "t"}], ["m", "wide"]),
        ([{"templateName": "n"}], ["wide", "m"]),
    ):
        step = {"analysis": {"templates": refs}}
        sim.patch(spec={"strategy": {"canary": {"steps": [weight(20), step]}}})
        sim.settle()
        sim.ship(f"with-{names[0]}").settle()
        (made,) = [
            run
            for (plural, _), run in sim.cluster.objects.items()
            if plural == "analysisruns" and not run.get("status")
        ]
        assert [metric["name"] for metric in made["spec"]["metrics"]] == names
        sim.finish_run("Successful").settle()
        sim.wait(60)
