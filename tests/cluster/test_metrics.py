"""A scrape of the bot as a process beside the real control plane: what has happened is on the page."""

import json
import re
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.conformance import bot

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
ROLLOUTS = "/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts"


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    name = f"t-{uuid.uuid4().hex[:8]}"
    control_plane.client.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    control_plane.client.call("DELETE", f"/api/v1/namespaces/{name}")


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (answer := found()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return answer


def rollout() -> dict[str, Any]:
    pod = {
        "metadata": {"labels": {"app": "app"}},
        "spec": {"containers": [{"name": "c", "image": "img:1"}]},
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "app"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "app"}},
            "template": pod,
            "strategy": {"canary": {"steps": [{"setWeight": 50}]}},
        },
    }


@pytest.mark.row(118)
def test_page_tells_of_a_rollout_that_ran(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    ports = tmp_path / "ports.json"
    more = ("--namespaced", "--namespace", namespace, "--leader-elect=false")
    arguments = (*more, "--metricsPort", "0", "--ports-file", str(ports))
    client, path = control_plane.client, ROLLOUTS.format(namespace)
    with bot.running(
        kubeconfig=control_plane.bot_kubeconfig, log=tmp_path / "log", arguments=arguments
    ):
        client.call("POST", path, rollout())
        until(lambda: _phase(client.call("GET", f"{path}/app")) == "Healthy")
        port = until(lambda: json.loads(ports.read_text()) if ports.exists() else None)["metrics"]

        def page() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                return str(answer.read().decode())

        me = f'name="app",namespace="{namespace}"'
        for pattern in (
            rf'rollout_info\{{{me},phase="Completed",strategy="canary",traffic_router=""\}} 1',
            rf"rollout_info_replicas_available\{{{me}\}} 1",
            rf"rollout_reconcile_count\{{{me}\}} [1-9]",
            rf'rollout_events_total\{{{me},reason="RolloutCompleted",type="Normal"\}} 1',
            rf'rollout_events_total\{{{me},reason="RolloutAddedToInformer",type="Normal"\}} 1',
            r'rollout_duration_seconds_count\{status="Promoted"\} 1',
            r'controller_clientset_k8s_request_total\{kind="replicasets",.*verb="Create"\} 1',
            r"rollout_bot_leading 1",
            r'workqueue_adds_total\{name="Rollouts"\} [1-9]',
            r'workqueue_work_duration_seconds_count\{name="Rollouts"\} [1-9]',
            r"process_start_time_seconds ",
        ):
            until(lambda pattern=pattern: re.search(pattern, page()))


def _phase(found: dict[str, Any]) -> str:
    return str((found.get("status") or {}).get("phase", ""))
