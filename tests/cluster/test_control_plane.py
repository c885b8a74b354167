"""The control plane itself: what the tests and the benchmarks that run against it rely on."""

import json
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import api, contents
from tests.cluster.control_plane import BOT, ControlPlane

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
ROLLOUTS = "/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts"
MANIFESTS = Path(__file__).parents[2] / "manifests"


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    name = f"t-{uuid.uuid4().hex[:8]}"
    control_plane.client.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    control_plane.client.call("DELETE", f"/api/v1/namespaces/{name}")


def until(found: Callable[[], Any], *, timeout_s: float = 30) -> Any:
    """Poll an outside process; the answer as soon as it is true."""
    deadline = time.monotonic() + timeout_s
    while not (answer := found()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return answer


def rollout(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "app"},
        "spec": {
            "selector": {"matchLabels": {"app": "app"}},
            "template": {"spec": {"containers": [{"name": "c", "unknownField": {"a": None}}]}},
            "strategy": {"canary": {"steps": [{"setWeight": 101}, {"pause": {"duration": 5}}]}},
        }
        | spec,
    }


def replica_set(image: str, **pod: Any) -> dict[str, Any]:
    labels = {"app": "app"}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "app"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": image}]} | pod,
            },
        },
    }


def test_rollout_keeps_what_the_definition_does_not_name(
    control_plane: ControlPlane, namespace: str
) -> None:
    client, path = control_plane.client, ROLLOUTS.format(namespace)
    client.call("POST", path, rollout(somethingNew={"deep": [1]}))
    client.merge(f"{path}/app/status", {"status": {"rolloutBot": {"card": {"ts": "1.2"}}}})
    seen = client.call("GET", f"{path}/app")
    assert seen["spec"]["somethingNew"] == {"deep": [1]}
    assert seen["spec"]["template"]["spec"]["containers"][0]["unknownField"] == {"a": None}
    assert seen["status"]["rolloutBot"] == {"card": {"ts": "1.2"}}


def test_rollout_selector_stays_when_somebody_changes_it(
    control_plane: ControlPlane, namespace: str
) -> None:
    client, path = control_plane.client, ROLLOUTS.format(namespace)
    client.call("POST", path, rollout())
    with pytest.raises(api.Refused, match="selector is immutable"):
        client.merge(f"{path}/app", {"spec": {"selector": {"matchLabels": {"app": "other"}}}})
    client.merge(f"{path}/app", {"spec": {"paused": True}})


@pytest.mark.row(53)
def test_rollout_scales_by_its_subresource(control_plane: ControlPlane, namespace: str) -> None:
    client, path = control_plane.client, ROLLOUTS.format(namespace)
    client.call("POST", path, rollout(replicas=2))
    client.merge(f"{path}/app/status", {"status": {"HPAReplicas": 2, "selector": "app=app"}})
    scale = client.merge(f"{path}/app/scale", {"spec": {"replicas": 5}})
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (5, 2)
    assert client.call("GET", f"{path}/app")["spec"]["replicas"] == 5


@pytest.mark.parametrize("plural", ["analysisruns", "experiments"])
def test_run_has_no_status_subresource(
    control_plane: ControlPlane, namespace: str, plural: str
) -> None:
    client = control_plane.client
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/{plural}"
    kind = {"analysisruns": "AnalysisRun", "experiments": "Experiment"}[plural]
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": "r"}}
    client.call("POST", path, body | {"spec": {}})
    with pytest.raises(api.Refused) as refused:
        client.merge(f"{path}/r/status", {"status": {"phase": "Running"}})
    assert refused.value.status == 404
    assert client.merge(f"{path}/r", {"status": {"phase": "Running"}})["status"]["phase"]


def test_definitions_stay_small_enough_for_plain_apply() -> None:
    sizes = {p.name: p.stat().st_size for p in (MANIFESTS / "crds").glob("*.yaml")}
    assert len(sizes) == 5
    assert all(size < 200 * 1024 for size in sizes.values())


