"""The canary step ``experiment``: what it makes, what its verdict does, when it is ended."""

import pytest

from bot.model import ports
from tests.core.engine.simulation import Simulation

HASH = "rollouts-pod-template-hash"
TEMPLATES = [
    {"name": "baseline", "specRef": "stable"},
    {"name": "candidate", "specRef": "canary", "replicas": 2},
]
STEP = {"experiment": {"duration": "1h", "templates": TEMPLATES}}
PAUSE = {"pause": {}}


def trials(sim):
    return {n: o for (plural, n), o in sim.cluster.objects.items() if plural == "experiments"}


def verdict(sim, name, phase, message="m"):
    found = trials(sim)[name]
    status = {"phase": phase, "message": message}
    sim.cluster.put(ports.EXPERIMENT, {**found, "status": status})
    return sim.settle()


def names(sim):
    pod_hash = sim.status.current_hash
    return [f"app-{pod_hash}-2-0", f"app-{pod_hash}-2-0-1"]


@pytest.fixture
def sim():
    made = Simulation(steps=[STEP, PAUSE]).settle().ship("app:v2").settle()
    yield made
    made.close()


@pytest.mark.row(103)
def test_step_makes_its_experiment_and_waits(sim):
    (name, made), *others = trials(sim).items()
    assert not others
    assert name == names(sim)[0] == sim.status.experiment
    assert made["metadata"]["labels"][HASH] == sim.status.current_hash
    assert made["metadata"]["annotations"] == {"rollout.argoproj.io/revision": "2"}
    assert made["metadata"]["ownerReferences"][0]["name"] == "app"
    assert (sim.status.step_index, sim.status.phase) == (0, "Progressing")
    assert ("Normal", "ExperimentCreated", f"Created Experiment '{name}'") in sim.events
    assert sim.sized() == {"one": 5}


def test_experiment_copies_the_pods_of_both_revisions(sim):
    spec = trials(sim)[names(sim)[0]]["spec"]
    images = [t["template"]["spec"]["containers"][0]["image"] for t in spec["templates"]]
    assert images == ["one", "app:v2"]
    for one, pod_hash in zip(
        spec["templates"], (sim.status.stable_hash, sim.status.current_hash), strict=True
    ):
        assert one["selector"]["matchLabels"][HASH] == pod_hash
        assert one["template"]["metadata"]["labels"][HASH] == pod_hash
    assert [t.get("replicas") for t in spec["templates"]] == [None, 2]
    assert {k: v for k, v in spec.items() if k != "templates"} == {
        "duration": "1h",
        "analysisRunMetadata": {},
    }


def test_no_experiment_is_made_on_the_first_deployment():
    sim = Simulation(steps=[STEP]).settle()
    assert trials(sim) == {}
    assert sim.status.phase == "Healthy"
    sim.close()


def test_success_ends_the_step(sim):
    verdict(sim, names(sim)[0], "Successful")
    assert sim.status.step_index == 1
    assert sim.status.experiment == ""
    assert list(trials(sim)) == names(sim)[:1]
    assert "Rollout step 1/2 completed (experiment)" in [text for _, _, text in sim.events]


@pytest.mark.row(103)
@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_failure_takes_the_rollout_back(sim, phase):
    verdict(sim, names(sim)[0], phase, "too slow")
    assert sim.status.abort
    assert sim.status.message == (
        "RolloutAborted: Rollout aborted update to revision 2: "
        "Experiment analysis phase is error/failed: too slow"
    )
    assert sim.status.experiment == ""


def test_retry_after_a_failure_makes_a_new_experiment(sim):
    verdict(sim, names(sim)[0], "Failed")
    sim.write_status(abort=False).settle()
    assert not sim.status.abort
    assert list(trials(sim)) == names(sim)
    assert sim.status.experiment == names(sim)[1]


@pytest.mark.row(103)
def test_inconclusive_waits_for_a_person_who_has_it_tried_again(sim):
    verdict(sim, names(sim)[0], "Inconclusive")
    assert (sim.status.phase, sim.status.message) == ("Paused", "InconclusiveExperiment")
    assert list(trials(sim)) == names(sim)[:1]
    sim.write_status(pauseConditions=None).settle()
    assert sim.status.experiment == names(sim)[1]
    assert sim.status.phase == "Progressing"
    verdict(sim, names(sim)[1], "Successful")
    assert sim.status.step_index == 1


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda sim: sim.ask("abort"), id="abort"),
        pytest.param(lambda sim: sim.write_status(abort=True), id="stock abort"),
        pytest.param(lambda sim: sim.write_status(promoteFull=True), id="full"),
        pytest.param(lambda sim: sim.write_status(currentStepIndex=1), id="step skipped"),
        pytest.param(lambda sim: sim.ship("one"), id="back to the stable"),
        pytest.param(lambda sim: sim.ship("app:v3"), id="another revision"),
    ],
)
def test_experiment_is_ended_when_nothing_waits_for_it(sim, act):
    name = names(sim)[0]
    act(sim)
    sim.settle()
    assert trials(sim)[name]["spec"]["terminate"] is True
    assert sim.status.experiment != name


