"""What a recording holds of one point at which the world has come to rest."""

import copy
from typing import Any

from tests.conformance.cluster import Object
from tests.conformance.world import HASH, REVISION, World

MANAGED_BY = "argo-rollouts.argoproj.io/managed-by-rollouts"
# Ours, a figure that another controller cannot share, or what the recorded one never writes.
NOT_COMPARED = ("observedGeneration", "rolloutBot", "currentStepHash", "duration")


def take(world: World) -> Object:
    """Times, uids and hashes are taken out last."""
    found = world.rollout() or {}
    seen = world.seen
    return world.clean(
        {
            "status": status(found),
            "spec": {"replicas": found.get("spec", {}).get("replicas")},
            "revision": annotations(found).get(REVISION),
            "replicasets": replica_sets(world),
            "services": {name: service(s) for name, s in seen["Service"].items()},
            "VirtualService": {n: v["spec"] for n, v in seen["VirtualService"].items()},
            "DestinationRule": {n: d["spec"] for n, d in seen["DestinationRule"].items()},
            "Ingress": {name: ingress(i) for name, i in seen["Ingress"].items()},
            "deployments": {n: d["spec"].get("replicas") for n, d in seen["Deployment"].items()},
            "runs": {name: run(r) for name, r in seen["AnalysisRun"].items()},
            "experiments": {name: experiment(e) for name, e in seen["Experiment"].items()},
        }
    )


def annotations(item: Object) -> Object:
    return item.get("metadata", {}).get("annotations", {})


def status(rollout: Object) -> Object:
    found = copy.deepcopy(rollout.get("status", {}))
    for name in NOT_COMPARED:
        found.pop(name, None)
    found["conditions"] = sorted(
        [c["type"], c["status"], c.get("reason", ""), c.get("message", "")]
        for c in found.get("conditions", [])
    )
    return found


def replica_sets(world: World) -> list[Object]:
    ours = [
        item
        for item in world.seen["ReplicaSet"].values()
        if item["metadata"].get("labels", {}).get(HASH)
    ]
    found = [replica_set(item) for item in ours]
    return sorted(found, key=lambda item: (world.clean(item["hash"]), item["replicas"]))


def replica_set(item: Object) -> Object:
    template = item["spec"]["template"]
    return {
        "hash": item["metadata"]["labels"].get(HASH, "?"),
        "replicas": item["spec"].get("replicas", 0),
        "available": item.get("status", {}).get("availableReplicas", 0),
        "revision": annotations(item).get(REVISION),
        "image": template["spec"]["containers"][0]["image"],
        "podLabels": template["metadata"].get("labels"),
        "podAnnotations": template["metadata"].get("annotations"),
        "scaleDownDeadline": bool(annotations(item).get("scale-down-deadline")),
    }


def service(item: Object) -> Object:
    return {
        "selector": item["spec"].get("selector"),
        "managedBy": annotations(item).get(MANAGED_BY),
    }


def ingress(item: Object) -> Object:
    return {
        "annotations": item["metadata"].get("annotations"),
        "rules": item["spec"].get("rules"),
    }


def run(item: Object) -> Object:
    found = item.get("status", {})
    return {
        "labels": item["metadata"].get("labels"),
        "phase": found.get("phase"),
        "message": found.get("message", ""),
        "args": item["spec"].get("args"),
        "terminate": bool(item["spec"].get("terminate")),
        "metrics": [metric(m) for m in found.get("metricResults", [])],
        "runSummary": found.get("runSummary"),
        "dryRunSummary": found.get("dryRunSummary"),
    }


def metric(result: Object) -> Object:
    kept = ("phase", "value", "message")
    taken = result.get("measurements", [])
    return without(result, "measurements") | {
        "measurements": [{k: v for k, v in one.items() if k in kept} for one in taken]
    }


def experiment(item: Object) -> Object:
    found, spec = item.get("status", {}), item["spec"]
    return {
        "spec": without(spec, "templates")
        | {
            "templates": [
                {"name": one["name"], "replicas": one.get("replicas")}
                for one in spec.get("templates", [])
            ]
        },
        "phase": found.get("phase"),
        "message": found.get("message", ""),
        "templates": found.get("templateStatuses"),
        "runs": found.get("analysisRuns"),
    }


def without(item: Object, *names: Any) -> Object:
    return {k: v for k, v in item.items() if k not in names}
