"""Which rollouts name an object: so that its change wakes them. Holds keys only."""

from dataclasses import dataclass, field

from bot.model import ports
from bot.model import spec as spec_model
from bot.runtime import workloads
from bot.runtime import world as worlds


@dataclass(slots=True)
class Index:
    """Keys by the objects they name, and back."""

    _keys: dict[ports.Ref, set[str]] = field(default_factory=dict)
    _refs: dict[str, frozenset[ports.Ref]] = field(default_factory=dict)

    def put(self, key: str, refs: frozenset[ports.Ref]) -> None:
        """``key`` names exactly ``refs`` now."""
        old = self._refs.get(key, frozenset())
        if old == refs:
            return
        for ref in old - refs:
            self._keys.get(ref, set()).discard(key)
        for ref in refs - old:
            self._keys.setdefault(ref, set()).add(key)
        self._refs[key] = refs

    def drop(self, key: str) -> None:
        self.put(key, frozenset())
        self._refs.pop(key, None)

    def naming(self, ref: ports.Ref) -> frozenset[str]:
        """The keys that name ``ref``."""
        return frozenset(self._keys.get(ref, ()))


def of(
    rollout: ports.Object, spec: spec_model.Spec, reader: worlds.Reader
) -> frozenset[ports.Ref]:
    """Everything that a rollout names: Services, route objects, analysis templates."""
    namespace = rollout["metadata"]["namespace"]
    refs = {
        ports.Ref(kind=ports.SERVICE, namespace=namespace, name=name) for name in spec.services
    }
    refs.update(reader.route_refs(rollout, spec))
    if (workload := workloads.ref(rollout)) is not None:
        refs.add(workload)
    for analysis in spec.analyses:
        for entry in analysis.get("templates") or ():
            everywhere = bool(entry.get("clusterScope"))
            refs.add(
                ports.Ref(
                    kind=ports.CLUSTER_TEMPLATE if everywhere else ports.TEMPLATE,
                    namespace="" if everywhere else namespace,
                    name=str(entry.get("templateName", "")),
                )
            )
    return frozenset(refs)
