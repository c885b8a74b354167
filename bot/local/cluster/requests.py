"""What a request to the local cluster means: its path, its verb, its body."""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.local.cluster import openapi, patches, refusals, resources, store

_UNKNOWN_FORMAT = (
    "the body of the request was in an unknown format - accepted media types include: "
    "application/json-patch+json, application/merge-patch+json"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a path means."""

    kind: resources.Resource
    version: str
    namespace: str
    name: str
    part: str

    @property
    def api_version(self) -> str:
        return self.kind.api_version(self.version)


def discovery(parts: list[str]) -> dict[str, Any] | None:
    if parts[:2] == ["openapi", "v3"]:
        return openapi.document("/".join(parts))
    if parts[:1] == ["api"] and len(parts) == 2:
        return resources.listed("", parts[1])
    if parts[:1] == ["apis"] and len(parts) == 3:
        return resources.listed(parts[1], parts[2])
    return None


def target(parts: list[str]) -> Target:
    """``/api/v1/…`` or ``/apis/GROUP/VERSION/…``, with or without a namespace."""
    unknown = refusals.Refusal(404, "NotFound", "the server could not find the requested resource")
    if parts[:1] == ["api"] and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise unknown
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] != "status":
        namespace, rest = rest[1], rest[2:]
    kind = resources.BY_PATH.get((group, version, rest[0]))
    if kind is None:
        raise unknown
    name, part = (*rest[1:3], "", "")[:2]
    return Target(kind=kind, version=version, namespace=namespace, name=name, part=part)


def verb(request: web.Request, at: Target) -> str:
    if request.method == "GET":
        if request.query.get("watch") in {"1", "true"}:
            return "watch"
        return "get" if at.name else "list"
    verbs = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    return verbs[request.method]


def wants_table(request: web.Request) -> bool:
    return "as=Table" in request.headers.get("Accept", "")


def whole(at: Target, obj: store.Object) -> store.Object:
    return {"kind": at.kind.kind, **obj, "apiVersion": at.api_version}


def scale(obj: store.Object) -> dict[str, Any]:
    meta, status = obj["metadata"], obj.get("status") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion")},
        "spec": {"replicas": (obj.get("spec") or {}).get("replicas", 0)},
        "status": {
            "replicas": status.get("HPAReplicas", status.get("replicas", 0)),
            "selector": status.get("selector", ""),
        },
    }


async def body_of(request: web.Request) -> dict[str, Any]:
    if "protobuf" in request.content_type or "cbor" in request.content_type:
        text = f"{request.content_type} is not supported here: send JSON, as kubectl apply does"
        raise refusals.Refusal(415, "UnsupportedMediaType", text)
    try:
        body = await request.json()
    except json.JSONDecodeError as error:
        raise refusals.bad(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise refusals.bad("the body must be an object")
    return body


async def patched(request: web.Request, at: Target, base: store.Object) -> store.Object:
    if request.method == "PUT":
        return await body_of(request)
    kind = request.content_type
    if kind == "application/json-patch+json":
        return dict(patches.json_patch(base, await request.json()))
    body = await body_of(request)
    if kind == "application/merge-patch+json":
        return dict(patches.merge(base, body))
    if kind == "application/strategic-merge-patch+json":
        if at.kind.custom:
            raise refusals.Refusal(415, "UnsupportedMediaType", _UNKNOWN_FORMAT)
        return dict(patches.strategic(base, body))
    raise refusals.Refusal(415, "UnsupportedMediaType", f"{kind} is not supported here")
