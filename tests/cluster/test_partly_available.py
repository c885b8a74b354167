"""Some pods are there and others are not: what traffic and steps make of it."""

from pathlib import Path
from typing import Any

import pytest

from tests.cluster import rollouts
from tests.cluster.control_plane import ControlPlane
from tests.conformance import cluster, objects

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
PAUSE: dict[str, Any] = {"pause": {}}
ISTIO = {
    "canaryService": "app-canary",
    "stableService": "app-stable",
    "trafficRouting": {"istio": {"virtualService": {"name": "app", "routes": ["primary"]}}},
}


def weight(place: rollouts.Place) -> int:
    return int(place.status()["canary"]["weights"]["canary"]["weight"])


@pytest.fixture
def place(control_plane: ControlPlane, tmp_path: Path) -> Any:
    with rollouts.place(control_plane, tmp_path) as made, made.driven():
        yield made


def start(place: rollouts.Place, *steps: dict[str, Any], **canary: Any) -> None:
    """A routed Rollout with four ready pods of its first image."""
    services = [objects.service(name) for name in ("app-stable", "app-canary")]
    for item in (*services, *objects.router("istio")):
        path = cluster.path_of(place.namespace, item["kind"])
        place.client.call("POST", path, item)
    place.make({"steps": list(steps), **ISTIO, **canary}, gated=True, replicas=4)
    place.let_in("img:1", 4, wanted=4)
    place.until(phase="Healthy")


@pytest.mark.row(25)
def test_weight_stays_until_the_stable_has_its_pods_again(place: rollouts.Place) -> None:
    start(place, {"setWeight": 25}, PAUSE, {"setWeight": 50}, PAUSE)
    place.ship("img:2")
    place.let_in("img:2", 1, wanted=1)
    place.until(phase="Paused", currentStepIndex=1)
    place.let_in("img:1", 1, wanted=4)
    place.promote()
    place.let_in("img:2", 2, wanted=2)
    place.until(phase="Paused", currentStepIndex=3, availableReplicas=3)
    assert weight(place) == 25, "half of four pods are two, and one is there"
    place.let_in("img:1", 2, wanted=4)
    rollouts.until(lambda: weight(place) == 50, said=place.status)


@pytest.mark.row(29, 30)
@pytest.mark.parametrize(("kind", "value"), [("Percent", 75), ("Pods", 3)])
def test_step_ends_as_soon_as_enough_pods_are_available(
    place: rollouts.Place, kind: str, value: int
) -> None:
    enough = {"type": kind, "value": value}
    start(place, {"setWeight": 100}, PAUSE, replicaProgressThreshold=enough)
    place.ship("img:2")
    place.let_in("img:2", 2, wanted=4)
    place.until(updatedReplicas=4, availableReplicas=6)
    assert place.status()["currentStepIndex"] == 0
    place.let_in("img:2", 3, wanted=4)
    place.until(phase="Paused", currentStepIndex=1)
    assert weight(place) == 100
