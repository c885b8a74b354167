"""The verbs of a scenario: what happens to the rollout, in the words of the stock tools.

Waiting and taking snapshots is the player's, in ``play``.
"""

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable
from typing import Any

from tests.conformance import looking, objects
from tests.conformance.cluster import JSON_PATCH, Cluster, Object, path_of
from tests.conformance.scripted import Scripted
from tests.conformance.world import HASH, NAME, World


class Actor:
    """Acts on the one rollout of one namespace."""

    def __init__(self, *, cluster: Cluster, world: World, scripted: Scripted) -> None:
        self._cluster, self._world, self._scripted = cluster, world, scripted
        self._rollout = path_of(world.namespace, "Rollout", NAME)
        self._verbs: dict[str, Callable[[Any], Awaitable[Any]]] = {
            "set-image": self._set_image,
            "patch": lambda body: cluster.merge(self._rollout, body),
            "patch-object": self._patch_object,
            "create": lambda o: cluster.call("POST", path_of(world.namespace, o["kind"]), o),
            "delete": self._delete,
            "scale": self._scale,
            "promote": lambda _: self._status(pauseConditions=None),
            "skip-step": lambda _: self._status(currentStepIndex=self._next_step()),
            "promote-inconclusive": lambda _: self._status(
                pauseConditions=None, controllerPause=False, currentStepIndex=self._next_step()
            ),
            "promote-full": lambda _: self._status(promoteFull=True),
            "abort": lambda _: self._status(abort=True),
            "retry": lambda _: self._status(abort=False),
            "undo": self._undo,
            "restart": self._restart,
            "metric": self._metric,
            "sleep": asyncio.sleep,
            "look": lambda given: looking.look(world, given),
        }

    async def do(self, verb: str, argument: Any) -> None:
        if verb not in self._verbs:
            raise ValueError(f"a scenario has no verb {verb!r}")
        await self._verbs[verb](argument)

    def _next_step(self) -> int:
        found = self._world.rollout() or {}
        return (found.get("status", {}).get("currentStepIndex") or 0) + 1

    async def _status(self, **fields: Any) -> None:
        await self._cluster.merge(f"{self._rollout}/status", {"status": fields})

    async def _set_image(self, image: str) -> None:
        pod = {"spec": {"containers": objects.containers(image)}}
        await self._cluster.merge(self._rollout, {"spec": {"template": pod}})

    async def _patch_object(self, given: Object) -> None:
        path = path_of(self._world.namespace, given["kind"], given["name"])
        await self._cluster.merge(path, given["patch"])

    async def _delete(self, given: Object) -> None:
        path = path_of(self._world.namespace, given["kind"], given["name"])
        await self._cluster.call("DELETE", path)

    async def _scale(self, replicas: int) -> None:
        await self._cluster.merge(f"{self._rollout}/scale", {"spec": {"replicas": replicas}})

    async def _undo(self, revision: str) -> None:
        """Back to the template of that revision, as `kubectl argo rollouts undo` writes it."""
        wanted = next(h for h, name in self._world.revisions.items() if name == revision)
        sets = self._world.seen["ReplicaSet"].values()
        found = next(one for one in sets if one["metadata"]["labels"].get(HASH) == wanted)
        template = copy.deepcopy(found["spec"]["template"])
        template["metadata"]["labels"].pop(HASH, None)
        patch = [{"op": "replace", "path": "/spec/template", "value": template}]
        await self._cluster.call("PATCH", self._rollout, patch, content=JSON_PATCH)

    async def _restart(self, _: None) -> None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        await self._cluster.merge(self._rollout, {"spec": {"restartAt": stamp}})

    async def _metric(self, given: dict[str, list[Any]]) -> None:
        self._scripted.script(self._world.namespace, given)
