"""``run --observe`` beside the real Argo controller: it agrees, writes nothing, tells what differs."""

import contextlib
import http.server
import json
import subprocess
import sys
import threading
import time
import urllib.request
import uuid

import pytest

from tests.cluster import handovers, peer
from tests.cluster.test_handover import Handed, ours, theirs

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
AFTER_S = 15  # on a busy machine the other controller takes its time
RUNS = "/apis/argoproj.io/v1alpha1/namespaces/{}/analysisruns"


def told(log):
    found = []
    for line in log.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in found if line["event"] == "difference"], found


def writes_of_the_bot(plane, namespace):
    entries = map(json.loads, plane.audit_log.read_text().splitlines())
    return [
        (entry["verb"], entry["requestURI"])
        for entry in entries
        if entry["user"]["username"] == "rollout-bot" and f"/{namespace}/" in entry["requestURI"]
    ]


class Nothing(http.server.BaseHTTPRequestHandler):
    """A Prometheus that knows of nothing."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        found = {"status": "success", "data": {"resultType": "vector", "result": []}}
        self.wfile.write(json.dumps(found).encode())

    do_POST = do_GET

    def log_message(self, *_args):
        """Nobody reads it."""


def measured_without_data(plane, namespace):
    """A run that is an error for Argo, for want of a first number, and no verdict here."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        metric = {
            "name": "check",
            "successCondition": "result[0] > 0",
            "consecutiveErrorLimit": 0,
            "provider": {"prometheus": {"address": address, "query": "up"}},
        }
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AnalysisRun",
            "metadata": {"name": "empty"},
            "spec": {"metrics": [metric]},
        }
        path = RUNS.format(namespace)
        plane.client.call("POST", path, body)
        deadline = time.monotonic() + 60
        while not (found := plane.client.call("GET", f"{path}/empty").get("status")):
            assert time.monotonic() < deadline, "it is not measured"
            time.sleep(0.2)
        server.shutdown()
    assert found["phase"] == "Error", found


@contextlib.contextmanager
def workspace(monkeypatch):
    """A workspace whose tokens stand in the environment; its flags, and its messages."""
    command = [sys.executable, "-u", "-m", "bot.local.workspace"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().split()[-1]
        given = dict(process.stdout.readline().strip().split("=", 1) for _ in range(3))
        for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
            monkeypatch.setenv(name, given[name])
        flags = ["--slack-api-url", given["SLACK_API_URL"]]
        flags += ["--slack-channel", "#releases", "--cluster", "test"]

        def messages():
            with urllib.request.urlopen(f"{url}_control/messages", timeout=60) as answer:
                return [one["text"] for one in json.load(answer)["messages"]]

        try:
            yield flags, messages
        finally:
            process.terminate()


def test_observer_agrees_with_argo_in_every_moment_and_tells_what_nobody_does(
    control_plane, monkeypatch
):
    if reason := peer.missing():
        pytest.skip(reason)
    namespace = f"look-{uuid.uuid4().hex[:6]}"
    control_plane.client.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    place = Handed(control_plane, namespace)
    with (
        workspace(monkeypatch) as (flags, messages),
        ours(
            control_plane, namespace, "--observe", "--observe-after", str(AFTER_S), *flags
        ) as log,
    ):
        with theirs(control_plane, namespace):
            place.bring()
            time.sleep(AFTER_S + 4)
            differences, _ = told(log)
            assert differences == []
            deadline = time.monotonic() + 60
            while len(cards := messages()) < len(handovers.MOMENTS):
                assert time.monotonic() < deadline, cards
                time.sleep(0.2)
            _, everything = told(log)
            decided = {line["key"] for line in everything if line["event"] == "decided"}
            assert decided == {f"{namespace}/{name}" for name in handovers.MOMENTS}
            assert all(text.startswith("Observing: ") for text in cards), cards
            measured_without_data(control_plane, namespace)
            deadline = time.monotonic() + 60
            while not told(log)[0]:
                assert time.monotonic() < deadline, "a verdict differs, and nobody is told"
                time.sleep(0.2)
            (judged, *_) = told(log)[0]
            assert judged["path"] == "analysisruns.empty.check.measurements"
            assert (judged["theirs"], judged["ours"]) == ("Error", "Inconclusive")
        place.ask("healthy", handovers.TWO)
        deadline = time.monotonic() + AFTER_S + 60
        while not any(line["key"].endswith("/healthy") for line in told(log)[0]):
            assert time.monotonic() < deadline, "nobody drives it, and nobody is told"
            time.sleep(0.2)
    differences, everything = told(log)
    mine = [line for line in differences if line["key"] == f"{namespace}/healthy"]
    assert any(line["ours"] == "made" for line in mine), "a ReplicaSet is missing"
    assert "rollouts observed" in everything[-1]["event"]
    assert writes_of_the_bot(control_plane, namespace) == []
    control_plane.client.call("DELETE", f"/api/v1/namespaces/{namespace}")
