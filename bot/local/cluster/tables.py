"""Lists as tables, which is what ``kubectl get`` prints."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.local.cluster import resources

Column = tuple[str, Callable[[Mapping[str, Any]], Any]]


def _path(*keys: str) -> Callable[[Mapping[str, Any]], Any]:
    def read(obj: Mapping[str, Any]) -> Any:
        found: Any = obj
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    return read


def _count(*keys: str) -> Callable[[Mapping[str, Any]], int]:
    """A number that the server prints as 0 where it is left out."""
    read = _path(*keys)
    return lambda obj: read(obj) or 0


def _ready(obj: Mapping[str, Any]) -> str:
    states = (obj.get("status") or {}).get("containerStatuses") or []
    total = len((obj.get("spec") or {}).get("containers") or [])
    return f"{sum(1 for state in states if state.get('ready'))}/{total}"


def _age(created: str) -> str:
    """How old, in the largest unit that says something."""
    try:
        seconds = int((datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds())
    except ValueError:
        return "<unknown>"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{max(0, seconds)}s"


_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "Rollout": (
        ("Desired", _path("spec", "replicas")),
        ("Current", _path("status", "replicas")),
        ("Up-to-date", _path("status", "updatedReplicas")),
        ("Available", _path("status", "availableReplicas")),
    ),
    "ReplicaSet": (
        ("Desired", _count("spec", "replicas")),
        ("Current", _count("status", "replicas")),
        ("Ready", _count("status", "readyReplicas")),
    ),
    "Pod": (("Ready", _ready), ("Status", _path("status", "phase"))),
    "AnalysisRun": (("Status", _path("status", "phase")),),
    "Experiment": (("Status", _path("status", "phase")),),
    "Namespace": (("Status", _path("status", "phase")),),
}


def table(kind: resources.Resource, objects: list[dict[str, Any]], version: str) -> dict[str, Any]:
    """A ``meta.k8s.io/v1`` Table."""
    columns = (("Name", _path("metadata", "name")), *_COLUMNS.get(kind.kind, ()))
    definitions = [
        {"name": name, "type": "string", "format": "", "priority": 0} for name, _ in columns
    ]
    definitions[0]["format"] = "name"
    definitions.append({"name": "Age", "type": "string", "format": "", "priority": 0})
    rows = []
    for obj in objects:
        cells = [read(obj) for _, read in columns]
        cells = ["" if cell is None else cell for cell in cells]
        rows.append(
            {
                "cells": [*cells, _age(obj["metadata"].get("creationTimestamp", ""))],
                "object": {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": obj["metadata"],
                },
            }
        )
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": definitions,
        "rows": rows,
    }
