"""Evictions: a pod goes if its disruption budget lets it, and the refusal says why."""

import asyncio
from typing import Any

import pytest

from tests.contracts.cluster_api.conftest import MERGE, Server

POLICY = "policy/v1"
NO = "Cannot evict pod as it would violate the pod's disruption budget."


async def pods(server: Server) -> list[dict[str, Any]]:
    """Those that stay."""
    _, found = await server.call("GET", server.path("v1", "pods") + "?labelSelector=app%3Dr")
    return [one for one in found["items"] if "deletionTimestamp" not in one["metadata"]]


async def two_pods(server: Server) -> list[str]:
    """Their names, once both are ready."""
    labels = {"app": "r"}
    container = {"name": "c", "image": "img:1"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
    }
    body = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "r"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }
    path = server.path("apps/v1", "replicasets")
    await server.call("POST", path, body)
    async with asyncio.timeout(60):
        while True:
            _, found = await server.call("GET", f"{path}/r")
            if (found.get("status") or {}).get("availableReplicas") == 2:
                return [one["metadata"]["name"] for one in await pods(server)]
            await asyncio.sleep(0.05)


async def budget(server: Server, **spec: Any) -> dict[str, Any]:
    """Its status, once somebody has counted."""
    body = {
        "apiVersion": POLICY,
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "b"},
        "spec": {"selector": {"matchLabels": {"app": "r"}}, **spec},
    }
    path = server.path(POLICY, "poddisruptionbudgets")
    await server.call("POST", path, body)
    async with asyncio.timeout(60):
        while True:
            _, found = await server.call("GET", f"{path}/b")
            status: dict[str, Any] = found.get("status") or {}
            if status.get("observedGeneration") == 1 and status.get("currentHealthy") == 2:
                return status
            await asyncio.sleep(0.05)


async def evict(server: Server, name: str, meant: str = "") -> tuple[int, dict[str, Any]]:
    meta = {"name": meant or name, "namespace": server.namespace}
    body = {"apiVersion": POLICY, "kind": "Eviction", "metadata": meta}
    return await server.call("POST", server.path("v1", "pods", name, "eviction"), body)


async def test_pod_is_evicted_and_another_takes_its_place_when_nothing_protects_it(
    server: Server,
) -> None:
    first, second = await two_pods(server)
    code, answer = await evict(server, first)
    assert (code, answer["kind"], answer["status"]) == (201, "Status", "Success")
    async with asyncio.timeout(60):
        while True:
            names = {one["metadata"]["name"] for one in await pods(server)}
            if first not in names and len(names) == 2:
                break
            await asyncio.sleep(0.05)
    assert second in names


@pytest.mark.parametrize(
    ("spec", "needs"),
    [
        pytest.param({"minAvailable": 2}, 2, id="two-of-two"),
        pytest.param({"minAvailable": "60%"}, 2, id="per-cent-rounded-up"),
        pytest.param({"maxUnavailable": 0}, 2, id="none-may-go"),
    ],
)
async def test_eviction_is_refused_when_the_budget_needs_the_pod(
    server: Server, spec: dict[str, Any], needs: int
) -> None:
    names = await two_pods(server)
    status = await budget(server, **spec)
    assert (status["desiredHealthy"], status["disruptionsAllowed"]) == (needs, 0)
    code, answer = await evict(server, names[0])
    assert (code, answer["reason"], answer["message"]) == (429, "TooManyRequests", NO)
    (cause,) = answer["details"]["causes"]
    assert cause["reason"] == "DisruptionBudget"
    said = f"The disruption budget b needs {needs} healthy pods and has 2 currently"
    assert cause["message"] == said
    assert {one["metadata"]["name"] for one in await pods(server)} == set(names)


async def test_eviction_is_let_through_when_the_budget_can_spare_one(server: Server) -> None:
    names = await two_pods(server)
    status = await budget(server, minAvailable=1)
    assert status["disruptionsAllowed"] == 1
    assert (await evict(server, names[0]))[0] == 201


async def test_budget_protects_no_longer_when_it_is_gone(server: Server) -> None:
    names = await two_pods(server)
    await budget(server, minAvailable=2)
    assert (await evict(server, names[0]))[0] == 429
    path = server.path(POLICY, "poddisruptionbudgets", "b")
    await server.call("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, kind=MERGE)
    await server.call("DELETE", path)
    async with asyncio.timeout(60):
        while (await evict(server, names[0]))[0] != 201:
            await asyncio.sleep(0.05)


async def test_eviction_is_refused_when_there_is_no_such_pod_or_another_is_meant(
    server: Server,
) -> None:
    code, answer = await evict(server, "nothing")
    assert (code, answer["reason"]) == (404, "NotFound")
    assert answer["message"] == 'pods "nothing" not found'
    names = await two_pods(server)
    code, answer = await evict(server, names[0], meant=names[1])
    assert (code, answer["reason"]) == (400, "BadRequest")
    assert len(await pods(server)) == 2
