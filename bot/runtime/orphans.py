"""Services that no rollout names any more get their own selector back (spec §7.10).

Keys are Services: all that carry our hash at the start, later those that a rollout let go.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core import revisions
from bot.model import errors, ports

MANAGED = "argo-rollouts.argoproj.io/managed-by-rollouts"
_NAMED = (
    ("canary", "canaryService"),
    ("canary", "stableService"),
    ("blueGreen", "activeService"),
    ("blueGreen", "previewService"),
)
_PING_PONG = ("pingService", "pongService")


@dataclass(slots=True, kw_only=True)
class Orphans:
    """Looks after Services that carry our hash; ``add(key)`` queues one."""

    api: ports.Api
    rollouts: ports.Cache
    services: ports.Cache
    add: Callable[[str], None]

    def service(self, _old: ports.Object | None, new: ports.Object | None) -> None:
        """A Service changed."""
        if new is not None and _hash(new):
            self.add(f"{new['metadata']['namespace']}/{new['metadata']['name']}")

    def rollout(self, old: ports.Object | None, new: ports.Object | None) -> None:
        """A Rollout is gone, or names other Services than before."""
        if old is None:
            return
        for name in named(old) - (named(new) if new is not None else frozenset()):
            self.add(f"{old['metadata']['namespace']}/{name}")

    async def release(self, key: str) -> None:
        """Take the hash off one Service, unless a rollout names it.

        Raises:
            errors.RolloutBotError: the write failed; later again.

        """
        namespace, _, name = key.partition("/")
        service = self.services.get(namespace, name)
        if service is None or not _hash(service) or self._wanted(namespace, service):
            return
        if any(o.get("kind") == "Experiment" for o in _owners(service)):
            return  # it was made with the hash, for the pods of one template
        meta = service["metadata"]
        body: dict[str, Any] = {
            "metadata": {
                "resourceVersion": meta["resourceVersion"],
                "annotations": {MANAGED: None},
            },
            "spec": {"selector": {revisions.HASH: None}},
        }
        ref = ports.Ref(kind=ports.SERVICE, namespace=namespace, name=name)
        write = ports.Write(verb=ports.Verb.PATCH, ref=ref, body=body)
        try:
            self.services.observe(await self.api.write(write))
        except errors.NotFound:
            self.services.forget(namespace, name)
        except errors.Conflict:
            self.services.observe(await self.api.get(ref))
            raise

    def _wanted(self, namespace: str, service: ports.Object) -> bool:
        name = service["metadata"]["name"]
        manager = self.rollouts.get(namespace, _manager(service))
        if manager is not None and name in named(manager):
            return True
        return any(name in named(rollout) for rollout in self.rollouts.list(namespace))


def named(rollout: Mapping[str, Any]) -> frozenset[str]:
    """Every Service that a manifest names, valid or not; none once it is being deleted."""
    if rollout["metadata"].get("deletionTimestamp"):
        return frozenset()
    strategy = _map(_map(rollout.get("spec")).get("strategy"))
    found = [_map(strategy.get(kind)).get(key) for kind, key in _NAMED]
    ping_pong = _map(_map(strategy.get("canary")).get("pingPong"))
    found += [ping_pong.get(key) for key in _PING_PONG]
    return frozenset(name for name in found if isinstance(name, str) and name)


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _owners(service: ports.Object) -> list[Any]:
    return [_map(one) for one in service["metadata"].get("ownerReferences") or ()]


def _hash(service: ports.Object) -> str:
    selector = _map(service.get("spec")).get("selector") or {}
    return str(selector.get(revisions.HASH, ""))


def _manager(service: ports.Object) -> str:
    return str((service["metadata"].get("annotations") or {}).get(MANAGED, ""))
