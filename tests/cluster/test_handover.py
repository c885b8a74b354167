"""Rollouts change controllers in mid-flight, from the real Argo controller to ours and back.

All moments share a namespace and a hand-over, so that one direction costs one start of each.
"""

import contextlib
import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import handovers, peer, processes
from tests.cluster.control_plane import ControlPlane

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]
ROOT = Path(__file__).parents[2]
ARGO = "/apis/argoproj.io/v1alpha1/namespaces/{}/{}"
WAIT_S, LOOK_S, REST_S = 90.0, 4.0, 1.0
KINDS = {
    "Service": "/api/v1/namespaces/{}/services",
    "VirtualService": "/apis/networking.istio.io/v1alpha3/namespaces/{}/virtualservices",
    "AnalysisTemplate": ARGO.format("{}", "analysistemplates"),
    "Rollout": ARGO.format("{}", "rollouts"),
}


class Handed:
    """One hand-over of every moment: what stood before, after, and in the end."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._plane, self._namespace = plane, namespace
        self.before: dict[str, Any] = {}
        self.after: dict[str, Any] = {}
        self.late: dict[str, Any] = {}

    def make(self, body: dict[str, Any]) -> None:
        where = KINDS[body["kind"]].format(self._namespace)
        self._plane.client.call("POST", where, body)

    def status(self, name: str) -> dict[str, Any]:
        found = self._plane.client.call("GET", f"{self._rollouts}/{name}")
        return found.get("status") or {}

    def sets(self, name: str) -> dict[str, Any]:
        """Revision, pods and uid of each ReplicaSet."""
        where = (
            f"/apis/apps/v1/namespaces/{self._namespace}/replicasets?labelSelector=app%3D{name}"
        )
        found = self._plane.client.call("GET", where)["items"]
        key = "rollout.argoproj.io/revision"
        return {
            rs["metadata"]["name"]: (
                rs["metadata"]["annotations"][key],
                rs["spec"]["replicas"],
                rs["metadata"]["uid"],
            )
            for rs in found
            if key in (rs["metadata"].get("annotations") or {})
        }

    def ask(self, name: str, patch: dict[str, Any]) -> None:
        sub = "/status" if "status" in patch else ""
        self._plane.client.merge(f"{self._rollouts}/{name}{sub}", patch)

    def wait(self, name: str, holds: Callable[[Any], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_S
        while not holds(status := self.status(name)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} does not come there: {json.dumps(status)}")
            time.sleep(0.2)
        return status

    def bring(self) -> None:
        """Every rollout to its moment; side by side, an act at a time."""
        for name, moment in handovers.MOMENTS.items():
            for body in (*moment.others, handovers.rollout(name)):
                self.make(body)
        for name in handovers.MOMENTS:
            self.wait(name, handovers.promoted)
        for turn in range(max(len(m.acts) for m in handovers.MOMENTS.values())):
            acting = {n: m for n, m in handovers.MOMENTS.items() if turn < len(m.acts)}
            self._rest(acting)
            for name, moment in acting.items():
                self.ask(name, moment.acts[turn])
            for name, moment in acting.items():
                self.wait(name, moment.there[turn])

    def _rest(self, names: Iterable[str]) -> None:
        """Until nothing was written to them for a while.

        The Argo controller puts what it has just written back into its cache, over a newer object
        that has come meanwhile, and then does not hear of that one: asked within some ms of a
        write of its own it now and then stands for ever.
        """
        deadline = time.monotonic() + WAIT_S
        seen, since = None, time.monotonic()
        while (found := self._versions(names)) != seen or time.monotonic() - since < REST_S:
            if found != seen:
                seen, since = found, time.monotonic()
            assert time.monotonic() < deadline, "they do not come to rest"
            time.sleep(0.2)

    def _versions(self, names: Iterable[str]) -> list[str]:
        found = [self._plane.client.call("GET", f"{self._rollouts}/{name}") for name in names]
        return [one["metadata"]["resourceVersion"] for one in found]

    def snapshot(self) -> dict[str, Any]:
        return {name: (self.status(name), self.sets(name)) for name in handovers.MOMENTS}

    def go_on(self) -> None:
        for name, moment in handovers.MOMENTS.items():
            if moment.then is not None:
                self.ask(name, moment.then)
        for name, moment in handovers.MOMENTS.items():
            with contextlib.suppress(AssertionError):
                self.wait(name, moment.end)
            self.late[name] = self.status(name)

    @property
    def _rollouts(self) -> str:
        return KINDS["Rollout"].format(self._namespace)


@contextlib.contextmanager
def ours(plane: ControlPlane, namespace: str, *more: str) -> Iterator[Path]:
    """Our bot at work there; yields its log."""
    command = [sys.executable, "-m", "bot", "run", "--kubeconfig", str(plane.bot_kubeconfig)]
    command += ["--namespaced", "--namespace", namespace, "--leader-elect=false", *more]
    log = plane.folder / f"ours-{namespace}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--metricsPort", "0", "--healthzPort", "0", "--logformat", "json"],
            cwd=ROOT,
            stdout=out,
            stderr=out,
        )
    try:
        while '"ready"' not in log.read_text():
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@contextlib.contextmanager
def theirs(plane: ControlPlane, namespace: str) -> Iterator[None]:
    ports = [processes.free_port(), processes.free_port()]
    with peer.Peer(
        kubeconfig=plane.kubeconfig, namespace=namespace, folder=plane.folder, ports=ports
    ):
        yield


@pytest.fixture(scope="module", params=["taken over", "handed back"])
def handed(control_plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[Handed]:
    if reason := peer.missing():
        pytest.skip(reason)
    first, second = (theirs, ours) if request.param == "taken over" else (ours, theirs)
    namespace = f"hand-{uuid.uuid4().hex[:6]}"
    control_plane.client.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    found = Handed(control_plane, namespace)
    with first(control_plane, namespace):
        found.bring()
        time.sleep(1.0)
    found.before = found.snapshot()
    with second(control_plane, namespace):
        time.sleep(LOOK_S)
        found.after = found.snapshot()
        found.go_on()
    yield found
    control_plane.client.call("DELETE", f"/api/v1/namespaces/{namespace}")


OWN = {"rolloutBot", "observedGeneration"}


def told(status: dict[str, Any]) -> dict[str, Any]:
    """The status without what only one controller has and without what time alone changes."""
    return {key: value for key, value in status.items() if key not in OWN}


@pytest.mark.parametrize("moment", handovers.MOMENTS)
def test_rollout_stays_as_it_is_when_another_controller_takes_it(handed, moment):
    (before, old_sets), (after, new_sets) = handed.before[moment], handed.after[moment]
    assert new_sets == old_sets
    assert told(after) == told(before)


@pytest.mark.row(130)
@pytest.mark.parametrize("moment", handovers.MOMENTS)
def test_rollout_goes_on_where_it_was_when_another_controller_has_it(handed, moment):
    status = handed.late[moment]
    assert handovers.MOMENTS[moment].end(status), json.dumps(status)
    assert status["stableRS"] in {name.rpartition("-")[2] for name in handed.before[moment][1]} | {
        status["currentPodHash"]
    }
