"""A Rollout at rest costs the API server nothing: passes are made, nothing is written."""

import json
import re
import urllib.request
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.test_metrics import ROLLOUTS, namespace, rollout, until  # noqa: F401
from tests.conformance import bot

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
PASSES = 3


def writes(plane: ControlPlane, space: str) -> list[tuple[str, str]]:
    """What the bot wrote in the namespace."""
    entries = map(json.loads, plane.audit_log.read_text().splitlines())
    return [
        (entry["verb"], entry["requestURI"])
        for entry in entries
        if entry["user"]["username"] == "rollout-bot" and f"/{space}/" in entry["requestURI"]
    ]


def passes(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        found = re.search(r"rollout_reconcile_count\{[^}]*\} (\S+)", answer.read().decode())
    return float(found[1]) if found else 0


@pytest.mark.row(129)
def test_rollout_at_rest_is_not_written_to_when_it_is_looked_at_again(
    control_plane: ControlPlane,
    namespace: str,  # noqa: F811
    tmp_path: Path,
) -> None:
    ports, client = tmp_path / "ports.json", control_plane.client
    more = ("--namespaced", "--namespace", namespace, "--leader-elect=false")
    arguments = (*more, "--metricsPort", "0", "--ports-file", str(ports))
    here = ROLLOUTS.format(namespace)
    sets = f"/apis/apps/v1/namespaces/{namespace}/replicasets"

    def look_again(number: int) -> None:
        """Somebody else's mark on a ReplicaSet wakes the Rollout, and asks for nothing."""
        before = passes(port)
        name = client.call("GET", sets)["items"][0]["metadata"]["name"]
        mark = {"metadata": {"annotations": {"example.com/looked": str(number)}}}
        client.merge(f"{sets}/{name}", mark)
        until(lambda: passes(port) > before)

    def rests() -> bool:
        found = client.call("GET", f"{here}/app").get("status") or {}
        kinds = {c["type"]: c["status"] for c in found.get("conditions", ())}
        told = client.call("GET", f"/api/v1/namespaces/{namespace}/events")["items"]
        said = {event["reason"] for event in told}
        return kinds.get("Healthy") == "True" and "RolloutCompleted" in said

    log = tmp_path / "log"
    with bot.running(kubeconfig=control_plane.bot_kubeconfig, log=log, arguments=arguments):
        client.call("POST", here, rollout())
        until(rests)
        port = until(lambda: json.loads(ports.read_text()) if ports.exists() else None)["metrics"]
        look_again(0)
        before = writes(control_plane, namespace)
        assert before, "the log of the API server shows what the bot wrote"
        for number in range(1, PASSES + 1):
            look_again(number)
        assert writes(control_plane, namespace) == before
