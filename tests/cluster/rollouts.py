"""One Rollout in a namespace of its own, for tests that do what no scenario can say."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.control_plane import ControlPlane
from tests.conformance import bot

Object = dict[str, Any]
ARGO = "/apis/argoproj.io/v1alpha1"
HASH = "rollouts-pod-template-hash"
GATE = "example.com/let-in"
PATIENCE_S = 120


class Place:
    """A namespace with its Rollout ``app``; ``gated`` pods get ready only when they are let in."""

    def __init__(self, plane: ControlPlane, namespace: str, *, folder: Path) -> None:
        self.client, self.namespace, self._plane, self._folder = (
            plane.client,
            namespace,
            plane,
            folder,
        )

    def path(self, plural: str, name: str = "", *, group: str = ARGO) -> str:
        return f"{group}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    @contextmanager
    def driven(self) -> Iterator[int]:
        """The bot, for this namespace alone; its process id."""
        where = ("--namespaced", "--namespace", self.namespace, "--leader-elect=false")
        log = self._folder / f"{uuid.uuid4().hex[:6]}.log"
        config = self._plane.bot_kubeconfig
        with bot.running(kubeconfig=config, log=log, arguments=where) as process:
            yield process

    def make(self, strategy: Object, *, gated: bool = False, **spec: Any) -> None:
        body = {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "app"}},
            "template": template("img:1", gated=gated),
            "strategy": {"canary": strategy},
            **spec,
        }
        self.create("rollouts", "Rollout", "app", body)

    def create(self, plural: str, kind: str, name: str, spec: Object) -> Object:
        head = {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": name}}
        return self.client.call("POST", self.path(plural), {**head, "spec": spec})

    def ship(self, image: str) -> None:
        containers = template(image)["spec"]["containers"]
        body = {"spec": {"template": {"spec": {"containers": containers}}}}
        self.client.merge(self.path("rollouts", "app"), body)

    def promote(self) -> None:
        body = {"status": {"pauseConditions": None}}
        self.client.merge(self.path("rollouts", "app") + "/status", body)

    def rollout(self) -> Object:
        return self.client.call("GET", self.path("rollouts", "app"))

    def status(self) -> Object:
        return self.rollout().get("status") or {}

    def until(self, **wanted: Any) -> Object:
        """The status, once it has these words."""
        return until(lambda: _having(self.status(), wanted), said=self.status)

    def sets(self) -> list[Object]:
        return self.client.call("GET", self.path("replicasets", group="/apis/apps/v1"))["items"]

    def pods(self, image: str) -> list[Object]:
        items = self.client.call("GET", self.path("pods", group="/api/v1"))["items"]
        items = [one for one in items if "deletionTimestamp" not in one["metadata"]]
        return [one for one in items if one["spec"]["containers"][0]["image"] == image]

    def let_in(self, image: str, count: int, *, wanted: int) -> None:
        """Once there are ``wanted`` pods of that image: this many of them may be ready."""
        pods = until(lambda: len(found := self.pods(image)) == wanted and found)
        for number, pod in enumerate(sorted(pods, key=lambda one: one["metadata"]["name"])):
            self._allow(pod, allowed=number < count)
        until(lambda: self.available(image) == count)

    def _allow(self, pod: Object, *, allowed: bool) -> None:
        kinds = {GATE: allowed} if allowed else {GATE: False, "Ready": False}
        word = {True: "True", False: "False"}
        conditions = [{"type": kind, "status": word[value]} for kind, value in kinds.items()]
        where = self.path("pods", pod["metadata"]["name"], group="/api/v1") + "/status"
        self.client.call(
            "PATCH",
            where,
            {"status": {"conditions": conditions}},
            content="application/strategic-merge-patch+json",
        )

    def available(self, image: str) -> int:
        found = [
            rs.get("status", {}).get("availableReplicas", 0)
            for rs in self.sets()
            if rs["spec"]["template"]["spec"]["containers"][0]["image"] == image
        ]
        return sum(found)


@contextmanager
def place(plane: ControlPlane, folder: Path) -> Iterator[Place]:
    name = f"t-{uuid.uuid4().hex[:8]}"
    plane.client.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    try:
        yield Place(plane, name, folder=folder)
    finally:
        plane.client.call("DELETE", f"/api/v1/namespaces/{name}")


def template(image: str, *, gated: bool = False) -> Object:
    spec: Object = {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "c", "image": image}],
    }
    if gated:
        spec["readinessGates"] = [{"conditionType": GATE}]
    return {"metadata": {"labels": {"app": "app"}}, "spec": spec}


def until(found: Callable[[], Any], *, said: Callable[[], Any] = lambda: "") -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := found()):
        assert time.monotonic() < deadline, f"waited in vain: {json.dumps(said())[:2000]}"
        time.sleep(0.05)
    return answer


def _having(status: Object, wanted: Object) -> Object | None:
    return status if all(status.get(key) == value for key, value in wanted.items()) else None
