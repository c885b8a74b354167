"""Gauges from raw objects with Argo's names and labels; how courses end and how long they took."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import series

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RUN_PHASES = ["Pending", "Error", "Failed", "Successful", "Running", "Inconclusive"]


def at(seconds):
    return (START + timedelta(seconds=seconds)).isoformat()


def rollout(*, conditions=(), strategy=None, **status):
    canary = {"canary": {"steps": [{"setWeight": 10}, {"pause": {}}, {"pause": {"duration": 5}}]}}
    return {
        "metadata": {
            "namespace": "default",
            "name": "myapp",
            "uid": "u",
            "creationTimestamp": at(-900),
            "annotations": {"rollout.argoproj.io/revision": "4"},
        },
        "spec": {"replicas": 5, "strategy": strategy or canary},
        "status": {
            "conditions": [{"type": kind, **more} for kind, more in dict(conditions).items()],
            "rolloutBot": {"started": at(0)},
            **status,
        },
    }


def found(now=60, **objects):
    everything = {key: [] for key in ("rollouts", "runs", "templates", "experiments")}
    families = series.families(**{**everything, **objects}, now=START + timedelta(seconds=now))
    return {f.name: [(dict(p.labels), p.value) for p in f.points] for f in families}


ME = {"namespace": "default", "name": "myapp"}
MINE = {"namespace": "default", "rollout": "myapp"}


@pytest.mark.row(118)
def test_rollout_has_argos_gauges():
    progressing = {"reason": "RolloutPaused"}
    one = rollout(
        conditions={"Progressing": progressing},
        strategy={"canary": {"trafficRouting": {"nginx": {}, "istio": {}, "plugins": {}}}},
        replicas=6,
        availableReplicas=4,
        updatedReplicas=2,
    )
    got = found(rollouts=[one])
    info = {**ME, "strategy": "canary", "traffic_router": "Nginx", "phase": "Paused"}
    assert got["rollout_info"] == [(info, 1)]
    assert got["rollout_info_replicas_desired"] == [(ME, 5)]
    assert got["rollout_info_replicas_available"] == [(ME, 4)]
    assert got["rollout_info_replicas_unavailable"] == [(ME, 2)]
    assert got["rollout_info_replicas_updated"] == [(ME, 2)]
    phases = {labels["phase"]: value for labels, value in got["rollout_phase"]}
    assert [phase for phase, value in phases.items() if value] == ["Paused"]
    assert len(phases) == 6
    assert set(got["rollout_phase"][0][0]) == {"namespace", "name", "strategy", "phase"}


@pytest.mark.parametrize(
    ("conditions", "phase"),
    [
        ({}, "Progressing"),
        ({"Progressing": {"reason": "ReplicaSetUpdated"}}, "Progressing"),
        ({"Progressing": {"reason": "NewReplicaSetAvailable"}}, "Completed"),
        ({"Progressing": {"reason": "ProgressDeadlineExceeded"}}, "Timeout"),
        ({"Progressing": {"reason": "RolloutAborted"}}, "Abort"),
        ({"Progressing": {"reason": "ReplicaSetCreateError"}}, "Error"),
        ({"Progressing": {"reason": "RolloutPaused"}, "InvalidSpec": {}}, "InvalidSpec"),
    ],
)
def test_rollout_info_has_argos_phase_when_its_conditions_say_so(conditions, phase):
    got = found(rollouts=[rollout(conditions=conditions)])
    assert got["rollout_info"][0][0]["phase"] == phase


@pytest.mark.parametrize(
    ("strategy", "name"), [({"blueGreen": {}}, "blueGreen"), ({"canary": {}}, "canary"), ({}, "")]
)
def test_rollout_info_has_the_strategy(strategy, name):
    one = rollout()
    one["spec"]["strategy"] = strategy
    assert found(rollouts=[one])["rollout_info"][0][0]["strategy"] == name


def test_rollout_has_the_seeds_series():
    got = found(rollouts=[rollout(phase="Paused", currentStepIndex=1)])
    info = {**MINE, "phase": "Paused", "strategy": "canary", "revision": "4"}
    assert got["argo_rollouts_info"] == [(info, 1)]
    assert got["argo_rollouts_phase"] == [({**MINE, "phase": "Paused"}, 1)]
    assert got["argo_rollouts_rollout_duration_seconds"] == [(MINE, 60)]


def test_rollout_duration_stands_still_when_its_course_is_over():
    done = {
        "Completed": {"status": "True", "lastTransitionTime": at(45)},
        "Healthy": {"status": "True", "lastTransitionTime": at(46)},
    }
    for one in (rollout(conditions=done), rollout(abort=True, abortedAt=at(45))):
        assert found(now=500, rollouts=[one])["argo_rollouts_rollout_duration_seconds"] == [
            (MINE, 45)
        ]


@pytest.mark.row(118)
def test_run_has_a_gauge_for_each_phase_and_metric():
    run = {
        "metadata": {
            "namespace": "default",
            "name": "run",
            "ownerReferences": [{"kind": "Rollout", "name": "myapp", "controller": True}],
        },
        "spec": {
            "metrics": [
                {"name": "success-rate", "provider": {"prometheus": {}}},
                {"name": "other", "provider": {"web": {}}},
                {"name": "job", "provider": {"job": {}}},
            ]
        },
        "status": {
            "phase": "Running",
            "metricResults": [
                {"name": "success-rate", "phase": "Failed"},
                {"name": "other", "phase": "Running", "dryRun": True},
            ],
        },
    }
    got = found(runs=[run])
    me = {"namespace": "default", "name": "run"}
    assert got["analysis_run_info"] == [({**me, "phase": "Running"}, 1)]
    assert [(p["phase"], value) for p, value in got["analysis_run_phase"]] == [
        (phase, phase == "Running") for phase in RUN_PHASES
    ]
    types = [(p["metric"], p["type"]) for p, _ in got["analysis_run_metric_type"]]
    assert types == [("success-rate", "Prometheus"), ("other", "WebMetric"), ("job", "Job")]
    holds = [
        (p["metric"], p["dry_run"], p["phase"]) for p, v in got["analysis_run_metric_phase"] if v
    ]
    assert holds == [
        ("success-rate", "false", "Failed"),
        ("other", "true", "Running"),
        ("job", "false", "Pending"),
    ]
    told = {**MINE, "analysis_run": "run"}
    assert got["argo_rollouts_analysis_run_phase"] == [({**told, "phase": "Running"}, 1)]
    assert got["argo_rollouts_analysis_run_metric_phase"][0] == (
        {**told, "metric": "success-rate", "phase": "Failed"},
        1,
    )


@pytest.mark.row(118)
def test_templates_and_experiments_have_their_gauges():
    metric = {"name": "ok", "provider": {"prometheus": {}}}
    template = {"metadata": {"name": "t"}, "spec": {"metrics": [metric]}}
    experiment = {"metadata": {"namespace": "n", "name": "e"}, "status": {"phase": "Failed"}}
    got = found(templates=[template], experiments=[experiment])
    wide = {"namespace": "", "name": "t"}
    assert got["analysis_template_info"] == [(wide, 1)]
    labels = {**wide, "type": "Prometheus", "metric": "ok"}
    assert got["analysis_template_metric_info"] == [(labels, 1)]
    assert got["experiment_info"] == [({"namespace": "n", "name": "e", "phase": "Failed"}, 1)]
    assert [p["phase"] for p, value in got["experiment_phase"] if value] == ["Failed"]


def test_first_revision_takes_until_its_pods_are_there():
    first = {"Completed": {"status": "True", "lastTransitionTime": at(0)}}
    there = {**first, "Healthy": {"status": "True", "lastTransitionTime": at(20)}}
    for conditions, seconds in ((first, 500), (there, 20)):
        got = found(now=500, rollouts=[rollout(conditions=conditions)])
        assert got["argo_rollouts_rollout_duration_seconds"] == [(MINE, seconds)]


OPEN = {"Completed": {"status": "False", "lastTransitionTime": at(0)}}
DONE = {
    "Completed": {"status": "True", "lastTransitionTime": at(30)},
    "Healthy": {"status": "True", "lastTransitionTime": at(30)},
}
UNDER_WAY = {"conditions": OPEN, "currentPodHash": "b", "stableRS": "a"}


@pytest.mark.parametrize(
    ("before", "after", "how"),
    [
        ({}, {"conditions": DONE, "stableRS": "b"}, "Promoted"),
        ({"conditions": {"Completed": DONE["Completed"]}}, {"conditions": DONE}, "Promoted"),
        ({"promoteFull": True}, {"conditions": DONE, "stableRS": "b"}, "FastPromoted"),
        ({}, {"abort": True}, "Aborted"),
        ({}, {"currentPodHash": "c"}, "Superseded"),
        ({}, {"currentPodHash": "a"}, "RolledBack"),
        ({}, {}, None),
        ({"abort": True}, {"abort": True}, None),
        ({"abort": True}, {}, None),
        ({"conditions": DONE}, {"conditions": OPEN, "currentPodHash": "c"}, None),
        ({"currentPodHash": ""}, {}, None),
    ],
)
def test_course_ends_once_and_says_how(before, after, how):
    old, new = rollout(**{**UNDER_WAY, **before}), rollout(**{**UNDER_WAY, **after})
    end = series.ended(old, new, START + timedelta(seconds=30))
    assert (end and (end.how, end.seconds)) == (how and (how, 30.0))


@pytest.mark.parametrize(
    ("reason", "index", "strategy", "waits"),
    [
        ("CanaryPauseStep", 1, None, True),
        ("CanaryPauseStep", 2, None, False),
        ("CanaryPauseStep", 9, None, False),
        ("InconclusiveAnalysisRun", 0, None, True),
        ("BlueGreenPause", 0, {"blueGreen": {"autoPromotionEnabled": False}}, True),
        ("BlueGreenPause", 0, {"blueGreen": {}}, False),
    ],
)
def test_rollout_waits_for_a_person_when_nothing_else_ends_its_pause(
    reason, index, strategy, waits
):
    pause = [{"reason": reason, "startTime": at(5)}]
    one = rollout(strategy=strategy, pauseConditions=pause, currentStepIndex=index)
    assert (series.waiting_since(one) == START + timedelta(seconds=5)) is waits
    assert bool(found(rollouts=[one])["rollout_bot_waiting_for_approval"]) is waits


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "metadata",
                    "name",
                    "spec",
                    "status",
                    "metrics",
                    "strategy",
                    "canary",
                    "conditions",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_broken_object_breaks_no_scrape(thing):
    one = thing if isinstance(thing, dict) else {"spec": thing, "status": thing}
    found(rollouts=[one], runs=[one], templates=[one], experiments=[one])
