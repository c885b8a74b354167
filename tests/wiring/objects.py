"""A rollout in the middle of a canary with its analysis run, and caches that hold them."""

import asyncio
from types import SimpleNamespace

from bot.model import ports

ROLLOUT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Rollout",
    "metadata": {
        "namespace": "default",
        "name": "myapp",
        "uid": "u-1",
        "creationTimestamp": "2026-11-23T11:00:00Z",
        "annotations": {"rollout.argoproj.io/revision": "2"},
    },
    "spec": {"replicas": 5, "strategy": {"canary": {"steps": [{"setWeight": 20}]}}},
    "status": {
        "phase": "Progressing",
        "currentStepIndex": 1,
        "availableReplicas": 5,
        "rolloutBot": {"started": "2026-11-23T11:59:00Z"},
    },
}
RUN = {
    "metadata": {
        "namespace": "default",
        "name": "myapp-abc-2-1",
        "uid": "u-2",
        "ownerReferences": [{"kind": "Rollout", "name": "myapp", "controller": True}],
    },
    "spec": {"metrics": [{"name": "success-rate", "provider": {"prometheus": {}}}]},
    "status": {
        "phase": "Running",
        "metricResults": [{"name": "success-rate", "phase": "Running"}],
    },
}
TEMPLATE = {
    "metadata": {"namespace": "default", "name": "success-rate"},
    "spec": {"metrics": [{"name": "success-rate", "provider": {"prometheus": {}}}]},
}


class Cache:
    """A cache that never changes."""

    def __init__(self, kind, *objects):
        self.kind = kind
        self._objects = {
            (o["metadata"].get("namespace", ""), o["metadata"]["name"]): o for o in objects
        }

    def get(self, namespace, name):
        return self._objects.get((namespace, name))

    def list(self, namespace=""):
        return [o for key, o in self._objects.items() if namespace in ("", key[0])]


def caches():
    return SimpleNamespace(
        rollouts=Cache(ports.ROLLOUT, ROLLOUT),
        runs=Cache(ports.RUN, RUN),
        templates=Cache(ports.TEMPLATE, TEMPLATE),
        cluster_templates=Cache(ports.CLUSTER_TEMPLATE),
        experiments=Cache(ports.EXPERIMENT),
    )


async def turn():
    """Let what is due now happen."""
    for _ in range(3):
        await asyncio.sleep(0.001)
