"""Which kinds the local cluster serves, as discovery tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSION = "v1.34.4"
"""Of the API server that the contract tests compare with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind. ``versions`` are served alike; objects are kept once."""

    group: str
    versions: tuple[str, ...]
    plural: str
    kind: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    status: bool = False
    scale: bool = False

    @property
    def custom(self) -> bool:
        """Whether a CRD defines it: then no list of it can be merged by key."""
        return self.group in {"argoproj.io", "networking.istio.io"}

    def api_version(self, version: str) -> str:
        return f"{self.group}/{version}" if self.group else version


def _core(plural: str, kind: str, *short: str, **more: Any) -> Resource:
    return Resource(group="", versions=("v1",), plural=plural, kind=kind, short=short, **more)


def _argo(plural: str, kind: str, *short: str, **more: Any) -> Resource:
    return Resource(
        group="argoproj.io", versions=("v1alpha1",), plural=plural, kind=kind, short=short, **more
    )


def _istio(plural: str, kind: str, short: str) -> Resource:
    return Resource(
        group="networking.istio.io",
        versions=("v1", "v1beta1", "v1alpha3"),
        plural=plural,
        kind=kind,
        short=(short,),
    )


ALL = (
    _core("namespaces", "Namespace", "ns", namespaced=False, status=True),
    _core("nodes", "Node", "no", namespaced=False, status=True),
    _core("pods", "Pod", "po", status=True),
    _core("services", "Service", "svc", status=True),
    _core("secrets", "Secret"),
    _core("configmaps", "ConfigMap", "cm"),
    _core("events", "Event", "ev"),
    _core("endpoints", "Endpoints", "ep"),
    _core("serviceaccounts", "ServiceAccount", "sa"),
    Resource(
        group="apps",
        versions=("v1",),
        plural="replicasets",
        kind="ReplicaSet",
        short=("rs",),
        status=True,
        scale=True,
    ),
    Resource(
        group="apps",
        versions=("v1",),
        plural="deployments",
        kind="Deployment",
        short=("deploy",),
        status=True,
        scale=True,
    ),
    Resource(
        group="networking.k8s.io",
        versions=("v1",),
        plural="ingresses",
        kind="Ingress",
        short=("ing",),
        status=True,
    ),
    Resource(
        group="policy",
        versions=("v1",),
        plural="poddisruptionbudgets",
        kind="PodDisruptionBudget",
        short=("pdb",),
        status=True,
    ),
    Resource(group="", versions=("v1",), plural="podtemplates", kind="PodTemplate"),
    Resource(group="coordination.k8s.io", versions=("v1",), plural="leases", kind="Lease"),
    Resource(
        group="apiextensions.k8s.io",
        versions=("v1",),
        plural="customresourcedefinitions",
        kind="CustomResourceDefinition",
        short=("crd",),
        namespaced=False,
        status=True,
    ),
    _istio("virtualservices", "VirtualService", "vs"),
    _istio("destinationrules", "DestinationRule", "dr"),
    _argo("rollouts", "Rollout", "ro", status=True, scale=True),
    _argo("analysisruns", "AnalysisRun", "ar"),
    _argo("analysistemplates", "AnalysisTemplate", "at"),
    _argo("clusteranalysistemplates", "ClusterAnalysisTemplate", "cat", namespaced=False),
    _argo("experiments", "Experiment", "exp"),
)

BY_PATH: Mapping[tuple[str, str, str], Resource] = {
    (one.group, version, one.plural): one for one in ALL for version in one.versions
}
_ALL = {"pods", "services", "replicasets", "deployments"}
"""What ``kubectl get all`` means."""
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


def groups() -> dict[str, list[str]]:
    """The versions of each named group, the preferred one first."""
    found: dict[str, list[str]] = {}
    for one in ALL:
        for version in one.versions:
            known = found.setdefault(one.group, [])
            if version not in known:
                known.append(version)
    return found


def listed(group: str, version: str) -> dict[str, Any] | None:
    """The APIResourceList of one group version."""
    rows: list[dict[str, Any]] = []
    for one in ALL:
        if one.group != group or version not in one.versions:
            continue
        base = {"namespaced": one.namespaced, "kind": one.kind}
        rows.append(
            {
                **base,
                "name": one.plural,
                "singularName": one.kind.lower(),
                "verbs": _VERBS,
                "shortNames": list(one.short),
                "categories": ["all"] if one.plural in _ALL else [],
            }
        )
        if one.status:
            verbs = ["get", "patch", "update"]
            rows.append(
                {**base, "name": f"{one.plural}/status", "singularName": "", "verbs": verbs}
            )
        if one.scale:
            rows.append(
                {
                    "name": f"{one.plural}/scale",
                    "singularName": "",
                    "namespaced": True,
                    "group": "autoscaling",
                    "version": "v1",
                    "kind": "Scale",
                    "verbs": ["get", "patch", "update"],
                }
            )
        if one.plural == "pods":
            kind = {"group": "policy", "version": "v1", "kind": "Eviction"}
            rows.append(
                {**base, **kind, "name": "pods/eviction", "singularName": "", "verbs": ["create"]}
            )
    if not rows:
        return None
    name = f"{group}/{version}" if group else version
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": name,
        "resources": rows,
    }
