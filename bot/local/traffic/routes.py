"""From Kubernetes objects to a table of routes: pure, no Envoy in it, no API server.

What is understood: VirtualService http routes with whole Services as destinations, Ingresses with
the canary annotations of ingress-nginx, and plain Services.
"""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

from bot.local.traffic import pods

Object = dict[str, Any]
_PREFIX = "nginx.ingress.kubernetes.io/"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """``kind`` is exact, prefix or regex."""

    name: str
    kind: str
    value: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where requests go that match all of it; weights by Service name, zeros left out."""

    weights: dict[str, int]
    prefix: str = "/"
    exact: bool = False
    headers: tuple[Header, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One virtual host: the first route that matches wins."""

    name: str
    domains: tuple[str, ...]
    routes: tuple[Route, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All of it; ``endpoints`` are loopback ports by Service name."""

    hosts: tuple[Host, ...]
    endpoints: dict[str, tuple[int, ...]]


def table(
    *,
    app: str,
    services: Iterable[Object],
    ingresses: Iterable[Object],
    virtual_services: Iterable[Object],
    running: Iterable[Object],
    ports: dict[str, int],
) -> Table:
    """Routers before plain Services; a request for an unknown host goes to ``app``."""
    known = {s["metadata"]["name"]: s for s in services}
    found = [_of_virtual_service(v) for v in sorted(virtual_services, key=_name)]
    found += _of_ingresses(sorted(ingresses, key=_name))
    found += [_of_service(name) for name in sorted(known)]
    alive = list(running)
    return Table(
        hosts=_claimed(found, app=app),
        endpoints={n: _endpoints(s, running=alive, ports=ports) for n, s in known.items()},
    )


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


def _endpoints(
    service: Object, *, running: list[Object], ports: dict[str, int]
) -> tuple[int, ...]:
    """Ready pods only, as a Service has it."""
    selector = service["spec"].get("selector") or {}
    return tuple(
        sorted(
            ports[pod["metadata"]["uid"]]
            for pod in running
            if pod["metadata"]["uid"] in ports
            and pods.is_ready(pod)
            and not pods.is_ending(pod)
            and pods.is_selected(pod, selector=selector)
        )
    )


def _claimed(found: list[Host], *, app: str) -> tuple[Host, ...]:
    """A domain belongs to the first who names it; what has none left is dropped."""
    taken: set[str] = set()
    hosts = list[Host]()
    default = _default(found, app=app)
    for host in found:
        wanted = (*host.domains, "*") if host is default else host.domains
        domains = tuple(d for d in dict.fromkeys(wanted) if d not in taken)
        if default is not None and host is not default:
            domains = tuple(d for d in domains if d != "*")
        if domains:
            taken.update(domains)
            hosts.append(dataclasses.replace(host, domains=domains))
    return tuple(hosts)


def _default(found: list[Host], *, app: str) -> Host | None:
    by_name = [h for h in found if app in (h.name, *(d.split(".")[0] for d in h.domains))]
    stable = [h for h in found if h.name == f"{app}-stable"]
    return next(iter([*by_name, *stable]), None)


def _of_service(name: str) -> Host:
    return Host(name=name, domains=(name,), routes=(Route(weights={name: 100}),))


def _of_virtual_service(virtual: Object) -> Host:
    spec = virtual.get("spec") or {}
    routes = list[Route]()
    for http in spec.get("http") or []:
        weights = _destinations(http.get("route") or [])
        matches = http.get("match") or [{}]
        routes += [_matched(match, weights=weights) for match in matches]
    hosts = tuple(str(h) for h in spec.get("hosts") or [])
    return Host(name=_name(virtual), domains=hosts, routes=tuple(routes))


def _destinations(entries: list[Object]) -> dict[str, int]:
    """A single destination takes all, whatever weight it has or lacks."""
    weights: dict[str, int] = {}
    for entry in entries:
        name = str(entry["destination"]["host"]).split(".")[0]
        weight = 100 if len(entries) == 1 else int(entry.get("weight") or 0)
        weights[name] = weights.get(name, 0) + weight
    return {name: weight for name, weight in weights.items() if weight > 0}


def _matched(match: Object, *, weights: dict[str, int]) -> Route:
    uri = match.get("uri") or {}
    headers = [
        Header(name=name.lower(), kind=kind, value=str(value))
        for name, how in (match.get("headers") or {}).items()
        for kind, value in how.items()
    ]
    if method := (match.get("method") or {}).get("exact"):
        headers.append(Header(name=":method", kind="exact", value=method))
    return Route(
        weights=weights,
        prefix=str(uri.get("exact") or uri.get("prefix") or "/"),
        exact="exact" in uri,
        headers=tuple(headers),
    )


def _of_ingresses(ingresses: list[Object]) -> list[Host]:
    canaries = [i for i in ingresses if _annotation(i, "canary") == "true"]
    hosts = list[Host]()
    for ingress in ingresses:
        if _annotation(ingress, "canary") == "true":
            continue
        for rule in (ingress.get("spec") or {}).get("rules") or []:
            routes = list[Route]()
            for path in _longest_first(rule):
                routes += _of_path(rule=rule, path=path, canaries=canaries)
            domain = rule.get("host") or "*"
            hosts.append(Host(name=_name(ingress), domains=(domain,), routes=tuple(routes)))
    return hosts


def _longest_first(rule: Object) -> list[Object]:
    paths = (rule.get("http") or {}).get("paths") or []
    return sorted(paths, key=lambda path: -len(path.get("path") or "/"))


def _of_path(*, rule: Object, path: Object, canaries: list[Object]) -> list[Route]:
    """The order of ingress-nginx: by header, then by weight. One canary an Ingress path."""
    stable, where = _backend(path), path.get("path") or "/"
    exact = path.get("pathType") == "Exact"
    for canary in canaries:
        target = _canary_backend(canary, host=rule.get("host"), path=where)
        if target is None or target == stable:
            continue
        routes = _by_header(canary, stable=stable, target=target)
        routes.append(Route(weights=_split(canary, stable=stable, target=target)))
        return [dataclasses.replace(r, prefix=where, exact=exact) for r in routes]
    return [Route(weights={stable: 100}, prefix=where, exact=exact)]


def _canary_backend(canary: Object, *, host: str | None, path: str) -> str | None:
    for rule in (canary.get("spec") or {}).get("rules") or []:
        if rule.get("host") == host:
            for entry in _longest_first(rule):
                if (entry.get("path") or "/") == path:
                    return _backend(entry)
    return None


def _by_header(canary: Object, *, stable: str, target: str) -> list[Route]:
    name = _annotation(canary, "canary-by-header").lower()
    if not name:
        return []
    if value := _annotation(canary, "canary-by-header-value"):
        return [_header_route(target, name=name, kind="exact", value=value)]
    if pattern := _annotation(canary, "canary-by-header-pattern"):
        return [_header_route(target, name=name, kind="regex", value=pattern)]
    return [
        _header_route(target, name=name, kind="exact", value="always"),
        _header_route(stable, name=name, kind="exact", value="never"),
    ]


def _header_route(target: str, *, name: str, kind: str, value: str) -> Route:
    return Route(weights={target: 100}, headers=(Header(name=name, kind=kind, value=value),))


def _split(canary: Object, *, stable: str, target: str) -> dict[str, int]:
    total = max(1, _number(_annotation(canary, "canary-weight-total"), otherwise=100))
    weight = min(total, max(0, _number(_annotation(canary, "canary-weight"), otherwise=0)))
    return {n: w for n, w in ((target, weight), (stable, total - weight)) if w > 0}


def _number(text: str, *, otherwise: int) -> int:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else otherwise


def _backend(path: Object) -> str:
    return str(path["backend"]["service"]["name"])


def _annotation(ingress: Object, name: str) -> str:
    return str((ingress["metadata"].get("annotations") or {}).get(_PREFIX + name, ""))
