"""Jobs as checks on the real control plane: bad image, deadline, termination, restart, clean-up."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot import settings
from bot.runtime import tasks
from bot.wiring import controller, serving
from tests.cluster.control_plane import ControlPlane

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
RUNS = "/apis/argoproj.io/v1alpha1/namespaces/{}/analysisruns"
JOBS = "/apis/batch/v1/namespaces/{}/jobs"


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Any:
    name = f"t-{uuid.uuid4().hex[:8]}"
    control_plane.client.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    control_plane.client.call("DELETE", f"/api/v1/namespaces/{name}")


@contextlib.asynccontextmanager
async def bot(plane: ControlPlane, namespace: str, **more: str) -> AsyncIterator[None]:
    """The whole controller, with the rights of the manifests, for one namespace."""
    chosen = settings.Settings(kubeconfig=str(plane.bot_kubeconfig), namespace=namespace, **more)  # type: ignore[arg-type]
    async with serving.connected(chosen) as client, serving.elsewhere(chosen) as jobs:
        made = controller.Controller(chosen, client, jobs=jobs)
        made.timers.start()
        watches = (*made.informers(), made.frozen)
        running = [tasks.spawn(cache.run(), name="watch") for cache in watches]
        try:
            await made.sync()
            running.append(tasks.spawn(made.lead(), name="lead"))
            yield
        finally:
            await tasks.cancel(*reversed(running))
            made.timers.stop()
            await made.chat.close()
            for provider in made.providers.values():
                await provider.close()


def check(script: str, *, image: str = "alpine:3", **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": image, "command": ["sh", "-c", script]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    job = {"backoffLimit": 0, "template": {"spec": pod}, **spec}
    return {"name": "check", "provider": {"job": {"spec": job}}}


class Cluster:
    """What the tests ask of the server, each call outside of the loop."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._client, self.namespace = plane.client, namespace

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        where = path.format(self.namespace)
        return await asyncio.to_thread(self._client.call, method, where, body)

    async def start(self, *metrics: dict[str, Any]) -> None:
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AnalysisRun",
            "metadata": {"name": "run"},
            "spec": {"metrics": list(metrics)},
        }
        await self.call("POST", RUNS, body)

    async def stop(self) -> None:
        path = f"{RUNS}/run".format(self.namespace)
        await asyncio.to_thread(self._client.merge, path, {"spec": {"terminate": True}})

    async def until(self, holds: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        async with asyncio.timeout(120):
            while True:
                run = await self.call("GET", f"{RUNS}/run")
                if holds(run.get("status") or {}):
                    return dict(run["status"])
                await asyncio.sleep(0.05)

    async def jobs(self) -> list[dict[str, Any]]:
        return list((await self.call("GET", JOBS))["items"])

    async def until_no_jobs(self) -> None:
        async with asyncio.timeout(120):
            while await self.jobs():
                await asyncio.sleep(0.05)


@pytest.fixture
def cluster(control_plane: ControlPlane, namespace: str) -> Cluster:
    return Cluster(control_plane, namespace)


def phase(wanted: str) -> Callable[[dict[str, Any]], bool]:
    return lambda status: status.get("phase") == wanted


@pytest.mark.row(98)
async def test_job_is_inconclusive_when_its_image_does_not_exist(
    control_plane: ControlPlane, namespace: str, cluster: Cluster
) -> None:
    async with bot(control_plane, namespace):
        await cluster.start(check("exit 0", image="img:does-not-exist"))
        status = await cluster.until(phase("Inconclusive"))
        assert "container c cannot start: ErrImagePull" in status["message"]
        await cluster.until_no_jobs()


async def test_job_fails_when_its_deadline_passes(
    control_plane: ControlPlane, namespace: str, cluster: Cluster
) -> None:
    async with bot(control_plane, namespace):
        await cluster.start(check("sleep 600", activeDeadlineSeconds=1))
        status = await cluster.until(phase("Failed"))
        assert (
            status["message"]
            == 'Metric "check" assessed Failed due to failed (1) > failureLimit (0)'
        )


@pytest.mark.row(98)
async def test_job_is_deleted_and_no_doubt_remains_when_the_run_is_terminated(
    control_plane: ControlPlane, namespace: str, cluster: Cluster
) -> None:
    async with bot(control_plane, namespace):
        await cluster.start(check("sleep 600"))
        await cluster.until(phase("Running"))
        await cluster.stop()
        status = await cluster.until(phase("Successful"))
        assert status["message"] == "Run Terminated"
        (taken,) = status["metricResults"][0]["measurements"]
        assert (taken["phase"], taken["message"]) == ("Successful", "Metric Terminated")
        await cluster.until_no_jobs()


async def test_job_goes_on_when_the_bot_is_restarted(
    control_plane: ControlPlane, namespace: str, cluster: Cluster
) -> None:
    async with bot(control_plane, namespace):
        await cluster.start(check("sleep 1 && exit 0"))
        await cluster.until(phase("Running"))
    async with bot(control_plane, namespace):
        status = await cluster.until(phase("Successful"))
        (job,) = await cluster.jobs()
        (taken,) = status["metricResults"][0]["measurements"]
        assert taken["metadata"] == {
            "job-name": job["metadata"]["name"],
            "job-namespace": namespace,
        }


async def test_jobs_go_with_their_run(
    control_plane: ControlPlane, namespace: str, cluster: Cluster
) -> None:
    async with bot(control_plane, namespace):
        await cluster.start(check("exit 0"))
        await cluster.until(phase("Successful"))
        assert len(await cluster.jobs()) == 1
        await cluster.call("DELETE", f"{RUNS}/run")
        await cluster.until_no_jobs()


@pytest.mark.row(98)
async def test_job_runs_in_another_cluster_when_one_is_named(
    control_plane: ControlPlane, namespace: str, cluster: Cluster
) -> None:
    """The other cluster is the same one under another kubeconfig: an owner would be found there."""
    there = Cluster(control_plane, f"{namespace}-jobs")
    await cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": f"{namespace}-jobs"}})
    where = {"job_kubeconfig": str(control_plane.bot_kubeconfig), "job_namespace": there.namespace}
    async with bot(control_plane, namespace, **where):
        await cluster.start(check("exit 0"))
        status = await cluster.until(phase("Successful"))
        (job,) = await there.jobs()
        (taken,) = status["metricResults"][0]["measurements"]
        assert taken["metadata"] == {
            "job-name": job["metadata"]["name"],
            "job-namespace": there.namespace,
        }
        assert "ownerReferences" not in job["metadata"]
        assert not await cluster.jobs()
    await cluster.call("DELETE", f"/api/v1/namespaces/{there.namespace}")
