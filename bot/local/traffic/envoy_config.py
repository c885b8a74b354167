"""A table of routes in Envoy's words: the bootstrap and the files of RDS, EDS and CDS. Pure."""

from pathlib import Path
from typing import Any

from bot.local.traffic import routes

Object = dict[str, Any]
HOST = "127.0.0.1"
LISTENER = "app"
_TYPES = "type.googleapis.com/envoy"
_ROUTE = f"{_TYPES}.config.route.v3.RouteConfiguration"
_ASSIGNMENT = f"{_TYPES}.config.endpoint.v3.ClusterLoadAssignment"
_CLUSTER = f"{_TYPES}.config.cluster.v3.Cluster"
_MANAGER = f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = f"{_TYPES}.extensions.filters.http.router.v3.Router"


def bootstrap(*, folder: Path) -> Object:
    """One listener and the admin server, each on a free port of loopback."""
    return {
        "node": {"id": "rollout-bot-stage", "cluster": "rollout-bot-stage"},
        "admin": {"address": _address(0)},
        "dynamic_resources": {"cds_config": _file(folder, "cds")},
        "static_resources": {"listeners": [_listener(folder)]},
    }


def resources(table: routes.Table, *, folder: Path) -> dict[str, list[Object]]:
    """By file, in the order in which they must be written: a route may name only what is there.

    Envoy takes an EDS file only if it holds one cluster, so each Service has one of its own.
    """
    names = sorted(table.endpoints)
    files = {f"eds-{name}": [_assignment(name, table.endpoints[name])] for name in names}
    return {**files, "cds": _clusters(names, folder=folder), "rds": [_routes(table)]}


def _clusters(names: list[str], *, folder: Path) -> list[Object]:
    return [
        {
            "@type": _CLUSTER,
            "name": name,
            "type": "EDS",
            "connect_timeout": "1s",
            "eds_cluster_config": {"eds_config": _file(folder, f"eds-{name}")},
        }
        for name in names
    ]


def _address(port: int) -> Object:
    return {"socket_address": {"address": HOST, "port_value": port}}


def _file(folder: Path, name: str) -> Object:
    """Watching the folder is what makes Envoy see a rename."""
    return {
        "resource_api_version": "V3",
        "path_config_source": {
            "path": str(folder / f"{name}.json"),
            "watched_directory": {"path": str(folder)},
        },
    }


def _listener(folder: Path) -> Object:
    manager = {
        "@type": _MANAGER,
        "stat_prefix": LISTENER,
        "codec_type": "AUTO",
        "strip_any_host_port": True,
        "generate_request_id": False,
        "rds": {"route_config_name": LISTENER, "config_source": _file(folder, "rds")},
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}
        ],
    }
    name = "envoy.filters.network.http_connection_manager"
    filters = [{"name": name, "typed_config": manager}]
    return {"name": LISTENER, "address": _address(0), "filter_chains": [{"filters": filters}]}


def _routes(table: routes.Table) -> Object:
    return {
        "@type": _ROUTE,
        "name": LISTENER,
        "virtual_hosts": [
            {
                # Two rules of one Ingress have one name; Envoy wants different ones.
                "name": f"{number}-{host.name}",
                "domains": _domains(host.domains),
                "routes": [_route(route) for route in host.routes],
            }
            for number, host in enumerate(table.hosts)
        ],
    }


def _domains(domains: tuple[str, ...]) -> list[str]:
    return [str(domain) for domain in domains]


def _route(route: routes.Route) -> Object:
    match: Object = {"path" if route.exact else "prefix": route.prefix}
    if route.headers:
        match["headers"] = [_header(header) for header in route.headers]
    if not route.weights:
        return {"match": match, "direct_response": {"status": 503}}
    # A pod that ends may cut a connection that was waiting: ask another, as a mesh does.
    retry = {"retry_on": "connect-failure,refused-stream,reset-before-request", "num_retries": 2}
    clusters = [{"name": name, "weight": weight} for name, weight in sorted(route.weights.items())]
    action = {"weighted_clusters": {"clusters": clusters}, "timeout": "10s", "retry_policy": retry}
    return {"match": match, "route": action}


def _header(header: routes.Header) -> Object:
    match = {"safe_regex": {"regex": header.value}} if header.kind == "regex" else None
    return {"name": header.name, "string_match": match or {header.kind: header.value}}


def _assignment(name: str, ports: tuple[int, ...]) -> Object:
    endpoints = [{"endpoint": {"address": _address(port)}} for port in ports]
    return {
        "@type": _ASSIGNMENT,
        "cluster_name": name,
        "endpoints": [{"lb_endpoints": endpoints}] if endpoints else [],
    }
