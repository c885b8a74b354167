"""The bot comes to what is there already: foreign revisions, its own half-done work, templates."""

import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from bot.core import codec_status
from tests.cluster import rollouts
from tests.cluster.control_plane import ControlPlane

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
GATED: list[dict[str, Any]] = [{"setWeight": 50}, {"pause": {}}]
WIDE = {"name": "wide", "provider": {"web": {"url": "http://127.0.0.1:9/"}}}


@pytest.fixture
def place(control_plane: ControlPlane, tmp_path: Path) -> Any:
    with rollouts.place(control_plane, tmp_path) as made:
        yield made


@pytest.mark.row(6)
def test_replica_set_of_another_hash_is_the_revision_when_it_is_there_before_the_bot(
    place: rollouts.Place,
) -> None:
    place.make({"steps": GATED}, replicas=2)
    labels = {"app": "app", rollouts.HASH: "foreign"}
    template = rollouts.template("img:1")
    owner = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "name": "app",
        "uid": place.rollout()["metadata"]["uid"],
        "controller": True,
    }
    notes = {"rollout.argoproj.io/revision": "1", "rollout.argoproj.io/desired-replicas": "2"}
    body = {
        "metadata": {
            "name": "app-foreign",
            "labels": labels,
            "annotations": notes,
            "ownerReferences": [owner],
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {**template, "metadata": {"labels": labels}},
        },
    }
    place.client.call("POST", place.path("replicasets", group="/apis/apps/v1"), body)
    with place.driven():
        status = place.until(phase="Healthy")
    assert status["currentPodHash"] == status["stableRS"] == "foreign"
    assert [rs["metadata"]["name"] for rs in place.sets()] == ["app-foreign"]


def end_of(place: rollouts.Place) -> Any:
    """What must not depend on how often somebody was killed on the way."""
    status = place.status()
    told = ("phase", "currentStepIndex", "stableRS", "currentPodHash", "replicas")
    sizes = sorted(
        (rs["metadata"]["name"], rs["spec"]["replicas"], rs["metadata"]["annotations"].get(NUMBER))
        for rs in place.sets()
    )
    return {key: status.get(key) for key in told}, sizes


NUMBER = "rollout.argoproj.io/revision"
TIMED = [
    step
    for weight in (20, 40, 60, 80)
    for step in ({"setWeight": weight}, {"pause": {"duration": 1}})
]


def version(place: rollouts.Place) -> str:
    return str(place.rollout()["metadata"]["resourceVersion"])


def arrived(place: rollouts.Place) -> bool:
    status = place.status()
    conditions = {c["type"]: c["status"] for c in status.get("conditions", ())}
    done = status.get("stableRS") == status.get("currentPodHash")
    return bool(done and conditions.get("Healthy") == "True")


def drive(place: rollouts.Place, *, killed: bool) -> int:
    """Until the update is over; with ``killed`` the bot dies each time it has written there."""
    deaths = 0
    while not arrived(place):
        with place.driven() as process, contextlib.suppress(ProcessLookupError):
            before = version(place)
            if not killed:
                rollouts.until(lambda: arrived(place))
                return 0
            rollouts.until(lambda before=before: version(place) != before or arrived(place))
            os.kill(process, signal.SIGKILL)
            deaths += 1
    return deaths


@pytest.mark.row(128)
def test_end_is_the_same_when_the_bot_is_killed_again_and_again(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    ends = []
    for killed in (False, True):
        with rollouts.place(control_plane, tmp_path) as place:
            place.make({"steps": TIMED}, replicas=5)
            with place.driven():
                rollouts.until(lambda place=place: arrived(place))
            place.ship("img:2")
            rollouts.until(lambda place=place: place.rollout()["metadata"]["generation"] > 1)
            deaths = drive_update(place, killed=killed)
            assert (deaths > 3) is killed
            ends.append(end_of(place))
    assert ends[0] == ends[1]


def drive_update(place: rollouts.Place, *, killed: bool) -> int:
    """Nobody has looked at the new image yet: the old status says that all is well."""
    with place.driven() as process:
        rollouts.until(lambda: not arrived(place))
        if killed:
            os.kill(process, signal.SIGKILL)
    return drive(place, killed=killed) + killed


@pytest.mark.row(81)
def test_template_of_the_cluster_is_run_when_the_scope_says_so(place: rollouts.Place) -> None:
    name = place.namespace
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ClusterAnalysisTemplate"}
    where = f"{rollouts.ARGO}/clusteranalysistemplates"
    spec = {"metrics": [WIDE]}
    place.client.call("POST", where, {**body, "metadata": {"name": name}, "spec": spec})
    try:
        named = [{"templateName": name, "clusterScope": True}]
        with place.driven():
            place.make({"steps": [{"setWeight": 50}, {"analysis": {"templates": named}}]})
            place.until(phase="Healthy")
            place.ship("img:2")
            runs = rollouts.until(
                lambda: place.client.call("GET", place.path("analysisruns"))["items"]
            )
        assert [metric["name"] for metric in runs[0]["spec"]["metrics"]] == ["wide"]
    finally:
        place.client.call("DELETE", f"{where}/{name}")


@pytest.mark.row(86)
def test_interval_begins_when_a_job_has_ended(place: rollouts.Place) -> None:
    container = {"name": "c", "image": "alpine:3", "command": ["sh", "-c", "sleep 3; exit 0"]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    job = {"backoffLimit": 0, "template": {"spec": pod}}
    metric = {"name": "m", "interval": "2s", "count": 2, "provider": {"job": {"spec": job}}}
    with place.driven():
        place.create("analysisruns", "AnalysisRun", "run", {"metrics": [metric]})
        where = place.path("analysisruns", "run")

        def status() -> Any:
            return place.client.call("GET", where).get("status") or {}

        rollouts.until(lambda: status().get("phase") == "Successful", said=status)
    first, second = status()["metricResults"][0]["measurements"]
    ended, began = codec_status.time(first["finishedAt"]), codec_status.time(second["startedAt"])
    assert ended is not None
    assert began is not None
    assert (began - ended).total_seconds() >= 2
