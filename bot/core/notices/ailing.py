"""Why pods do not get ready, in words, from what the kubelet and the scheduler say of them.

For people only: nothing is decided by it. When pods are looked at is not decided here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NO_IMAGE = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
_NOT_MADE = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailment:
    """What most of the pods that are not ready suffer from.

    ``stuck``: it does not pass by waiting, as a slow start or a full cluster may.
    """

    text: str
    stuck: bool


def of(pods: Sequence[Mapping[str, Any]]) -> Ailment | None:
    """The commonest reason; what is stuck before what may pass."""
    found = Counter(one for pod in pods if (one := _of(pod)) is not None)
    if not found:
        return None
    return max(found, key=lambda one: (one.stuck, found[one], one.text))


def _of(pod: Mapping[str, Any]) -> Ailment | None:
    status = _map(pod.get("status"))
    if _map(pod.get("metadata")).get("deletionTimestamp") or _ready(status):
        return None
    every = [one for container, lasts in _containers(status) if (one := _of_one(container, lasts))]
    if every:
        return max(every, key=lambda one: one.stuck)
    return _unscheduled(status)


def _ready(status: Mapping[str, Any]) -> bool:
    return any(
        one.get("type") == "Ready" and one.get("status") == "True"
        for one in _maps(status.get("conditions"))
    )


def _unscheduled(status: Mapping[str, Any]) -> Ailment | None:
    for one in _maps(status.get("conditions")):
        if one.get("type") == "PodScheduled" and one.get("reason") == "Unschedulable":
            return Ailment(text=_with("no node takes it", one.get("message")), stuck=False)
    return None


def _containers(status: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Every container, and whether it should come to report ready."""
    yield from ((one, False) for one in _maps(status.get("initContainerStatuses")))
    yield from ((one, True) for one in _maps(status.get("containerStatuses")))


def _of_one(one: Mapping[str, Any], lasts: bool) -> Ailment | None:  # noqa: FBT001
    """What one container waits for; None where it is ready or says nothing."""
    state = _map(one.get("state"))
    waiting, name = _map(state.get("waiting")), str(one.get("name", ""))[:40]
    reason = str(waiting.get("reason") or "")
    if reason in _NO_IMAGE:
        return Ailment(
            text=f"image cannot be pulled: {str(one.get('image', ''))[:80]}", stuck=True
        )
    if reason == "CrashLoopBackOff":
        return Ailment(text=f"{name} crashes again and again{_exit(one)}", stuck=True)
    if reason in _NOT_MADE:
        return Ailment(text=_with(f"{name} cannot be started", waiting.get("message")), stuck=True)
    if lasts and _map(state.get("running")) and one.get("ready") is False:
        return Ailment(text=f"{name} runs but does not report ready", stuck=False)
    return None


def _exit(one: Mapping[str, Any]) -> str:
    """How it ended last; memory by its name, anything else by its code."""
    last = _map(_map(one.get("lastState")).get("terminated"))
    if last.get("reason") == "OOMKilled":
        return " (out of memory)"
    code = last.get("exitCode")
    return f" (exit code {code})" if isinstance(code, int) else ""


def _with(text: str, detail: Any) -> str:
    """``text`` and the first sentence of what the cluster says."""
    first = str(detail or "").split(". ")[0].strip().rstrip(".")
    return f"{text}: {first[:120]}" if first else text


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _maps(raw: Any) -> list[Mapping[str, Any]]:
    return [one for one in raw if isinstance(one, Mapping)] if isinstance(raw, list) else []
