"""Experiments on the real control plane: on their own, and as a step of a canary (rows 100-103)."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.test_jobs import bot, check

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
ARGO = "/apis/argoproj.io/v1alpha1/namespaces/{}"
SETS = "/apis/apps/v1/namespaces/{}/replicasets"
SERVICES = "/api/v1/namespaces/{}/services"
HASH = "rollouts-pod-template-hash"
Object = dict[str, Any]


def pod(image: str = "img:1") -> Object:
    container = {"name": "c", "image": image, "ports": [{"containerPort": 80}]}
    return {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
    }


def template(name: str, **more: Any) -> Object:
    return {
        "name": name,
        "selector": {"matchLabels": {"app": "web"}},
        "template": pod(),
        **more,
    }


class Cluster:
    """What the tests ask of the server, each call outside of the loop."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._client, self._namespace = plane.client, namespace

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        where = path.format(self._namespace)
        return await asyncio.to_thread(self._client.call, method, where, body)

    async def merge(self, path: str, body: Any) -> Any:
        where = path.format(self._namespace)
        return await asyncio.to_thread(self._client.merge, where, body)

    async def create(self, plural: str, kind: str, name: str, spec: Object, **meta: Any) -> None:
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": kind,
            "metadata": {"name": name, **meta},
            "spec": spec,
        }
        await self.call("POST", f"{ARGO}/{plural}", body)

    async def experiment(self, *templates: Object, labels: Any = None, **spec: Any) -> None:
        spec = {"templates": list(templates), **spec}
        await self.create("experiments", "Experiment", "exp", spec, labels=labels or {})

    async def judge(self, script: str) -> None:
        spec = {"metrics": [check(script)]}
        await self.create("analysistemplates", "AnalysisTemplate", "judge", spec)

    async def rollout(self, *steps: Object) -> None:
        spec = {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": pod(),
            "strategy": {"canary": {"steps": list(steps)}},
        }
        await self.create("rollouts", "Rollout", "web", spec)
        await self.until("rollouts/web", lambda s: s.get("phase") == "Healthy")
        spec = {"template": {"spec": {"containers": pod("img:2")["spec"]["containers"]}}}
        await self.merge(f"{ARGO}/rollouts/web", {"spec": spec})

    async def until(self, path: str, holds: Callable[[Object], Any]) -> Object:
        async with asyncio.timeout(120):
            while True:
                found = await self.call("GET", f"{ARGO}/{path}")
                if holds(found.get("status") or {}):
                    return dict(found)
                await asyncio.sleep(0.05)

    async def listed(self, path: str, prefix: str) -> dict[str, Object]:
        items = (await self.call("GET", path))["items"]
        return {
            one["metadata"]["name"]: one
            for one in items
            if one["metadata"]["name"].startswith(prefix)
        }

    async def until_gone(self, path: str, prefix: str) -> None:
        async with asyncio.timeout(120):
            while await self.listed(path, prefix):
                await asyncio.sleep(0.05)


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Any:
    name = f"t-{uuid.uuid4().hex[:8]}"
    control_plane.client.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    control_plane.client.call("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def cluster(control_plane: ControlPlane, namespace: str) -> Cluster:
    return Cluster(control_plane, namespace)


def phase(wanted: str) -> Callable[[Object], bool]:
    return lambda status: bool(status.get("phase") == wanted)


@pytest.mark.row(100, 101)
async def test_experiment_ends_after_its_duration_and_its_pods_and_service_go_after_the_delay(
    control_plane: ControlPlane, namespace: str, cluster: Cluster
) -> None:
    async with bot(control_plane, namespace):
        await cluster.experiment(
            template("a", service={}), template("b"), duration="2s", scaleDownDelaySeconds=2
        )
        await cluster.until("experiments/exp", phase("Running"))
        sets, services = await cluster.listed(SETS, "exp-"), await cluster.listed(SERVICES, "exp-")
        assert sorted(sets) == ["exp-a", "exp-b"]
        pods = sets["exp-a"]["metadata"]["labels"][HASH]
        assert services["exp-a"]["spec"]["selector"] == {"app": "web", HASH: pods}
        await cluster.until("experiments/exp", phase("Successful"))
        assert list(await cluster.listed(SERVICES, "exp-")) == ["exp-a"]
        await cluster.until_gone(SERVICES, "exp-")
        sets = await cluster.listed(SETS, "exp-")
        assert {rs["spec"]["replicas"] for rs in sets.values()} == {0}


@pytest.mark.row(102)
@pytest.mark.parametrize(
    ("script", "wanted", "said"),
    [
        ("exit 0", "Successful", "Required AnalysisRuns completed"),
        (
            "exit 1",
            "Failed",
            'Metric "check" assessed Failed due to failed (1) > failureLimit (0)',
        ),
    ],
)
async def test_required_analysis_decides_an_experiment_without_an_end(
    control_plane: ControlPlane,
    namespace: str,
    cluster: Cluster,
    script: str,
    wanted: str,
    said: str,
) -> None:
    await cluster.judge(script)
    judge = {"name": "judge", "templateName": "judge", "requiredForCompletion": True}
    async with bot(control_plane, namespace):
        await cluster.experiment(template("a"), analyses=[judge])
        found = await cluster.until("experiments/exp", phase(wanted))
        assert found["status"].get("message") == said
        assert found["status"]["analysisRuns"][0]["analysisRun"] == "exp-judge"


@pytest.mark.row(103)
async def test_failed_experiment_of_a_step_takes_the_rollout_back(
    control_plane: ControlPlane, namespace: str, cluster: Cluster
) -> None:
    await cluster.judge("exit 1")
    judge = {"name": "judge", "templateName": "judge", "requiredForCompletion": True}
    templates = [{"name": "a", "specRef": "stable"}, {"name": "b", "specRef": "canary"}]
    async with bot(control_plane, namespace):
        await cluster.rollout({"experiment": {"templates": templates, "analyses": [judge]}})
        found = await cluster.until("rollouts/web", phase("Degraded"))
        assert found["status"]["message"] == (
            "RolloutAborted: Rollout aborted update to revision 2: Experiment analysis phase is "
            'error/failed: Metric "check" assessed Failed due to failed (1) > failureLimit (0)'
        )
        assert "currentExperiment" not in found["status"]["canary"]


async def test_experiment_of_a_step_is_ended_by_an_abort(
    control_plane: ControlPlane, namespace: str, cluster: Cluster
) -> None:
    templates = [{"name": "a", "specRef": "stable"}, {"name": "b", "specRef": "canary"}]
    async with bot(control_plane, namespace):
        await cluster.rollout({"experiment": {"templates": templates}})
        found = await cluster.until(
            "rollouts/web", lambda s: (s.get("canary") or {}).get("currentExperiment")
        )
        name = found["status"]["canary"]["currentExperiment"]
        await cluster.until(f"experiments/{name}", phase("Running"))
        await cluster.merge(f"{ARGO}/rollouts/web/status", {"status": {"abort": True}})
        ended = await cluster.until(f"experiments/{name}", phase("Successful"))
        assert ended["spec"]["terminate"] is True


async def test_experiment_of_its_own_runs_the_revisions_of_the_rollout_that_its_label_names(
    control_plane: ControlPlane, namespace: str, cluster: Cluster
) -> None:
    refs = [{"name": "baseline", "specRef": "stable"}, {"name": "canary", "specRef": "canary"}]
    async with bot(control_plane, namespace):
        await cluster.rollout({"setWeight": 10}, {"pause": {}})
        await cluster.until("rollouts/web", phase("Paused"))
        await cluster.experiment(*refs)
        refused = await cluster.until("experiments/exp", lambda s: s.get("conditions"))
        assert (
            "rollout-bot.io/rollout must name it"
            in (refused["status"]["conditions"][0]["message"])
        )
        labels = {"labels": {"rollout-bot.io/rollout": "web"}}
        await cluster.merge(f"{ARGO}/experiments/exp", {"metadata": labels})
        await cluster.until("experiments/exp", phase("Running"))
        images = {
            name: rs["spec"]["template"]["spec"]["containers"][0]["image"]
            for name, rs in (await cluster.listed(SETS, "exp-")).items()
        }
        assert images == {"exp-baseline": "img:1", "exp-canary": "img:2"}
        rollout = await cluster.until("rollouts/web", phase("Paused"))
        assert rollout["status"]["replicas"] == 2
