"""The demo's own client and stage work on a real API server: TLS, merge, watch, what is installed."""

import asyncio
import contextlib

import pytest

from bot.local.demo import kube, stage, witness

pytestmark = pytest.mark.cluster
SPACE = "demo-client"


@pytest.fixture
async def api(control_plane):
    async with kube.Kube(control_plane.kubeconfig) as opened:
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}
        await opened.apply(space)
        yield opened


def service(weight):
    def entry(host, share):
        return {"destination": {"host": host}, "weight": share}

    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "VirtualService",
        "metadata": {"name": "checkout", "namespace": SPACE},
        "spec": {"http": [{"route": [entry("stable", 100 - weight), entry("canary", weight)]}]},
    }


async def test_client_merges_into_what_is_there_when_it_applies_again(api):
    config = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1", "b": "2"},
              "metadata": {"name": "merged", "namespace": SPACE}}  # fmt: skip
    await api.apply(config)
    await api.apply(config | {"data": {"b": "3"}})
    found = await api.get(f"{kube.collection(config)}/merged")
    assert found["data"] == {"a": "1", "b": "3"}


async def test_client_says_none_for_what_is_not_there_and_refuses_what_is_refused(api):
    assert await api.get(f"/api/v1/namespaces/{SPACE}/configmaps/nothing") is None
    with pytest.raises(kube.RefusedError) as refused:
        await api.call("POST", f"/api/v1/namespaces/{SPACE}/configmaps", {"kind": "Secret"})
    assert refused.value.status == 400


async def test_witness_sees_each_weight_once_and_in_order(api):
    seen = witness.Witness(namespace=SPACE, name="checkout")
    await api.apply(service(0))
    works = seen.watch_virtual_service(api, route="checkout", canary="canary")
    watching = asyncio.ensure_future(works)
    try:
        async with asyncio.timeout(60):
            for weight in (0, 10, 10, 25, 50, 0):
                await api.apply(service(weight))
                while seen.last("weight") != weight:
                    seen.changed.clear()
                    await seen.changed.wait()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert [s.value for s in seen.sights] == [0, 10, 25, 50, 0]


async def test_stage_takes_away_the_namespaces_it_made_and_leaves_those_it_found(api):
    made = {"kind": "Service", "apiVersion": "v1",
            "metadata": {"name": "x", "namespace": "demo-made"}}  # fmt: skip
    found = {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "x", "namespace": SPACE}}
    async with contextlib.AsyncExitStack() as stack:
        await stage.make_namespaces(stack, api, [made, found], keep=False)
        assert await api.get("/api/v1/namespaces/demo-made")
    assert await api.get("/api/v1/namespaces/demo-made") is None
    kept = await api.get(f"/api/v1/namespaces/{SPACE}")
    assert "deletionTimestamp" not in kept["metadata"]
