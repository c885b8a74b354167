"""The little of OpenAPI v3 that kubectl asks for before it applies; no schemas.

kubectl refuses to apply to a server that does not say whether it validates fields itself. This
one says yes, and keeps every field it is given. As the document names no strategic patch, kubectl
merges built-in kinds by its own tables.
"""

from typing import Any

from bot.local.cluster import resources

ROOT = "openapi/v3"
_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]


def document(path: str) -> dict[str, Any] | None:
    """What is answered at ``path``; None where there is nothing."""
    if path == ROOT:
        return {"paths": {at: {"serverRelativeURL": f"/{ROOT}/{at}"} for at in _versions()}}
    found = _versions().get(path.removeprefix(f"{ROOT}/"))
    return None if found is None else _of(*found)


def _versions() -> dict[str, tuple[str, str]]:
    return {
        f"apis/{group}/{version}" if group else f"api/{version}": (group, version)
        for group, versions in resources.groups().items()
        for version in versions
    }


def _of(group: str, version: str) -> dict[str, Any]:
    base = f"/apis/{group}/{version}" if group else f"/api/{version}"
    paths = {}
    for one in resources.ALL:
        if one.group == group and version in one.versions:
            space = "/namespaces/{namespace}" if one.namespaced else ""
            kind = {"group": group, "version": version, "kind": one.kind}
            patch = {
                "parameters": _PARAMETERS,
                "responses": {"200": {"description": "OK"}},
                "x-kubernetes-action": "patch",
                "x-kubernetes-group-version-kind": kind,
            }
            paths[f"{base}{space}/{one.plural}/{{name}}"] = {"patch": patch}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": resources.VERSION},
        "paths": paths,
    }
