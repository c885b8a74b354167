"""The same stage on a real API server: TLS, a token, bindings, status patches, deletions."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.local.traffic import Traffic
from tests.cluster import api, binaries, control_plane
from tests.local.traffic import shop

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def plane() -> Iterator[control_plane.ControlPlane]:
    """One without the fake kubelet: here the runner is the kubelet."""
    if reason := binaries.missing():
        pytest.skip(reason)
    with control_plane.ControlPlane(control_plane.Settings(kubelet=False)) as one:
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
        one.client.call("POST", "/api/v1/namespaces", space)
        yield one


@pytest.fixture
async def traffic(plane: control_plane.ControlPlane, tmp_path: Path) -> AsyncIterator[Traffic]:
    one = Traffic()
    await one.start(
        kubeconfig=str(plane.kubeconfig),
        namespace="shop",
        directory=tmp_path,
        rate=None,
        ready_s=0.0,
        embedded_only=True,
    )
    yield one
    await one.stop()


def replica_set(name: str, *, replicas: int, image: str) -> dict:
    labels = {"app": "checkout", shop.HASH: name}
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": image}]},
            },
        },
    }


def ready(client: api.Client, path: str) -> int:
    return client.call("GET", path).get("status", {}).get("readyReplicas", 0)


async def test_pods_serve_by_weight_and_end_on_a_real_api_server(
    plane: control_plane.ControlPlane, traffic: Traffic
) -> None:
    client, sets = plane.client, "/apis/apps/v1/namespaces/shop/replicasets"
    for name in ("old", "new"):
        client.call("POST", sets, replica_set(name, replicas=2, image="checkout:good-1"))
        one = shop.service(
            f"checkout-{'stable' if name == 'old' else 'canary'}", **{shop.HASH: name}
        )
        client.call("POST", shop.SERVICES, {**one, "kind": "Service", "apiVersion": "v1"})
    client.call("POST", shop.VIRTUAL, {
        **shop.virtual(0), "kind": "VirtualService", "apiVersion": "networking.istio.io/v1beta1",
    })  # fmt: skip
    for name in ("old", "new"):
        await shop.until(lambda n=name: ready(client, f"{sets}/{n}") == 2, within_s=40)
    await revisions(traffic, {"old"})
    client.merge(f"{shop.VIRTUAL}/checkout", {"spec": shop.virtual(100)["spec"]})
    await revisions(traffic, {"new"})
    for name in ("old", "new"):
        client.merge(f"{sets}/{name}", {"spec": {"replicas": 0}})
    await shop.until(lambda: not client.call("GET", shop.PODS)["items"], within_s=40)
    await shop.until(lambda: traffic.ready_pods == 0)


async def revisions(traffic: Traffic, wanted: set[str]) -> None:
    for _ in range(200):
        rows = await traffic.load.burst(count=40)
        if {row.revision or row.status for row in rows} == wanted:
            return
    raise AssertionError(f"never only {wanted}")
