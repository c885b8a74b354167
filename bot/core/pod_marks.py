"""Labels and annotations that pods carry by their role: canary, stable, preview, active (§2.21).

They move from role to role on living pods, without a restart. What was put on stands in an
annotation of the ReplicaSet, so that only that is taken off again.
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.model import spec as spec_model
from bot.model import world

RECORD = "rollout.argoproj.io/ephemeral-metadata"
Marks = Mapping[str, Mapping[str, str]]
KINDS = ("labels", "annotations")


def at_creation(spec: spec_model.Spec, *, stable_exists: bool) -> Marks:
    """What the pods of a new revision carry from their first moment."""
    return spec.new_marks if stable_exists else spec.stable_marks


def record(marks: Marks) -> str:
    """The text of the annotation; empty where there is nothing to remember."""
    given = {kind: dict(marks[kind]) for kind in KINDS if marks.get(kind)}
    return json.dumps(given, sort_keys=True, separators=(",", ":")) if given else ""


def recorded(rs: world.ReplicaSet) -> Marks:
    """What the pods of a ReplicaSet carry by its own record; a record that is broken is none."""
    try:
        raw = json.loads(rs.annotations.get(RECORD, "") or "{}")
    except ValueError:
        return {}
    if not isinstance(raw, dict):
        return {}
    return {kind: raw[kind] for kind in KINDS if isinstance(raw.get(kind), dict)}


def put_on(template: Mapping[str, Any], marks: Marks) -> dict[str, Any]:
    """A pod template with the marks."""
    meta = _map(template.get("metadata"))
    for kind in KINDS:
        if marks.get(kind):
            meta[kind] = {**_map(meta.get(kind)), **marks[kind]}
    return {**template, "metadata": meta}


def taken_off(template: Mapping[str, Any], marks: Marks) -> dict[str, Any]:
    """A pod template as its user wrote it, the marks gone."""
    meta = _map(template.get("metadata"))
    for kind in KINDS:
        gone = marks.get(kind) or {}
        left = {key: value for key, value in _map(meta.get(kind)).items() if key not in gone}
        meta.pop(kind, None)
        if left:
            meta[kind] = left
    return {**template, "metadata": meta}


def _map(given: Any) -> dict[str, Any]:
    return dict(given) if isinstance(given, Mapping) else {}
