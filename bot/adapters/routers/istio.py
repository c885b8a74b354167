"""Istio: weights in the routes of VirtualServices, by host or by subset (spec §7.2)."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.adapters.routers import istio_routes, istio_subsets
from bot.model import errors, ports, routers, world

_PATH = "spec.strategy.canary.trafficRouting.istio"


class Istio:
    """Edits the VirtualServices that the Rollout names, and its DestinationRule."""

    kind = "istio"

    def __init__(self, *, version: str) -> None:
        self._services = replace(ports.VIRTUAL_SERVICE, version=version)
        self._rules = replace(ports.DESTINATION_RULE, version=version)

    def refs(self, subject: routers.Subject) -> Sequence[ports.Ref]:
        services = [ref for ref, _, _ in self._named(subject)]
        rule = self._rule(subject)
        return services if rule is None else [*services, rule]

    def view(self, subject: routers.Subject, look: routers.Look) -> world.RouteView:
        weights: list[int] = []
        rule = self._rule(subject)
        if rule is not None and (problem := _rule_problem(subject, rule, look(rule))):
            return problem
        for ref, config, path in self._named(subject):
            obj = look(ref)
            if obj is None:
                return world.RouteView(
                    problem=(path, ref.name, f"Istio VirtualService '{ref.name}' not found")
                )
            try:
                weights += _weights(obj, config, subject)
            except errors.UserError as error:
                text = f"Istio VirtualService has invalid HTTP routes. Error: {error.sentence}"
                return world.RouteView(problem=(path, ref.name, text))
        return routers.seen(weights)

    def plan(
        self, subject: routers.Subject, route: world.Route, look: routers.Look
    ) -> Sequence[routers.RouteWrite]:
        found = [(ref, config, look(ref)) for ref, config, _ in self._named(subject)]
        there = [(ref, config, obj) for ref, config, obj in found if obj is not None]
        if not there:
            ref = found[0][0]
            raise errors.NotFound(f"VirtualService {ref.namespace}/{ref.name} not found")
        services = [_planned(subject, route, *one) for one in there]
        rule, obj, taken = self._rule(subject), None, False
        subsets = None
        if rule is not None and (obj := look(rule)) is not None:
            names = _subsets(subject)
            subsets = istio_subsets.plan(subject, route, rule, obj, names)
            taken = istio_subsets.selected(obj, names[0]) != route.canary_hash
        falls = taken and any(
            weight > route.weight
            for _, config, one in there
            for weight in _weights(one, config, subject)
        )
        # Pods must be behind a subset before it gets traffic, and traffic off it before they go.
        ordered = [*services, subsets] if falls else [subsets, *services]
        return [write for write in ordered if write is not None]

    def _named(self, subject: routers.Subject) -> list[tuple[ports.Ref, Mapping[str, Any], str]]:
        """Each VirtualService with its configuration and the path of its name."""
        one, several = subject.config.get("virtualService"), subject.config.get("virtualServices")
        if bool(one) == bool(several):
            which = "Both" if one else "Neither"
            text = "either virtualService or virtualServices must be configured"
            raise errors.UserError(f"{_PATH}: {text}. {which} are configured.", path=_PATH)
        listed = [one] if one else several
        paths = [f"{_PATH}.virtualService"]
        if not one:
            paths = [f"{_PATH}.virtualServices[{at}]" for at in range(len(listed or ()))]
        found = []
        for config, path in zip(_list(listed, paths[0]), paths, strict=False):
            if not isinstance(config, Mapping) or not isinstance(config.get("name"), str):
                raise errors.UserError(f"{path}.name: must be a text", path=f"{path}.name")
            ref = self._ref(self._services, config["name"], subject)
            found.append((ref, config, f"{path}.name"))
        return found

    def _rule(self, subject: routers.Subject) -> ports.Ref | None:
        raw = subject.config.get("destinationRule")
        if not raw:
            return None
        path = f"{_PATH}.destinationRule"
        for key in ("name", "canarySubsetName", "stableSubsetName"):
            if not isinstance(raw, Mapping) or not isinstance(raw.get(key), str) or not raw[key]:
                raise errors.UserError(f"{path}.{key}: must be a text", path=f"{path}.{key}")
        return self._ref(self._rules, raw["name"], subject)

    def _ref(self, kind: ports.Kind, text: str, subject: routers.Subject) -> ports.Ref:
        name, _, namespace = text.partition(".")
        return ports.Ref(kind=kind, namespace=namespace or subject.namespace, name=name)


def _list(raw: Any, path: str) -> list[Any]:
    if not isinstance(raw, list):
        raise errors.UserError(f"{path}: must be a list", path=path)
    return raw


def _subsets(subject: routers.Subject) -> tuple[str, str]:
    rule = subject.config["destinationRule"]
    return rule["canarySubsetName"], rule["stableSubsetName"]


def _sides(subject: routers.Subject, host: str = "") -> istio_routes.Sides:
    rule = subject.config.get("destinationRule")
    if not rule:
        return istio_routes.Sides(canary=subject.canary_service, stable=subject.stable_service)
    canary, stable = _subsets(subject)
    others = rule.get("additionalSubsetNames")
    return istio_routes.Sides(
        canary=canary,
        stable=stable,
        by_subset=True,
        host=host,
        others=frozenset(map(str, others)) if isinstance(others, list) else frozenset(),
    )


def _weights(obj: ports.Object, config: Mapping[str, Any], subject: routers.Subject) -> list[int]:
    spec = istio_routes.sound(obj.get("spec"))
    entries = istio_routes.chosen(spec, config, subject.managed_routes)
    return [istio_routes.weight_of(entry, _sides(subject)) for entry in entries]


def _rule_problem(
    subject: routers.Subject, ref: ports.Ref, obj: ports.Object | None
) -> world.RouteView | None:
    path = f"{_PATH}.destinationRule"
    if obj is None:
        text = f"Istio DestinationRule '{ref.name}' not found"
        return world.RouteView(problem=(f"{path}.name", ref.name, text))
    if lost := istio_subsets.missing(obj, _subsets(subject)):
        text = f"Istio DestinationRule '{ref.name}' has no subset '{lost}'"
        return world.RouteView(problem=(f"{path}.name", ref.name, text))
    return None


def _planned(
    subject: routers.Subject,
    route: world.Route,
    ref: ports.Ref,
    config: Mapping[str, Any],
    obj: ports.Object,
) -> routers.RouteWrite | None:
    spec, sides = copy.deepcopy(istio_routes.sound(obj.get("spec"))), _sides(subject)
    extra = {share.service: share.weight for share in route.extra}
    entries = istio_routes.chosen(spec, config, subject.managed_routes)
    for entry in entries:
        entry["route"] = istio_routes.split(entry.get("route") or [], sides, route.weight, extra)
    weighted = _changed(obj["spec"], spec)
    if spec.get("http"):
        _manage(spec, subject, route, entries[0], sides)
    body = _changed(obj["spec"], spec)
    if not body:
        return None
    text = f"VirtualService `{ref.name}` set to desiredWeight '{route.weight}'"
    if not weighted:
        text = f"VirtualService `{ref.name}` {_told(obj['spec'], spec, subject)}"
    body = {"metadata": {"resourceVersion": obj["metadata"]["resourceVersion"]}, "spec": body}
    return routers.RouteWrite(
        write=ports.Write(verb=ports.Verb.PATCH, ref=ref, body=body),
        event=world.Event(reason="Updated VirtualService", message=text),
    )


def _manage(
    spec: dict[str, Any],
    subject: routers.Subject,
    route: world.Route,
    main: Mapping[str, Any],
    sides: istio_routes.Sides,
) -> None:
    """Managed routes first, in the order in which the Rollout lists them."""
    if not subject.managed_routes:
        return
    wanted = {one.name: one for one in route.managed}
    made = [
        istio_routes.managed_route(wanted[name], main, sides)
        for name in subject.managed_routes
        if name in wanted
    ]
    own = [entry for entry in spec["http"] if entry.get("name") not in subject.managed_routes]
    spec["http"] = [*made, *own]


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: new[kind] for kind in istio_routes.KINDS if new.get(kind) != old.get(kind)}


def _told(old: Mapping[str, Any], new: Mapping[str, Any], subject: routers.Subject) -> str:
    """Which managed route came, changed or went."""
    before = {entry.get("name"): entry for entry in old.get("http") or ()}
    after = {entry.get("name"): entry for entry in new.get("http") or ()}
    changed = [n for n in subject.managed_routes if before.get(n) != after.get(n)]
    name = changed[0] if changed else ""
    mirrored = "mirror" in (after.get(name) or before.get(name) or {})
    return f"set {'mirrorRoute' if mirrored else 'headerRoute'} '{name}'"
