"""Which key a change wakes, and how urgently."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.model import ports
from bot.runtime import queue, references

_API = "argoproj.io/v1alpha1"
_BAD = frozenset({"Failed", "Error", "Inconclusive"})


def key_of(obj: ports.Object) -> str:
    """``namespace/name``."""
    meta = obj["metadata"]
    return f"{meta.get('namespace', '')}/{meta['name']}"


def owner_key(obj: ports.Object, kind: str = "Rollout") -> str:
    """The key of the Rollout, or other kind, that controls ``obj``; empty where there is none."""
    meta = obj["metadata"]
    for owner in meta.get("ownerReferences") or ():
        which = (owner.get("apiVersion"), owner.get("kind"))
        if owner.get("controller") and which == (_API, kind):
            return f"{meta['namespace']}/{owner['name']}"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """Turns changes of watched objects into keys of the queues."""

    rollouts: queue.Queue
    runs: queue.Queue
    experiments: queue.Queue
    index: references.Index
    noticed: Callable[[ports.Object], None]

    def rollout(self, old: ports.Object | None, new: ports.Object | None) -> None:
        """A status that we did not write is somebody's decision: it is urgent.

        Who wrote a spec looks at what becomes of it: before what only time has moved.
        """
        obj = new or old
        if obj is None:
            return
        touched = old is not None and new is not None and old.get("status") != new.get("status")
        self.rollouts.add(key_of(obj), urgent=touched, soon=_generation(old) != _generation(new))
        if new is not None:
            self.noticed(new)

    def replica_set(self, old: ports.Object | None, new: ports.Object | None) -> None:
        obj = new or old
        if obj is not None and (key := owner_key(obj)):
            self.rollouts.add(key)
        self._experiment_of(obj)

    def service(self, old: ports.Object | None, new: ports.Object | None) -> None:
        """The Services of experiments; those of rollouts are found by name."""
        self._experiment_of(new or old)

    def experiment(self, old: ports.Object | None, new: ports.Object | None) -> None:
        """Experiments have keys of their own; a verdict wakes the rollout."""
        obj = new or old
        if obj is None:
            return
        self.experiments.add(key_of(obj))
        self.verdict(old, new)

    def _experiment_of(self, obj: ports.Object | None) -> None:
        if obj is not None and (key := owner_key(obj, "Experiment")):
            self.experiments.add(key)

    def run(self, old: ports.Object | None, new: ports.Object | None) -> None:
        """Runs are measured under their own keys; a verdict wakes the rollout."""
        obj = new or old
        if obj is None:
            return
        self.runs.add(key_of(obj))
        self.verdict(old, new)

    def verdict(self, old: ports.Object | None, new: ports.Object | None) -> None:
        """Wake whom a run or an experiment belongs to; a bad verdict is urgent for a rollout."""
        obj = new or old
        self._experiment_of(obj)
        if obj is not None and (key := owner_key(obj)):
            self.rollouts.add(key, urgent=_phase(new) in _BAD and _phase(old) not in _BAD)

    def named(
        self, kind: ports.Kind
    ) -> Callable[[ports.Object | None, ports.Object | None], None]:
        """A listener for a kind that rollouts name: Services, routes, templates."""

        def changed(old: ports.Object | None, new: ports.Object | None) -> None:
            obj = new or old
            if obj is None:
                return
            meta = obj["metadata"]
            ref = ports.Ref(kind=kind, namespace=meta.get("namespace", ""), name=meta["name"])
            for key in self.index.naming(ref):
                self.rollouts.add(key)

        return changed


def _generation(obj: ports.Object | None) -> Any:
    return obj["metadata"].get("generation") if obj is not None else None


def _phase(obj: Mapping[str, Any] | None) -> str:
    return str(((obj or {}).get("status") or {}).get("phase", ""))
