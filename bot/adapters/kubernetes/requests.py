"""What a request to the API server was for, read off its method and path. No I/O."""

from collections.abc import Mapping

_VERBS = {"POST": "Create", "PUT": "Update", "PATCH": "Patch", "DELETE": "Delete"}
_UNNAMED = {"events"}
"""Each has a name of its own, which nobody ever looks for again."""


def labels(method: str, path: str, query: Mapping[str, str]) -> dict[str, str]:
    """Kind, namespace, name and verb, as Argo's counter of requests has them."""
    parts = [part for part in path.split("/") if part]
    # api/v1/... or apis/GROUP/VERSION/...
    parts = parts[2:] if parts[:1] == ["api"] else parts[3:] if parts[:1] == ["apis"] else []
    namespace = ""
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    kind, name = (parts[0] if parts else "Unknown"), (parts[1] if len(parts) > 1 else "")
    verb = _VERBS.get(method, "Get" if name or not parts else "List")
    if query.get("watch"):
        verb = "Watch"
    return {
        "kind": kind,
        "namespace": namespace,
        "name": "" if kind in _UNNAMED else name,
        "verb": verb,
    }