def test_new_revision_has_its_own_experiment(sim):
    sim.ship("app:v3").settle()
    assert sim.status.experiment == f"app-{sim.status.current_hash}-3-0"


def test_experiment_that_somebody_deleted_is_made_again(sim):
    del sim.cluster.objects["experiments", names(sim)[0]]
    sim.settle()
    assert list(trials(sim)) == names(sim)[:1]


@pytest.mark.row(128)
def test_unfinished_experiment_is_found_again_when_the_status_was_lost(sim):
    sim.write_status(canary=None).settle()
    assert list(trials(sim)) == names(sim)[:1]
    assert sim.status.experiment == names(sim)[0]


def test_name_of_anothers_experiment_is_left_to_it():
    sim = Simulation(steps=[PAUSE, STEP]).settle().ship("app:v2").settle()
    name = f"app-{sim.status.current_hash}-2-1"
    sim.cluster.put(ports.EXPERIMENT, {"metadata": {"name": name}, "spec": {}})
    sim.ask("promote").settle()
    assert sim.status.experiment == f"{name}-1"
    sim.close()


def test_one_experiment_after_another_has_its_own_name():
    sim = Simulation(steps=[STEP, STEP, PAUSE]).settle().ship("app:v2").settle()
    base = f"app-{sim.status.current_hash}-2"
    verdict(sim, f"{base}-0", "Successful")
    assert sim.status.experiment == f"{base}-1"
    sim.write_status(currentStepIndex=2).settle()
    assert trials(sim)[f"{base}-1"]["spec"]["terminate"] is True
    sim.close()


def test_pods_of_the_step_carry_its_marks_and_its_arguments_are_looked_up():
    template = {
        "name": "candidate",
        "specRef": "canary",
        "metadata": {"labels": {"track": "trial"}, "annotations": {"note": "x"}},
        "service": {"name": "trial"},
    }
    args = [
        {"name": "who", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "old", "valueFrom": {"podTemplateHashValue": "Stable"}},
        {"name": "pods", "value": "{{templates.candidate.podTemplateHash}}"},
    ]
    analysis = {"name": "judge", "templateName": "t", "requiredForCompletion": True, "args": args}
    step = {
        "experiment": {
            "templates": [template],
            "analyses": [analysis],
            "measurementRetention": [{"metricName": ".*", "limit": 3}],
        }
    }
    sim = Simulation(steps=[step]).settle().ship("app:v2").settle()
    ((_, made),) = trials(sim).items()
    one = made["spec"]["templates"][0]
    assert one["selector"]["matchLabels"]["track"] == "trial"
    assert one["template"]["metadata"]["labels"]["track"] == "trial"
    assert one["template"]["metadata"]["annotations"] == {"note": "x"}
    assert one["service"] == {"name": "trial"}
    assert [arg["value"] for arg in made["spec"]["analyses"][0]["args"]] == [
        "app",
        sim.status.stable_hash,
        "{{templates.candidate.podTemplateHash}}",
    ]
    assert made["spec"]["measurementRetention"] == [{"metricName": ".*", "limit": 3}]
    sim.close()


def test_finished_experiments_are_kept_as_history_says(sim):
    sim.patch(spec={"analysis": {"unsuccessfulRunHistoryLimit": 1}})
    for attempt in range(3):
        verdict(sim, sim.status.experiment, "Failed", f"attempt {attempt}")
        sim.write_status(abort=False).settle()
    assert len(trials(sim)) == 2


@pytest.mark.row(50)
def test_deadline_does_not_run_while_an_experiment_does(sim):
    sim.wait(5_000)
    assert sim.status.phase == "Progressing"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"templates": [{"specRef": "stable"}]}, "experiment.templates[0].name"),
        ({"templates": [{"name": "a", "specRef": "newest"}]}, "specRef must be stable or canary"),
        ({"duration": "soon"}, "invalid duration"),
        (
            {"templates": [{"name": "a", "specRef": "stable", "weight": 5}]},
            "Experiment template weight cannot be set unless TrafficRouting is enabled",
        ),
    ],
)
def test_step_that_cannot_be_run_is_refused_in_words(change, text):
    sim = Simulation(steps=[{"experiment": {**STEP["experiment"], **change}}]).settle()
    assert sim.status.phase == "Degraded"
    assert text in sim.status.message
    sim.close()


def test_argument_that_cannot_be_looked_up_is_refused_beforehand():
    args = [{"name": "x", "valueFrom": {"fieldRef": {"fieldPath": "spec.nothing"}}}]
    analyses = [{"name": "judge", "templateName": "t", "args": args}]
    step = {"experiment": {**STEP["experiment"], "analyses": analyses}}
    sim = Simulation(steps=[step]).settle()
    assert sim.status.phase == "Degraded"
    assert "invalid path spec.nothing in rollout" in sim.status.message
    sim.close()
