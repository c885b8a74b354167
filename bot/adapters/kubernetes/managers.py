"""Who wrote what, as the API server keeps it, cut down to what somebody is told of.

Whole, it is half of an object; the field by which a decision was given is all that is asked for.
"""

from collections.abc import Mapping
from typing import Any

OURS = "rollout-bot"
_KEPT: Mapping[str, tuple[str, ...]] = {
    "f:spec": ("f:template", "f:paused"),
    "f:status": (
        "f:abort",
        "f:blueGreen",
        "f:controllerPause",
        "f:currentStepIndex",
        "f:pauseConditions",
        "f:promoteFull",
        "f:stableRS",
    ),
}


def kept(raw: Any) -> list[dict[str, Any]]:
    """The entries of others that own one of these fields, without the rest of theirs."""
    entries = raw if isinstance(raw, list) else []
    found = []
    for entry in entries:
        if not isinstance(entry, Mapping) or str(entry.get("manager", "")).startswith(OURS):
            continue
        if owned := _owned(entry.get("fieldsV1")):
            named = {key: entry[key] for key in ("manager", "time") if key in entry}
            found.append({**named, "fieldsV1": owned})
    return found


def _owned(raw: Any) -> dict[str, dict[str, Any]]:
    fields = raw if isinstance(raw, Mapping) else {}
    out: dict[str, dict[str, Any]] = {}
    for part, wanted in _KEPT.items():
        inside = fields.get(part)
        if isinstance(inside, Mapping):
            names: dict[str, Any] = {name: {} for name in wanted if name in inside}
            out |= {part: names} if names else {}
    return out
