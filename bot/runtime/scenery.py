"""The caches as scenes: every rollout of ours as notices and answers look at it. Reads only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.core import codec_status, decide
from bot.core.notices import ailing
from bot.core.notices import scene as scenes
from bot.model import errors, ports, world
from bot.model import spec as spec_model
from bot.runtime import decoding, signing, workloads
from bot.runtime import world as worlds

_INSTANCE = "argo-rollouts.argoproj.io/controller-instance-id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenery:
    """``latest`` are the reasons of each key's last decision, kept by the reconciler.

    ``ailment`` tells what the pods of a key's revision suffer from, where somebody looked.
    """

    reader: worlds.Reader
    clock: ports.Clock
    latest: Mapping[str, tuple[world.Reason, ...]] = field(default_factory=dict)
    instance_id: str = ""
    ailment: Callable[[str, str], ailing.Ailment | None] = lambda _key, _hash: None
    signer: signing.Signer = field(default_factory=signing.Signer)

    @property
    def cluster(self) -> str:
        return self.reader.cluster

    def observe(self, obj: ports.Object) -> None:
        """Take in the answer to a write: a Rollout, or what one takes its template from."""
        caches = self.reader.caches
        if obj.get("kind") in {kind.name for kind in workloads.KINDS}:
            for kind, shelf in caches.workloads.items():
                if kind.name == obj["kind"]:
                    shelf.observe(obj)
            return
        caches.rollouts.observe(obj)

    def rollouts(self, namespace: str = "") -> list[ports.Object]:
        """Every rollout that is ours."""
        found = self.reader.caches.rollouts.list(namespace)
        return [rollout for rollout in found if self._ours(rollout)]

    def keys(self) -> tuple[str, ...]:
        """Every rollout that is ours, as namespace/name."""
        every = (rollout["metadata"] for rollout in self.rollouts())
        return tuple(sorted(f"{one['namespace']}/{one['name']}" for one in every))

    def _ours(self, rollout: ports.Object) -> bool:
        labels = rollout["metadata"].get("labels") or {}
        return bool(labels.get(_INSTANCE, "") == self.instance_id)

    def rollout(self, key: str) -> ports.Object | None:
        namespace, _, name = key.partition("/")
        found = self.reader.caches.rollouts.get(namespace, name)
        return found if found is not None and self._ours(found) else None

    def of(self, key: str) -> scenes.Scene | None:
        found = self.rollout(key)
        return None if found is None else self._scene(found)

    def explained(self, key: str) -> scenes.Scene | None:
        """The same with the reasons of a pass that is only thought: on any replica, right now."""
        found = self.rollout(key)
        if found is None:
            return None
        scene, spec = self._scene(found), self._spec(found)
        decision = decide.decide(spec, scene.status, scene.seen, (), scene.now)
        return replace(scene, reasons=decision.reasons)

    def all(self, *, namespace: str = "") -> Iterator[scenes.Scene]:
        return (self._scene(rollout) for rollout in self.rollouts(namespace))

    def ref(self, rollout: ports.Object) -> ports.Ref:
        meta = rollout["metadata"]
        return ports.Ref(kind=ports.ROLLOUT, namespace=meta["namespace"], name=meta["name"])

    def _spec(self, rollout: ports.Object) -> spec_model.Spec | errors.UserError:
        try:
            return decoding.decoded(rollout, self.reader)
        except errors.Unavailable as problem:
            return errors.UserError(str(problem))

    def _scene(self, rollout: ports.Object) -> scenes.Scene:
        spec = self._spec(rollout)
        seen = self.reader.see(rollout, spec)
        status = self.signer.verified(codec_status.decode(rollout.get("status")), rollout)
        return scenes.build(
            spec=spec,
            status=status,
            seen=seen,
            reasons=self.latest.get(f"{seen.namespace}/{seen.name}", ()),
            now=self.clock(),
            ailment=self.ailment(f"{seen.namespace}/{seen.name}", status.current_hash),
        )
