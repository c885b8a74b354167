"""The kubectl plugin of Argo 1.9.1 and the server of its dashboard, against our controller.

Every command that writes, in every state in which the plugin writes something else for it; and
what the plugin prints of a rollout that is ours.
"""

import contextlib
import json
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster import handovers, peer, processes
from tests.cluster.control_plane import ControlPlane
from tests.cluster.test_handover import Handed, ours

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
Object = dict[str, Any]
GATED = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}, {"setWeight": 75}, {"pause": {}}]}}
CHECKED = {
    "canary": {
        "steps": [
            {"setWeight": 50},
            {"analysis": {"templates": [{"templateName": "check"}]}},
            {"pause": {}},
        ]
    }
}
BLUE_GREEN = {"blueGreen": {"activeService": "blue-active", "autoPromotionEnabled": False}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One namespace in which our bot drives, and the plugin that is pointed at it."""

    plane: ControlPlane
    namespace: str
    objects: Handed

    def run(self, *words: str, code: int = 0) -> str:
        """What the plugin prints; its exit code must be ``code``."""
        done = subprocess.run(
            [*self.command(), *words], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def command(self) -> list[str]:
        where = ["--kubeconfig", str(self.plane.kubeconfig), "--namespace", self.namespace]
        return [str(peer.path(peer.PLUGIN)), *where]

    def make(self, name: str, strategy: Object, *others: Object) -> None:
        """A healthy rollout of two pods."""
        for body in others:
            self.objects.make(body)
        pod = {"containers": [{"name": "c", "image": "img:1"}], "terminationGracePeriodSeconds": 0}
        spec = {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
            "strategy": strategy,
        }
        self.objects.make(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Rollout",
                "metadata": {"name": name},
                "spec": spec,
            }
        )
        self.until(name, handovers.promoted)

    def until(self, name: str, holds: Callable[[Any], bool]) -> Mapping[str, Any]:
        return self.objects.wait(name, lambda status: bool(status.get("phase")) and holds(status))

    def spec(self, name: str) -> Object:
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{self.namespace}/rollouts/{name}"
        found: Object = self.plane.client.call("GET", path)["spec"]
        return found

    def image(self, name: str) -> str:
        return str(self.spec(name)["template"]["spec"]["containers"][0]["image"])


@pytest.fixture(scope="module")
def place(control_plane: ControlPlane) -> Iterator[Place]:
    if reason := peer.missing(peer.PLUGIN):
        pytest.skip(reason)
    namespace = f"stock-{uuid.uuid4().hex[:6]}"
    control_plane.client.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    with ours(control_plane, namespace):
        objects = Handed(control_plane, namespace)
        yield Place(plane=control_plane, namespace=namespace, objects=objects)
    control_plane.client.call("DELETE", f"/api/v1/namespaces/{namespace}")


def at(phase: str, step: int) -> Callable[[Mapping[str, Any]], bool]:
    return handovers.phase(phase, step=step)


def kept(sort: str, **fields: int) -> Callable[[Mapping[str, Any]], bool]:
    """That the status remembers this write of the plugin: its records name the tool."""
    wanted = {"how": "the Argo Rollouts plugin", **fields}

    def holds(status: Mapping[str, Any]) -> bool:
        found = status.get("rolloutBot", {}).get("stock", {}).get(sort, {})
        return {key: found.get(key) for key in wanted} == wanted

    return holds


def opened(step: int) -> Callable[[Mapping[str, Any]], bool]:
    """That this gate is the last of which the status remembers that it was passed."""
    return lambda status: bool(status.get("rolloutBot", {}).get("opened", {}).get("step") == step)


def lines(text: str) -> dict[str, str]:
    """The head of what ``get rollout`` prints, by its words."""
    found = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, _, value in reversed(list(found))}


def check(image: str) -> Object:
    """A check by a Job that does not end while anybody looks."""
    container = {"name": "c", "image": image, "command": ["sh", "-c", "sleep 600"]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    job = {"backoffLimit": 0, "template": {"spec": pod}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": "check"},
        "spec": {"metrics": [{"name": "check", "provider": {"job": {"spec": job}}}]},
    }


@pytest.mark.row(121)
def test_plugin_moves_a_canary_in_every_state(place: Place) -> None:
    place.make("gate", GATED)
    place.run("set", "image", "gate", "c=img:2")
    place.until("gate", at("Paused", 1))
    assert "promoted" in place.run("promote", "gate")
    place.until("gate", at("Paused", 3))
    assert "aborted" in place.run("abort", "gate")
    place.until("gate", at("Degraded", 0))
    assert "retried" in place.run("retry", "rollout", "gate")
    place.until("gate", at("Paused", 1))
    place.until("gate", kept("retried"))
    place.run("pause", "gate")
    place.until("gate", lambda status: status.get("message") == "manually paused")
    place.until("gate", kept("halted"))
    place.run("promote", "gate")  # it takes back the pause of the spec and passes the gate
    place.until("gate", at("Paused", 3))
    assert not place.spec("gate").get("paused")
    place.until("gate", kept("resumed"))
    assert "fully promoted" in place.run("promote", "gate", "--full")
    place.until("gate", handovers.promoted)
    place.run("promote", "gate", "--full")  # of nothing
    place.run("undo", "gate")
    place.until("gate", at("Paused", 1))
    assert place.image("gate") == "img:1"
    place.run("promote", "gate", "--skip-current-step")
    place.until("gate", at("Paused", 3))
    place.until("gate", kept("moved", start=1, to=2))
    place.run("promote", "gate", "--skip-all-steps")
    place.until("gate", handovers.promoted)
    place.until("gate", kept("moved", start=3, to=4))
    place.run("undo", "gate", "--to-revision=2")
    place.until("gate", at("Paused", 1))
    assert place.image("gate") == "img:2"
    place.run("restart", "gate")
    place.until("gate", lambda status: bool(status.get("restartedAt")))
    for step in (1, 3):  # the plugin only clears the pause: each is kept all the same
        place.until("gate", at("Paused", step))
        place.run("promote", "gate")
        place.until("gate", opened(step))


@pytest.mark.row(121)
def test_plugin_promotes_past_a_check_that_runs_or_is_in_doubt(place: Place) -> None:
    place.make("checked", CHECKED, check("alpine:3"))
    place.run("set", "image", "checked", "c=img:2")
    place.until("checked", handovers.running)
    place.run("promote", "checked")
    place.until("checked", at("Paused", 2))
    place.until("checked", kept("moved", start=1, to=2))
    place.run("abort", "checked")
    place.until("checked", at("Degraded", 0))
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{place.namespace}/analysistemplates/check"
    place.plane.client.merge(path, {"spec": check("img:does-not-exist")["spec"]})
    place.run("retry", "rollout", "checked")
    place.until("checked", lambda status: status.get("message") == "InconclusiveAnalysisRun")
    place.run("promote", "checked")
    # The plugin writes the step and leaves the old message; the next gate is not passed as well.
    held = place.until("checked", lambda status: status.get("message") == "CanaryPauseStep")
    assert at("Paused", 2)(held)


@pytest.mark.row(121)
def test_plugin_ends_an_analysis_run(place: Place) -> None:
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{place.namespace}/analysisruns"
    body = {**check("alpine:3"), "kind": "AnalysisRun", "metadata": {"name": "long"}}
    place.plane.client.call("POST", path, body)
    until(lambda: phase_of(place.plane.client.call("GET", f"{path}/long")) == "Running")
    place.run("terminate", "analysisrun", "long")
    until(lambda: phase_of(place.plane.client.call("GET", f"{path}/long")) == "Successful")


@pytest.mark.row(121)
def test_plugin_promotes_and_aborts_a_blue_green(place: Place) -> None:
    place.make("blue", BLUE_GREEN, handovers.service("blue-active", "blue"))
    place.run("set", "image", "blue", "c=img:2")
    place.until("blue", lambda status: status.get("message") == "BlueGreenPause")
    place.run("abort", "blue")
    place.until("blue", handovers.phase("Degraded"))
    place.run("retry", "rollout", "blue")
    place.until("blue", lambda status: status.get("message") == "BlueGreenPause")
    place.run("promote", "blue")
    place.until("blue", handovers.promoted)
    place.run("set", "image", "blue", "c=img:3")
    place.until("blue", lambda status: status.get("message") == "BlueGreenPause")
    place.run("promote", "blue", "--full")
    place.until("blue", handovers.promoted)


@pytest.mark.row(122)
def test_plugin_prints_how_a_rollout_of_ours_stands(place: Place) -> None:
    place.make("shown", GATED)
    assert lines(place.run("get", "rollout", "shown", "--no-color"))["Status"] == "✔ Healthy"
    assert place.run("status", "shown", "--timeout=60s").strip() == "Healthy"
    place.run("set", "image", "shown", "c=img:2")
    place.until("shown", at("Paused", 1))
    text = place.run("get", "rollout", "shown", "--no-color")
    head = lines(text)
    assert (head["Status"], head["Message"]) == ("॥ Paused", "CanaryPauseStep")
    assert (head["Strategy"], head["Step"]) == ("Canary", "1/4")
    assert (head["SetWeight"], head["ActualWeight"]) == ("50", "50")
    counts = [head[word] for word in ("Desired", "Current", "Updated", "Ready", "Available")]
    assert counts == ["2", "2", "1", "2", "2"]
    assert "img:1 (stable)" in text
    assert "img:2 (canary)" in text
    assert text.index("# revision:2") < text.index("# revision:1")
    assert place.run("status", "shown", "--watch=false").strip() == "Paused - CanaryPauseStep"
    (listed,) = (
        line.split()
        for line in place.run("list", "rollouts").splitlines()
        if line.startswith("shown")
    )
    assert listed == ["shown", "Canary", "Paused", "1/4", "50", "2/2", "2", "1", "2"]
    place.run("abort", "shown")
    place.until("shown", at("Degraded", 0))
    head = lines(place.run("get", "rollout", "shown", "--no-color"))
    assert head["Status"] == "✖ Degraded"
    assert head["Message"] == "RolloutAborted: Rollout aborted update to revision 2"
    assert "Degraded" in place.run("status", "shown", "--watch=false", code=1)


@contextlib.contextmanager
def dashboard(place: Place) -> Iterator[Callable[..., Any]]:
    """Its server at work; yields a way to ask it."""
    port = processes.free_port()
    process = subprocess.Popen(
        [*place.command(), "dashboard", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ask(path: str, *, put: Object | None = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/rollouts/api/v1/{path}",
            data=None if put is None else json.dumps(put).encode(),
            method="GET" if put is None else "PUT",
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def there() -> bool:
        with contextlib.suppress(OSError):
            return bool(ask("version"))
        return False

    try:
        until(there)
        yield ask
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.row(123)
def test_dashboard_shows_and_moves_a_rollout_of_ours(place: Place) -> None:
    place.make("board", GATED)
    place.run("set", "image", "board", "c=img:2")
    place.until("board", at("Paused", 1))
    own = f"rollouts/{place.namespace}/board"
    with dashboard(place) as ask:
        shown = until(lambda: _whole(ask(f"{own}/info")))
        assert (shown["status"], shown["message"]) == ("Paused", "CanaryPauseStep")
        assert (shown["step"], shown["setWeight"], shown["actualWeight"]) == ("1/4", "50", "50")
        roles = {bool(one.get("canary")): one for one in shown["replicaSets"]}
        assert (str(roles[True]["revision"]), str(roles[False]["revision"])) == ("2", "1")
        assert roles[False]["stable"]
        ask(f"{own}/promote", put={"name": "board", "namespace": place.namespace, "full": False})
        place.until("board", at("Paused", 3))
        ask(f"{own}/abort", put={"name": "board", "namespace": place.namespace})
        place.until("board", at("Degraded", 0))
        ask(f"{own}/retry", put={"name": "board", "namespace": place.namespace})
        place.until("board", at("Paused", 1))
        everything = ask(f"rollouts/{place.namespace}/info")["rollouts"]
        assert "board" in {one["objectMeta"]["name"] for one in everything}


def _whole(shown: Object) -> Object | None:
    """Its caches fill one by one."""
    return shown if len(shown.get("replicaSets") or ()) == 2 else None


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (answer := found()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return answer


def phase_of(found: Object) -> str:
    return str((found.get("status") or {}).get("phase", ""))
