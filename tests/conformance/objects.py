"""The manifests of a scenario: services and routes by its router, templates, then the Rollout."""

import copy
from typing import Any

from tests.conformance.cluster import ARGO, ISTIO, Object
from tests.conformance.world import NAME

ARGO_VERSION = ARGO.removeprefix("/apis/")
ISTIO_VERSION = ISTIO.removeprefix("/apis/")


def of_scenario(scenario: Object, *, namespace: str, port: int) -> list[Object]:
    """In the order in which they are made. ``port`` is where the scripted metrics are."""
    answers = f"http://127.0.0.1:{port}"
    templates = (scenario.get("templates") or {}).items()
    return [
        *services(scenario),
        *router(scenario.get("router")),
        *(template(n, t, namespace=namespace, answers=answers) for n, t in templates),
        *copy.deepcopy(scenario.get("objects", [])),
        rollout(scenario),
    ]


def services(scenario: Object) -> list[Object]:
    if not scenario.get("services", True):
        return []
    strategy = scenario["rollout"].get("strategy", {})
    canary, sides = strategy.get("canary", {}), strategy.get("blueGreen", {})
    turns = canary.get("pingPong") or {}
    names = [
        canary.get("stableService"),
        canary.get("canaryService"),
        sides.get("activeService"),
        sides.get("previewService"),
        turns.get("pingService"),
        turns.get("pongService"),
    ]
    return [service(name) for name in dict.fromkeys(names) if name]


def service(name: str) -> Object:
    spec = {"selector": {"app": NAME}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def router(kind: str | None) -> list[Object]:
    match kind:
        case "istio":
            return [virtual_service({"host": "app-stable"}, {"host": "app-canary"})]
        case "subset":
            stable = {"host": "app", "subset": "stable"}
            canary = {"host": "app", "subset": "canary"}
            return [virtual_service(stable, canary), destination_rule(), service("app")]
        case "nginx":
            return [ingress()]
    return []


def virtual_service(stable: Object, canary: Object) -> Object:
    shares = [{"destination": stable, "weight": 100}, {"destination": canary, "weight": 0}]
    return {
        "apiVersion": ISTIO_VERSION,
        "kind": "VirtualService",
        "metadata": {"name": NAME},
        "spec": {"hosts": [NAME], "http": [{"name": "primary", "route": shares}]},
    }


def destination_rule() -> Object:
    subsets = [{"name": name, "labels": {"app": NAME}} for name in ("stable", "canary")]
    return {
        "apiVersion": ISTIO_VERSION,
        "kind": "DestinationRule",
        "metadata": {"name": NAME},
        "spec": {"host": "app", "subsets": subsets},
    }


def ingress() -> Object:
    backend = {"service": {"name": "app-stable", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": NAME},
        "spec": {
            "ingressClassName": "nginx",
            "rules": [{"host": "app.local", "http": {"paths": [path]}}],
        },
    }


def template(name: str, given: Any, *, namespace: str, answers: str) -> Object:
    """``given`` is a list of metrics or a whole spec; ``from`` points at scripted answers."""
    spec = dict(given) if isinstance(given, dict) else {"metrics": given}
    spec["metrics"] = [
        metric(one, namespace=namespace, answers=answers) for one in spec["metrics"]
    ]
    return {
        "apiVersion": ARGO_VERSION,
        "kind": "AnalysisTemplate",
        "metadata": {"name": name},
        "spec": spec,
    }


def metric(given: Object, *, namespace: str, answers: str) -> Object:
    made = copy.deepcopy(given)
    match made.pop("from", None):
        case "web":
            url = f"{answers}/web/{namespace}/{made['name']}"
            web = {"url": url, "jsonPath": "{$.v}", "timeoutSeconds": 5}
            made["provider"] = {"web": web}
        case "prometheus":
            asked = {"address": f"{answers}/prom/{namespace}", "query": made["name"]}
            made["provider"] = {"prometheus": asked}
    return made


def rollout(scenario: Object) -> Object:
    spec = {"replicas": 2, "revisionHistoryLimit": 3} | copy.deepcopy(scenario["rollout"])
    notes = spec.pop("annotations", {})
    extra = spec.pop("podExtra", None) or {}
    if "workloadRef" not in spec:
        spec.setdefault("selector", {"matchLabels": {"app": NAME}})
        spec["template"] = pod_template(extra)
    return {
        "apiVersion": ARGO_VERSION,
        "kind": "Rollout",
        "metadata": {"name": NAME, "labels": {"app": NAME}, "annotations": notes},
        "spec": spec,
    }


def pod_template(extra: Object) -> Object:
    return {
        "metadata": {"labels": {"app": NAME}} | extra.get("metadata", {}),
        "spec": {"terminationGracePeriodSeconds": 0, "containers": containers("img:1")}
        | extra.get("spec", {}),
    }


def containers(image: str) -> list[Object]:
    return [{"name": "c", "image": image, "ports": [{"containerPort": 8080}]}]
