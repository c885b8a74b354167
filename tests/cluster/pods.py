"""What a fake kubelet reports of a pod: pure functions from the pod's spec to its status.

Nothing here talks to an API server.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
SLEEP = re.compile(r"\bsleep (\d+(?:\.\d+)?)")
EXIT = re.compile(r"\bexit (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What the first container's command comes to: it runs ``seconds``, then exits with ``code``."""

    seconds: float
    code: int


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_image_missing(pod: Object) -> bool:
    return any("does-not-exist" in c.get("image", "") for c in pod["spec"]["containers"])


def is_command_broken(pod: Object) -> bool:
    """A program whose name says that it does not exist."""
    return any(
        "does-not-exist" in (c.get("command") or [""])[0] for c in pod["spec"]["containers"]
    )


def script(pod: Object) -> Script | None:
    """None for a container that runs until it is told to stop."""
    container = pod["spec"]["containers"][0]
    words = " ".join([*(container.get("command") or []), *(container.get("args") or [])])
    slept, left = SLEEP.search(words), EXIT.search(words)
    if left is None and (slept is None or pod["spec"].get("restartPolicy") != "Never"):
        return None
    return Script(
        seconds=float(slept.group(1)) if slept else 0.0, code=int(left.group(1)) if left else 0
    )


def start_delay_s(pod: Object) -> float:
    """How long a postStart hook holds the container back."""
    return max(_hook_s(c, "postStart") for c in pod["spec"]["containers"])


def stop_delay_s(pod: Object) -> float:
    """How long a preStop hook holds the end back; never longer than the grace period."""
    grace = pod["metadata"].get("deletionGracePeriodSeconds") or 0
    return min(grace, max(_hook_s(c, "preStop") for c in pod["spec"]["containers"]))


def _hook_s(container: Object, hook: str) -> float:
    action = (container.get("lifecycle") or {}).get(hook) or {}
    if "sleep" in action:
        return float(action["sleep"].get("seconds", 0))
    found = SLEEP.search(" ".join((action.get("exec") or {}).get("command") or []))
    return float(found.group(1)) if found else 0.0


def ready_delay_s(pod: Object, *, latency_s: float) -> float:
    delays = [
        (c.get("readinessProbe") or {}).get("initialDelaySeconds") or 0
        for c in pod["spec"]["containers"]
    ]
    return latency_s + max(delays)


def gates_open(pod: Object) -> bool:
    """Readiness gates are set by others; a pod is not ready before all of them are True."""
    state = {c["type"]: c["status"] for c in pod.get("status", {}).get("conditions", [])}
    gates = pod["spec"].get("readinessGates") or []
    return all(state.get(gate["conditionType"]) == "True" for gate in gates)


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def waiting(pod: Object, *, reason: str, message: str, address: str) -> Object:
    """A pod whose containers cannot start."""
    state = {"waiting": {"reason": reason, "message": message}}
    return _status(pod, phase="Pending", state=state, ready=False, gates=True, address=address)


def running(pod: Object, *, ready: bool, address: str) -> Object:
    state = {"running": {"startedAt": now()}}
    return _status(
        pod, phase="Running", state=state, ready=ready, gates=gates_open(pod), address=address
    )


def finished(pod: Object, *, code: int, address: str) -> Object:
    """Ended for good, or in CrashLoopBackOff where the restart policy says that it runs again."""
    policy = pod["spec"].get("restartPolicy", "Always")
    if policy == "Always" or (policy == "OnFailure" and code):
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": f"exited with {code}"}}
        return _status(pod, phase="Running", state=state, ready=False, gates=True, address=address)
    reason = "Error" if code else "Completed"
    ended = {"exitCode": code, "reason": reason, "startedAt": now(), "finishedAt": now()}
    phase = "Failed" if code else "Succeeded"
    state = {"terminated": ended}
    return _status(pod, phase=phase, state=state, ready=False, gates=True, address=address)


def _status(
    pod: Object, *, phase: str, state: Object, ready: bool, gates: bool, address: str
) -> Object:
    stamp, name = now(), pod["metadata"]["name"]
    flags = {
        "PodScheduled": True,
        "Initialized": True,
        "ContainersReady": ready,
        "Ready": ready and gates,
    }
    return {
        "phase": phase,
        "hostIP": "10.0.0.1",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": pod.get("status", {}).get("startTime") or stamp,
        "conditions": [
            {"type": kind, "status": str(value), "lastTransitionTime": stamp}
            for kind, value in flags.items()
        ],
        "containerStatuses": [
            {
                "name": c["name"],
                "image": c.get("image", ""),
                "imageID": c.get("image", ""),
                "containerID": f"fake://{name}/{c['name']}",
                "ready": ready,
                "started": "running" in state,
                "restartCount": 0,
                "state": state,
            }
            for c in pod["spec"]["containers"]
        ],
    }
