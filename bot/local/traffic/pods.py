"""What the runner reads in a pod and what it reports of one: pure, no API server, no clock."""

from typing import Any

Object = dict[str, Any]
NODE = "demo-node"
HASH = "rollouts-pod-template-hash"
HOST_IP = "10.0.0.1"


def image(pod: Object) -> str:
    return str(pod["spec"]["containers"][0].get("image", ""))


def labels(pod: Object) -> dict[str, str]:
    return dict(pod["metadata"].get("labels") or {})


def is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def is_ending(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_selected(pod: Object, *, selector: dict[str, str]) -> bool:
    own = labels(pod)
    return bool(selector) and all(own.get(key) == value for key, value in selector.items())


def address(number: int) -> str:
    """A made-up pod address: shown in kubectl, never connected to."""
    return f"10.244.{number // 250 % 250}.{number % 250 + 1}"


def binding(pod: Object) -> Object:
    """What a scheduler posts."""
    meta = pod["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
        "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
    }


def running(pod: Object, *, ip: str, at: str) -> Object:
    """A status patch: all containers run and are ready."""
    return _status(pod, phase="Running", state={"running": {"startedAt": at}}, ip=ip, at=at)


def waiting(pod: Object, *, reason: str, ip: str, at: str) -> Object:
    """A status patch: the containers cannot run."""
    message = f"{image(pod)}: {reason}"
    phase = "Running" if reason == "CrashLoopBackOff" else "Pending"
    state = {"waiting": {"reason": reason, "message": message}}
    return _status(pod, phase=phase, state=state, ip=ip, at=at)


def _status(pod: Object, *, phase: str, state: Object, ip: str, at: str) -> Object:
    ready = "running" in state
    flags = {"PodScheduled": True, "Initialized": True, "ContainersReady": ready, "Ready": ready}
    return {
        "status": {
            "phase": phase,
            "hostIP": HOST_IP,
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "startTime": at,
            "conditions": [
                {"type": kind, "status": str(flag), "lastTransitionTime": at}
                for kind, flag in flags.items()
            ],
            "containerStatuses": [
                _container(c, pod=pod, state=state) for c in pod["spec"]["containers"]
            ],
        }
    }


def _container(container: Object, *, pod: Object, state: Object) -> Object:
    ready = "running" in state
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": container.get("image", "") if ready else "",
        "containerID": f"demo://{pod['metadata']['uid']}/{container['name']}" if ready else "",
        "ready": ready,
        "started": ready,
        "restartCount": 0,
        "state": state,
    }
