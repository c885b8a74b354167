"""The routes of a VirtualService: which ones a Rollout edits, and how a split looks in them.

HTTP routes are chosen by name, TLS and TCP routes by port and SNI hosts (spec §7.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.model import errors, world

KINDS = ("http", "tls", "tcp")
_WORDS = {"http": "HTTP", "tls": "TLS", "tcp": "TCP"}
_CONFIG = {"http": "routes", "tls": "tlsRoutes", "tcp": "tcpRoutes"}
_WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """How the two sides of the split are known: by subset where there is a DestinationRule.

    ``others`` are subsets whose weights belong to somebody else.
    """

    canary: str
    stable: str
    by_subset: bool = False
    host: str = ""
    others: frozenset[str] = field(default_factory=frozenset)

    def of(self, entry: Any) -> str:
        """Which of the names an entry of a route carries."""
        destination = entry.get("destination") if isinstance(entry, Mapping) else None
        found = destination if isinstance(destination, Mapping) else {}
        if self.by_subset:
            return str(found.get("subset") or "")
        return host_of(found)


def host_of(destination: Mapping[str, Any]) -> str:
    """Hosts are compared by their first DNS label."""
    return str(destination.get("host") or "").partition(".")[0]


def sound(spec: Any) -> dict[str, Any]:
    """The spec of a VirtualService whose routes have the shape that is edited.

    Raises:
        errors.UserError: the sentence says where they have not.

    """
    found = _mapping(spec, "spec")
    for kind in KINDS:
        for at, entry in enumerate(_mappings(found.get(kind), kind)):
            where = f"{kind}[{at}]"
            if not isinstance(entry.get("name", ""), str | None):
                raise errors.UserError(f"{where}.name is no text")
            for one in _mappings(entry.get("match"), f"{where}.match"):
                _port_and_hosts(one, f"{where}.match")
            for one in _mappings(entry.get("route"), f"{where}.route"):
                _destination(one, f"{where}.route")
    return found


def _destination(entry: Mapping[str, Any], where: str) -> None:
    target = _mapping(entry.get("destination"), f"{where}.destination")
    for key in ("host", "subset"):
        if not isinstance(target.get(key) or "", str):
            raise errors.UserError(f"{where}.destination.{key} is no text")
    if target.get("port") is not None:
        _mapping(target["port"], f"{where}.destination.port")
    _whole(entry.get("weight"), f"{where}.weight")


def _port_and_hosts(match: Mapping[str, Any], where: str) -> None:
    _whole(match.get("port"), f"{where}.port")
    hosts = match.get("sniHosts")
    if hosts is not None and not isinstance(hosts, list):
        raise errors.UserError(f"{where}.sniHosts is no list")


def _whole(value: Any, where: str) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise errors.UserError(f"{where} is no whole number")


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise errors.UserError(f"{where} is no object")
    return value


def _mappings(value: Any, where: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise errors.UserError(f"{where} is no list")
    return [_mapping(one, f"{where}[{at}]") for at, one in enumerate(value)]


def chosen(
    spec: Mapping[str, Any], config: Mapping[str, Any], managed: Sequence[str]
) -> list[dict[str, Any]]:
    """Every route entry to edit, those of ``spec`` themselves.

    Raises:
        errors.UserError: what is named is not there, or nothing says which one is meant.

    """
    found: list[dict[str, Any]] = []
    there = {kind: spec.get(kind) for kind in KINDS if isinstance(spec.get(kind), list)}
    if not any(there.values()):
        raise errors.UserError("no HTTP routes are defined in the Virtual Service")
    for kind, entries in there.items():
        usable = list(entries or ())
        if not usable:
            continue
        wanted = _wanted(config, kind)
        pick = _by_name if kind == "http" else _by_match
        found.extend(pick(kind, usable, wanted, managed))
    return found


def _wanted(config: Mapping[str, Any], kind: str) -> list[Any]:
    named = config.get(_CONFIG[kind])
    return list(named) if isinstance(named, list) else []


def _by_name(
    kind: str, entries: list[dict[str, Any]], names: list[Any], managed: Sequence[str]
) -> list[dict[str, Any]]:
    own = [entry for entry in entries if entry.get("name") not in managed]
    if not names:
        if len(own) == 1:
            return own
        unnamed = [entry for entry in own if not entry.get("name")]
        if unnamed:
            return unnamed[:1]
        raise errors.UserError(
            f"VirtualService has more than one {_WORDS[kind]} route, name one in "
            "virtualService.routes"
        )
    by_name = {entry.get("name"): entry for entry in reversed(own)}
    for name in names:
        if not isinstance(name, str) or name not in by_name:
            raise errors.UserError(
                f"HTTP Route '{name}' is not found in the defined Virtual Service."
            )
    return [by_name[name] for name in names]


def _by_match(
    kind: str, entries: list[dict[str, Any]], wanted: list[Any], _managed: Sequence[str]
) -> list[dict[str, Any]]:
    if not wanted:
        if len(entries) > 1:
            raise errors.UserError(
                f"VirtualService has more than one {_WORDS[kind]} route, name one in "
                f"virtualService.{_CONFIG[kind]}"
            )
        return entries
    found: list[dict[str, Any]] = []
    for one in wanted:
        asked = _mapping(one, f"virtualService.{_CONFIG[kind]}")
        _port_and_hosts(asked, f"virtualService.{_CONFIG[kind]}")
        matching = [entry for entry in entries if _fits(entry, asked, kind)]
        if not matching:
            raise errors.UserError(
                f"{_WORDS[kind]} Route {_spoken(asked)} is not found in the defined Virtual "
                "Service."
            )
        found.extend(matching)
    return found


def _fits(entry: Mapping[str, Any], asked: Mapping[str, Any], kind: str) -> bool:
    matches = entry.get("match") or ()
    ports = {one.get("port") or 0 for one in matches} - {0}
    if len(ports) > 1 or (ports or {0}) != {asked.get("port") or 0}:
        return False
    hosts = {str(host) for one in matches for host in one.get("sniHosts") or ()}
    return kind != "tls" or hosts == {str(host) for host in asked.get("sniHosts") or ()}


def _spoken(asked: Mapping[str, Any]) -> str:
    parts = [f"port {asked['port']}"] if asked.get("port") else []
    if asked.get("sniHosts"):
        parts.append("SNI hosts " + ", ".join(map(str, asked["sniHosts"])))
    return "with " + " and ".join(parts) if parts else "without a port"


def weight_of(entry: Mapping[str, Any], sides: Sides) -> int:
    """The canary's weight in one route.

    Raises:
        errors.UserError: one of the two sides is missing in it.

    """
    found = {sides.of(one): one for one in entry.get("route") or ()}
    what = "DestinationRule subset" if sides.by_subset else "Service"
    for role, name in (("Canary", sides.canary), ("Stable", sides.stable)):
        if name not in found:
            raise errors.UserError(f"{role} {what} '{name}' not found in route")
    weight = found[sides.canary].get("weight", 0)
    return weight if isinstance(weight, int) else 0


def split(
    entries: Sequence[dict[str, Any]], sides: Sides, weight: int, extra: Mapping[str, int]
) -> list[dict[str, Any]]:
    """The destinations with their new weights; ``extra`` are hosts of experiments.

    Others that get traffic are taken out, those of other people's subsets keep theirs.
    """
    kept = sum(int(one.get("weight") or 0) for one in entries if _belongs(one, sides))
    wanted = {
        sides.canary: weight,
        sides.stable: max(0, _WHOLE - weight - kept - sum(extra.values())),
    }
    out: list[dict[str, Any]] = []
    seen: set[str] = set()
    for entry in entries:
        host = host_of(entry.get("destination") or {})
        if sides.of(entry) in wanted:
            out.append({**entry, "weight": wanted[sides.of(entry)]})
        elif host in extra:
            seen.add(host)
            out.append({**entry, "weight": extra[host]})
        elif _belongs(entry, sides) or not entry.get("weight"):
            out.append(entry)
    missing = sorted(set(extra) - seen)
    return [*out, *({"destination": {"host": h}, "weight": extra[h]} for h in missing)]


def _belongs(entry: Mapping[str, Any], sides: Sides) -> bool:
    destination = entry.get("destination")
    subset = destination.get("subset") if isinstance(destination, Mapping) else None
    return bool(subset) and subset in sides.others


def managed_route(
    wanted: world.ManagedRoute, main: Mapping[str, Any], sides: Sides
) -> dict[str, Any]:
    """The HTTP route of a ``setHeaderRoute`` or ``setMirrorRoute`` step, beside ``main``."""
    target = _canary_destination(main, sides)
    if not wanted.mirrored:
        return {
            "name": wanted.name,
            "match": [dict(one) for one in wanted.match],
            "route": [{"destination": target, "weight": _WHOLE}],
        }
    copies = [
        {key: value for key, value in entry.items() if key != "weight" or value}
        for entry in main.get("route") or ()
    ]
    return {
        "name": wanted.name,
        "match": [dict(one) for one in wanted.match],
        "route": copies,
        "mirror": target,
        "mirrorPercentage": {"value": wanted.percentage},
    }


def _canary_destination(main: Mapping[str, Any], sides: Sides) -> dict[str, Any]:
    entries = main.get("route") or ()
    present: Mapping[str, Any] = next(
        (one["destination"] for one in entries if sides.of(one) == sides.canary), {}
    )
    target: dict[str, Any] = {"host": sides.host or present.get("host") or sides.canary}
    if present.get("port"):
        target["port"] = dict(present["port"])
    if sides.by_subset:
        target["subset"] = sides.canary
    return target
