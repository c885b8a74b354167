"""The life of an Experiment, from its first pass to its last pod (spec §6)."""

import pytest

from tests.core.experiments import world_of_one as worlds


def two(**more):
    return worlds.World(
        templates=[worlds.template("baseline"), worlds.template("candidate", replicas=2)], **more
    )


def judged(required=True, **more):
    analysis = {
        "name": "judge",
        "templateName": "judge",
        "requiredForCompletion": required,
        "args": [{"name": "hash", "value": "{{templates.candidate.podTemplateHash}}"}],
    }
    return two(analyses=[analysis], **more)


def test_experiment_is_pending_until_its_pods_stand():
    world = two(duration="30s")
    world.once()
    assert world.phase == "Pending"
    assert world.sizes() == {"exp-baseline": 1, "exp-candidate": 2}
    assert [world.word("baseline"), world.word("candidate")] == ["Progressing"] * 2
    world.kubelet()
    world.once()
    assert world.phase == "Running"
    assert worlds.stamp(world.status.available_at) == "2026-11-23T12:00:00Z"


@pytest.mark.row(100)
def test_experiment_ends_after_its_duration_and_keeps_its_pods_for_the_delay():
    world = two(duration="30s", scaleDownDelaySeconds=20).settle().wait(29)
    assert world.phase == "Running"
    world.wait(3)
    assert (world.phase, world.status.message) == ("Successful", "")
    assert world.word("baseline") == world.word("candidate") == "Successful"
    assert world.sizes() == {"exp-baseline": 1, "exp-candidate": 2}
    assert all(rs.deadline is not None for rs in world.sets.values())
    world.wait(21)
    assert set(world.sizes().values()) == {0}
    assert all(rs.deadline is None for rs in world.sets.values())
    assert world.phase == "Successful"


def test_experiment_tells_of_every_turn():
    world = two(duration="30s").settle().wait(31)
    assert [reason for reason, _ in world.events] == [
        "TemplateProgressing",
        "TemplateProgressing",
        "ExperimentPending",
        "ScalingReplicaSet",
        "ScalingReplicaSet",
        "TemplateRunning",
        "TemplateRunning",
        "ExperimentRunning",
        "TemplateSuccessful",
        "TemplateSuccessful",
        "ExperimentSuccessful",
    ]
    assert ("TemplateRunning", "Template 'baseline' transitioned from Progressing -> Running") in (
        world.events
    )


def test_experiment_runs_for_ever_without_duration_and_analyses():
    world = two().settle().wait(100_000)
    assert world.phase == "Running"


def test_pods_go_at_once_without_a_delay():
    world = two(duration="5s", scaleDownDelaySeconds=0).settle().wait(7)
    assert set(world.sizes().values()) == {0}


def test_template_fails_when_its_pods_do_not_come_in_time():
    world = two(progressDeadlineSeconds=60)
    world.stuck.add("exp-candidate")
    world.settle().wait(59)
    assert world.phase == "Pending"
    world.wait(3)
    text = "Template 'candidate' exceeded its progressDeadlineSeconds (60)"
    assert (world.phase, world.status.message) == ("Failed", text)
    assert world.word("baseline") == "Successful"
    assert all(rs.deadline is not None for rs in world.sets.values())
    assert world.status.condition("Progressing").reason == "ProgressDeadlineExceeded"


def test_experiment_that_ran_for_long_is_no_failure_when_it_is_terminated():
    world = two(progressDeadlineSeconds=60).settle().wait(7_200).terminate()
    assert world.phase == "Successful"
    assert world.word("candidate") == "Successful"


def test_experiment_that_is_terminated_before_its_pods_stand_is_successful():
    world = judged()
    world.stuck.update({"exp-baseline", "exp-candidate"})
    world.settle().terminate()
    assert world.phase == "Successful"
    assert world.runs == {}


def test_analysis_begins_when_the_pods_stand():
    world = judged()
    world.once()
    assert world.runs == {}
    world.settle()
    run = world.runs["exp-judge"]
    pods = world.sets["exp-candidate"].hash
    assert run["spec"]["args"] == [{"name": "hash", "value": pods}]
    assert "labels" not in run["metadata"]
    assert [run["kind"] for run in run["metadata"]["ownerReferences"]] == ["Experiment"]
    assert world.status.runs[0].phase == "Pending"
    assert world.told == [
        ("AnalysisRunPending", "AnalysisRun 'judge' transitioned from  -> Pending")
    ]


