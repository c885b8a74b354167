"""Disruption budgets, and evictions that obey them, as the API server has both.

What a budget allows now is counted when its pods change; the counts stand in its status.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from bot.local.cluster import refusals, resources, store

POD = resources.BY_PATH["", "v1", "pods"]
BUDGET = resources.BY_PATH["policy", "v1", "poddisruptionbudgets"]
SETS = resources.BY_PATH["apps", "v1", "replicasets"]
_ENDED = frozenset({"Pending", "Succeeded", "Failed"})
"""Pods that serve nobody: no budget protects them."""
_NO = "Cannot evict pod as it would violate the pod's disruption budget."


class Evictions:
    """Keeps the status of budgets; ``delete`` ends a pod as a DELETE would."""

    def __init__(self, shelves: store.Store, delete: Callable[[store.Object], Any]) -> None:
        self._store = shelves
        self._delete = delete
        shelves.listeners.append(self._heard)

    def _heard(self, kind: resources.Resource, change: store.Change) -> None:
        if kind in (POD, SETS) or (kind == BUDGET and change.type != "DELETED"):
            for budget in self._store.all(BUDGET, change.new["metadata"]["namespace"]):
                self._count(budget)

    def _count(self, budget: store.Object) -> None:
        status = self._status(budget)
        if budget.get("status") != status:
            self._store.replace(BUDGET, budget, {**budget, "status": status}, part="status")

    def _status(self, budget: store.Object) -> dict[str, int]:
        namespace = budget["metadata"]["namespace"]
        pods = [pod for pod in self._store.all(POD, namespace) if _covers(budget, pod)]
        expected = self._expected(namespace, pods)
        spec = budget.get("spec") or {}
        if (most := spec.get("maxUnavailable")) is not None:
            desired = max(0, expected - _scaled(most, expected))
        elif isinstance(least := spec.get("minAvailable", 1), str):
            desired = _scaled(least, expected)
        else:
            desired, expected = int(least), len(pods)
        healthy = sum(_ready(pod) and not _leaves(pod) for pod in pods)
        return {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": max(0, healthy - desired) if expected else 0,
            "expectedPods": expected,
            "observedGeneration": budget["metadata"]["generation"],
        }

    def _expected(self, namespace: str, pods: list[store.Object]) -> int:
        """What their controllers ask for, whether or not it is there."""
        owners = {o["uid"] for pod in pods for o in pod["metadata"].get("ownerReferences") or ()}
        sets = (rs for rs in self._store.all(SETS, namespace) if rs["metadata"]["uid"] in owners)
        return sum(int(rs["spec"].get("replicas", 1)) for rs in sets)

    def evict(self, pod: store.Object, body: Mapping[str, Any]) -> None:
        """End the pod, if its budget lets it go.

        Raises:
            refusals.Refusal: 429 where a budget needs it; 400 for another pod's name; 500 where
                several budgets have it.

        """
        name = pod["metadata"]["name"]
        meant = (body.get("metadata") or {}).get("name") or name
        if meant != name:
            raise refusals.bad(f"name in URL does not match name in Eviction object: {meant}")
        budgets = [
            one
            for one in self._store.all(BUDGET, pod["metadata"]["namespace"])
            if _covers(one, pod)
        ]
        if budgets and not _leaves(pod) and (pod.get("status") or {}).get("phase") not in _ENDED:
            if len(budgets) > 1:
                raise refusals.Refusal(500, "InternalError", _SEVERAL)
            _ask(budgets[0], pod)
        self._delete(pod)


_SEVERAL = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not "
    "support."
)


def _ask(budget: store.Object, pod: store.Object) -> None:
    status, name = budget["status"], budget["metadata"]["name"]
    healthy, desired = status["currentHealthy"], status["desiredHealthy"]
    always = (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
    if not _ready(pod) and (always or 0 < desired <= healthy):
        return
    if status["disruptionsAllowed"] < 1:
        counts = f"needs {desired} healthy pods and has {healthy} currently"
        why = f"The disruption budget {name} {counts}"
        causes = [{"reason": "DisruptionBudget", "message": why}]
        raise refusals.Refusal(429, "TooManyRequests", _NO, causes=causes)


def _covers(budget: store.Object, pod: store.Object) -> bool:
    """An empty selector is every pod of the namespace."""
    selector = (budget.get("spec") or {}).get("selector")
    if selector is None:
        return False
    labels = pod["metadata"].get("labels") or {}
    wanted = (selector.get("matchLabels") or {}).items()
    return all(labels.get(key) == value for key, value in wanted)


def _scaled(value: int | str, whole: int) -> int:
    """A number, or per cent of ``whole``, rounded up."""
    if isinstance(value, str) and value.endswith("%"):
        return math.ceil(whole * int(value[:-1]) / 100)
    return int(value)


def _ready(pod: store.Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def _leaves(pod: store.Object) -> bool:
    return "deletionTimestamp" in pod["metadata"]
