"""Which kinds the bot looks at, by the field of ``Caches`` that holds them. One line a kind."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot import settings
from bot.adapters.kubernetes import api, informer, on_demand
from bot.model import ports
from bot.runtime import workloads
from bot.runtime import world as worlds


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A kind, and by which labels its objects are chosen."""

    kind: ports.Kind
    selector: str = ""


def kinds(chosen: settings.Settings) -> Mapping[str, Watched]:
    """Every kind; optional ones only fill where the server has them."""
    mesh = chosen.istio_version
    return {
        "rollouts": Watched(kind=ports.ROLLOUT),
        "replica_sets": Watched(kind=ports.REPLICA_SET, selector="rollouts-pod-template-hash"),
        "services": Watched(kind=ports.SERVICE),
        "runs": Watched(kind=ports.RUN),
        "experiments": Watched(kind=ports.EXPERIMENT),
        "templates": Watched(kind=ports.TEMPLATE),
        "cluster_templates": Watched(kind=ports.CLUSTER_TEMPLATE),
        "ingresses": Watched(kind=ports.INGRESS),
        "virtual_services": Watched(kind=replace(ports.VIRTUAL_SERVICE, version=mesh)),
        "destination_rules": Watched(kind=replace(ports.DESTINATION_RULE, version=mesh)),
    }


def caches(chosen: settings.Settings, client: api.KubernetesApi) -> worlds.Caches:
    """One informer a kind; of workloads only what is named is read."""
    inside = chosen.namespace
    return worlds.Caches(
        **{
            name: informer.Informer(
                source=client,
                kind=one.kind,
                namespace=inside if one.kind.namespaced else "",
                selector=one.selector,
            )
            for name, one in kinds(chosen).items()
        },
        workloads={
            kind: on_demand.OnDemand(source=client, kind=kind, namespace=inside)
            for kind in workloads.KINDS
        },
    )
