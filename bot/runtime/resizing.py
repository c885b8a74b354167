"""What has to change of ReplicaSets: pods, marks, the deadline to give them up. Writes nothing."""

from typing import Any

from bot.core import codec_status, revisions
from bot.model import world


def of(
    seen: world.Seen, desired: world.Desired
) -> tuple[list[tuple[str, dict[str, Any]]], list[tuple[str, dict[str, Any]]]]:
    """The patches that ReplicaSets need: those that add pods or mark, those that take away."""
    growing: list[tuple[str, dict[str, Any]]] = []
    shrinking: list[tuple[str, dict[str, Any]]] = []
    for rs in seen.replica_sets:
        size = desired.sizes.get(rs.name)
        if size is None or not (change := patch(rs, size)):
            continue
        (shrinking if size.replicas < rs.replicas else growing).append((rs.name, change))
    return growing, shrinking


def patch(rs: world.ReplicaSet, size: world.Size) -> dict[str, Any]:
    """The patch that makes a ReplicaSet as it should be; empty where it is."""
    marks: dict[str, Any] = {
        key: value for key, value in size.annotations.items() if rs.annotations.get(key) != value
    }
    if not size.keep_deadline and size.deadline != rs.deadline:
        stamp = None if size.deadline is None else codec_status.stamp(size.deadline)
        marks[revisions.DEADLINE] = stamp
    spec: dict[str, Any] = {}
    if size.replicas != rs.replicas:
        spec["replicas"] = size.replicas
    if size.min_ready_s != rs.min_ready_s:
        spec["minReadySeconds"] = size.min_ready_s
    if size.template:
        spec["template"] = {"spec": dict(size.template)}
    found: dict[str, Any] = {"metadata": {"annotations": marks}} if marks else {}
    return {**found, "spec": spec} if spec else found