def test_pods_get_ready_and_go(control_plane: ControlPlane, namespace: str) -> None:
    client, path = control_plane.client, f"/apis/apps/v1/namespaces/{namespace}/replicasets"
    client.call("POST", path, replica_set("img:1"))
    until(lambda: client.call("GET", f"{path}/app")["status"].get("availableReplicas") == 2)
    client.merge(f"{path}/app", {"spec": {"replicas": 0}})
    pods = f"/api/v1/namespaces/{namespace}/pods"
    until(lambda: not client.call("GET", pods)["items"])


def test_pod_never_gets_ready_when_its_image_does_not_exist(
    control_plane: ControlPlane, namespace: str
) -> None:
    client, pods = control_plane.client, f"/api/v1/namespaces/{namespace}/pods"
    path = f"/apis/apps/v1/namespaces/{namespace}/replicasets"
    client.call("POST", path, replica_set("img:does-not-exist"))

    def reasons() -> set[str]:
        found = [p["status"].get("containerStatuses") for p in client.call("GET", pods)["items"]]
        return {one[0]["state"]["waiting"]["reason"] for one in found if one}

    assert until(reasons) == {"ErrImagePull"}


def test_job_ends_as_its_command_says(control_plane: ControlPlane, namespace: str) -> None:
    client, path = control_plane.client, f"/apis/batch/v1/namespaces/{namespace}/jobs"
    container = {"name": "c", "image": "i", "command": ["sh", "-c", "sleep 0.2 && exit 3"]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    spec = {"backoffLimit": 0, "template": {"spec": pod}}
    client.call("POST", path, {"metadata": {"name": "check"}, "spec": spec})
    until(lambda: client.call("GET", f"{path}/check").get("status", {}).get("failed") == 1)


def test_bot_may_do_only_what_the_manifests_grant(
    control_plane: ControlPlane, namespace: str
) -> None:
    bot = control_plane.bot_client
    assert bot.call("GET", "/apis/argoproj.io/v1alpha1/rollouts")["items"] is not None
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}}
    bot.apply("/apis/coordination.k8s.io/v1/namespaces/argo-rollouts/leases", lease | {"spec": {}})
    for method, path in (
        ("DELETE", f"{ROLLOUTS.format(namespace)}/app"),
        ("DELETE", f"/api/v1/namespaces/{namespace}/pods/app"),
        ("GET", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"),
        ("GET", "/api/v1/nodes"),
    ):
        with pytest.raises(api.Refused) as refused:
            bot.call(method, path)
        assert refused.value.status == 403, path


def test_audit_log_holds_writes_and_no_reads(control_plane: ControlPlane, namespace: str) -> None:
    control_plane.client.call("POST", ROLLOUTS.format(namespace), rollout())
    control_plane.client.call("GET", ROLLOUTS.format(namespace))

    def mine() -> list[dict[str, Any]]:
        lines = control_plane.audit_log.read_text().splitlines()
        events = [json.loads(line) for line in lines if line.endswith("}")]
        return [e for e in events if e["objectRef"].get("namespace") == namespace]

    assert until(mine)
    assert {"get", "list", "watch"}.isdisjoint({event["verb"] for event in mine()})


@pytest.fixture
def rights(control_plane: ControlPlane) -> Iterator[None]:
    """What is installed by hand takes the rights from the user that tests run the bot as."""
    yield
    contents.install_rights(control_plane.client, user=BOT)


def test_manifests_install_by_one_command(control_plane: ControlPlane, rights: None) -> None:
    done = subprocess.run(
        [*control_plane.kubectl, "apply", "-k", str(MANIFESTS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "deployment.apps/rollout-bot created" in done.stdout
    path = "/apis/apps/v1/namespaces/argo-rollouts/deployments/rollout-bot"
    client = control_plane.client
    until(lambda: client.call("GET", path).get("status", {}).get("availableReplicas") == 2)
    client.call("DELETE", path)
