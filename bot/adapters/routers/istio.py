"""Istio: weights of the two Services in the HTTP routes of a VirtualService (spec §7.2).

Host-level splitting by one VirtualService; subsets, TLS and TCP routes come later.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.model import errors, ports, routers, world

_PATH = "spec.strategy.canary.trafficRouting.istio"
_LATER = ("virtualServices", "destinationRule")
_LATER_IN_SERVICE = ("tlsRoutes", "tcpRoutes")


class Istio:
    """Edits ``spec.http[].route[].weight`` of the VirtualService that the Rollout names."""

    kind = "istio"

    def __init__(self, *, version: str) -> None:
        self._kind = replace(ports.VIRTUAL_SERVICE, version=version)

    def refs(self, subject: routers.Subject) -> Sequence[ports.Ref]:
        for key in _LATER:
            if subject.config.get(key):
                path = f"{_PATH}.{key}"
                raise errors.NotSupported(f"{path} is not supported yet", path=path)
        service = subject.config.get("virtualService") or {}
        if not isinstance(service, Mapping):
            path = f"{_PATH}.virtualService"
            raise errors.UserError(f"{path}: must be an object", path=path)
        for key in _LATER_IN_SERVICE:
            if service.get(key):
                path = f"{_PATH}.virtualService.{key}"
                raise errors.NotSupported(f"{path} is not supported yet", path=path)
        name, _, namespace = str(service.get("name", "")).partition(".")
        return [ports.Ref(kind=self._kind, namespace=namespace or subject.namespace, name=name)]

    def view(self, subject: routers.Subject, look: routers.Look) -> world.RouteView:
        ref = self.refs(subject)[0]
        path = f"{_PATH}.virtualService.name"
        obj = look(ref)
        if obj is None:
            return world.RouteView(
                problem=(path, ref.name, f"Istio VirtualService '{ref.name}' not found")
            )
        try:
            routes = _routes(obj, subject)
            weights = [_weight_of(route, subject) for route in routes]
        except errors.UserError as error:
            text = f"Istio VirtualService has invalid HTTP routes. Error: {error.sentence}"
            return world.RouteView(problem=(path, ref.name, text))
        return world.RouteView(weight=max(weights))

    def plan(
        self, subject: routers.Subject, route: world.Route, look: routers.Look
    ) -> Sequence[routers.RouteWrite]:
        ref = self.refs(subject)[0]
        obj = look(ref)
        if obj is None:
            raise errors.NotFound(f"VirtualService {ref.namespace}/{ref.name} not found")
        http = copy.deepcopy(list(obj["spec"].get("http") or ()))
        chosen = {id(entry) for entry in _pick(http, subject)}
        for entry in http:
            if id(entry) in chosen:
                entry["route"] = _split(entry.get("route") or [], subject, route.weight)
        if http == obj["spec"].get("http"):
            return []
        body = {
            "metadata": {"resourceVersion": obj["metadata"]["resourceVersion"]},
            "spec": {"http": http},
        }
        text = f"VirtualService `{ref.name}` set to desiredWeight '{route.weight}'"
        return [
            routers.RouteWrite(
                write=ports.Write(verb=ports.Verb.PATCH, ref=ref, body=body),
                event=world.Event(reason="Updated VirtualService", message=text),
            )
        ]


def _routes(obj: ports.Object, subject: routers.Subject) -> list[Mapping[str, Any]]:
    spec = obj.get("spec")
    http = spec.get("http") if isinstance(spec, Mapping) else None
    if not isinstance(http, list) or not http:
        raise errors.UserError("no HTTP routes are defined in the Virtual Service")
    return list(_pick(http, subject))


def _pick(http: list[Any], subject: routers.Subject) -> list[Any]:
    """The HTTP routes to edit: those named; else the only one, or the first without a name."""
    names = (subject.config.get("virtualService") or {}).get("routes") or []
    if not names:
        unnamed = [entry for entry in http if not entry.get("name")]
        if len(http) == 1:
            return http
        if unnamed:
            return unnamed[:1]
        raise errors.UserError(
            "VirtualService has more than one HTTP route, name one in virtualService.routes"
        )
    found = []
    for name in names:
        match = next((entry for entry in http if entry.get("name") == name), None)
        if match is None:
            raise errors.UserError(
                f"HTTP Route '{name}' is not found in the defined Virtual Service."
            )
        found.append(match)
    return found


def _host(destination: Any) -> str:
    """Hosts are compared by their first DNS label."""
    inner = destination.get("destination") if isinstance(destination, Mapping) else None
    host = inner.get("host", "") if isinstance(inner, Mapping) else ""
    return str(host).partition(".")[0]


def _weight_of(route: Mapping[str, Any], subject: routers.Subject) -> int:
    entries = {_host(entry): entry for entry in route.get("route") or []}
    for role, service in (
        ("Canary", subject.canary_service),
        ("Stable", subject.stable_service),
    ):
        if service not in entries:
            raise errors.UserError(f"{role} Service '{service}' not found in route")
    return int(entries[subject.canary_service].get("weight", 0) or 0)


def _split(
    entries: list[dict[str, Any]], subject: routers.Subject, weight: int
) -> list[dict[str, Any]]:
    """The destinations with their new weights; others that get traffic are taken out."""
    wanted = {subject.canary_service: weight, subject.stable_service: 100 - weight}
    out = []
    for entry in entries:
        host = _host(entry)
        if host in wanted:
            out.append({**entry, "weight": wanted[host]})
        elif not entry.get("weight"):
            out.append(entry)
    return out
