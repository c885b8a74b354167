"""Reading of raw objects that nobody has validated: a wrong shape is as good as nothing there."""

from collections.abc import Mapping
from typing import Any


def mapping(obj: Any, *path: str) -> Mapping[str, Any]:
    """The object at ``path``; empty where it is none."""
    for key in path:
        obj = obj.get(key) if isinstance(obj, Mapping) else None
    return obj if isinstance(obj, Mapping) else {}


def items(obj: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects of the list under ``key``."""
    found = obj.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def number(obj: Mapping[str, Any], key: str, default: int = 0) -> int:
    value = obj.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def named(obj: Mapping[str, Any]) -> dict[str, str]:
    """The labels ``namespace`` and ``name`` of an object."""
    meta = mapping(obj, "metadata")
    return {"namespace": str(meta.get("namespace", "")), "name": str(meta.get("name", ""))}


def owner(obj: Mapping[str, Any]) -> str:
    """The name of the Rollout that an object belongs to; empty where there is none."""
    for one in items(mapping(obj, "metadata"), "ownerReferences"):
        if one.get("controller") and one.get("kind") == "Rollout":
            return str(one.get("name", ""))
    return ""


def condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The condition of a type; empty where there is none."""
    return next((one for one in items(status, "conditions") if one.get("type") == kind), {})