@pytest.mark.row(102)
def test_required_analysis_ends_the_experiment():
    world = judged().settle().verdict("exp-judge", "Running")
    assert world.phase == "Running"
    world.verdict("exp-judge", "Successful")
    assert (world.phase, world.status.message) == (
        "Successful",
        "Required AnalysisRuns completed",
    )
    assert world.word("baseline") == "Successful"


@pytest.mark.row(102)
def test_optional_analysis_does_not_end_it():
    world = judged(required=False).settle().verdict("exp-judge", "Successful")
    assert world.phase == "Running"


def test_optional_analysis_is_ended_when_the_required_one_is_over():
    first = {"name": "judge", "templateName": "judge", "requiredForCompletion": True}
    world = two(analyses=[first, {"name": "other", "templateName": "judge"}]).settle()
    world.verdict("exp-other", "Running").verdict("exp-judge", "Successful")
    assert world.phase == "Successful"
    assert world.runs["exp-other"]["spec"]["terminate"] is True
    assert "terminate" not in world.runs["exp-judge"]["spec"]


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("phase", ["Failed", "Error", "Inconclusive"])
def test_bad_verdict_is_the_end_of_it(phase, required):
    world = judged(required, duration="1h").settle().verdict("exp-judge", phase, "too slow")
    assert (world.phase, world.status.message) == (phase, "too slow")
    assert all(rs.deadline is not None for rs in world.sets.values())


def test_experiment_waits_for_a_required_analysis_past_its_duration():
    world = judged(duration="10s").settle().verdict("exp-judge", "Running").wait(12)
    assert world.phase == "Running"
    assert world.word("candidate") == "Successful"
    world.verdict("exp-judge", "Failed", "too slow")
    assert world.phase == "Failed"


def test_missing_template_of_an_analysis_is_an_error_before_the_pods_stand():
    world = two(analyses=[{"name": "judge", "templateName": "nowhere"}])
    world.settle()
    assert world.phase == "Error"
    assert world.status.message == (
        "AnalysisTemplate verification failed for analysis 'judge': "
        "AnalysisTemplate 'nowhere' not found"
    )


def test_argument_that_names_nothing_is_an_error():
    args = [{"name": "hash", "value": "{{templates.nobody.podTemplateHash}}"}]
    world = two(analyses=[{"name": "judge", "templateName": "judge", "args": args}]).settle()
    assert world.phase == "Error"
    assert "failed to resolve {{templates.nobody.podTemplateHash}}" in world.status.message


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("{{ templates.baseline.replicaset.name }}", "exp-baseline"),
        ("{{experiment.availableAt}}", "2026-11-23T12:00:00Z"),
        ("until {{experiment.finishedAt}}", "until 2026-11-23T12:01:30Z"),
    ],
)
def test_argument_may_ask_of_the_experiment(tag, value):
    args = [{"name": "hash", "value": tag}]
    world = two(
        duration="1m30s", analyses=[{"name": "judge", "templateName": "judge", "args": args}]
    ).settle()
    assert world.runs["exp-judge"]["spec"]["args"][0]["value"] == value


def test_run_that_somebody_deleted_is_made_again():
    world = judged().settle()
    world.runs.clear()
    world.settle()
    assert list(world.runs) == ["exp-judge"]


def test_retry_begins_again_with_the_same_pods_and_a_new_run():
    world = judged().settle().verdict("exp-judge", "Failed", "too slow").wait(40)
    assert set(world.sizes().values()) == {0}
    del world.raw["status"]
    world.settle()
    assert world.phase == "Running"
    assert world.sizes() == {"exp-baseline": 1, "exp-candidate": 2}
    assert list(world.runs) == ["exp-judge", "exp-judge.1"]


def test_nothing_is_written_at_rest():
    world = judged().settle().verdict("exp-judge", "Successful").wait(60)
    assert not world.once()
