"""Raw ``strategy.canary`` → ``Canary``: each mistake with its path (spec §1.5, §4.4)."""

from collections.abc import Mapping
from typing import Any

from bot.core import amounts, codec_ping_pong, fields, steps
from bot.core.steps import analysis as steps_analysis
from bot.model import spec

PATH = "spec.strategy.canary"
ROUTERS = ("istio", "nginx")
_MATCHING = ("istio",)
_NOT_MATCHING = {
    False: "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix",
    True: "SetMirrorRoute requires TrafficRouting, supports Istio only",
}
_NO_SHARES = (
    "Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and "
    "Plugins at this time"
)


def decode(
    raw: Mapping[str, Any],
    raw_steps: tuple[Any, ...],
    replicas: int,
    stable_turn: str,
    *,
    strict: bool = False,
) -> spec.Canary:
    """The validated strategy; ``stable_turn`` is ``status.canary.stablePingPong``.

    ``strict`` refuses what Argo refuses.

    Raises:
        errors.UserError: the sentence is Argo's field error.

    """
    turns = codec_ping_pong.decode(raw)
    canary_service, stable_service = _services(raw, turns, stable_turn)
    surge, unavailable = _limits(raw, replicas)
    routers = _routers(raw, canary_service, stable_service)
    if not routers and raw.get("scaleDownDelaySeconds") is not None:
        raise fields.Invalid(
            "spec.strategy.canary.scaleDownDelaySeconds",
            raw["scaleDownDelaySeconds"],
            "Canary scaleDownDelaySeconds can only be used with traffic routing",
        )
    dynamic = fields.boolean(raw, "dynamicStableScale", PATH)
    if dynamic:
        _dynamic(raw, routed=bool(routers))
    limit = fields.integer(raw, "scaleDownDelayRevisionLimit", PATH, -1)
    most = _max_traffic_weight(raw, routers)
    decoded = tuple(
        steps.decode(entry, f"spec.strategy.steps[{at}]", routed=bool(routers))
        for at, entry in enumerate(raw_steps)
    )
    _weights_within(decoded, 100 if most is None else most)
    return spec.Canary(
        steps=decoded,
        managed_routes=_managed_routes(raw, decoded, routers, strict=strict),
        canary_service=canary_service,
        stable_service=stable_service,
        ping_pong=turns,
        max_surge=surge,
        max_unavailable=unavailable,
        routers=routers,
        background=_background(raw),
        scale_down_delay_s=fields.count(raw, "scaleDownDelaySeconds", PATH, 30),
        scale_down_delay_revision_limit=None if limit < 0 else limit,
        abort_scale_down_delay_s=fields.count(raw, "abortScaleDownDelaySeconds", PATH, 30),
        abort_delay_given=raw.get("abortScaleDownDelaySeconds") is not None,
        dynamic=dynamic,
        min_pods=fields.count(raw, "minPodsPerReplicaSet", PATH, 0),
        threshold=_threshold(raw),
        max_traffic_weight=most,
    )


def _max_traffic_weight(
    raw: Mapping[str, Any], routers: tuple[spec.RouterSpec, ...]
) -> int | None:
    """What weight is all of the traffic, where the manifest says so."""
    path = f"{PATH}.trafficRouting"
    routing = fields.mapping(raw.get("trafficRouting"), path)
    if routing.get("maxTrafficWeight") is None:
        return None
    most = fields.integer(routing, "maxTrafficWeight", path, 100)
    where = "spec.strategy.trafficRouting.maxTrafficWeight"
    if not any(router.kind == "nginx" for router in routers):
        text = "Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins"
        raise fields.Invalid(where, most, text)
    if any(router.kind != "nginx" for router in routers):
        # Argo would send a weight of 500 to a router that knows per cents.
        text = "only nginx can weigh by other parts than per cents; leave out the other routers"
        raise fields.Invalid(where, most, text)
    if most < 1:
        raise fields.Invalid(where, most, "must be greater than 0")
    return most


def _weights_within(decoded: tuple[spec.Step, ...], full: int) -> None:
    for at, step in enumerate(decoded):
        if isinstance(step, spec.SetWeight) and not 0 <= step.weight <= full:
            text = f"SetWeight needs to be between 0 and {full}"
            raise fields.Invalid(f"spec.strategy.steps[{at}].setWeight", step.weight, text)


def _services(
    raw: Mapping[str, Any], turns: spec.PingPong | None, stable_turn: str
) -> tuple[str, str]:
    """The names of the canary's Service and of the stable's."""
    canary_service = fields.text(raw, "canaryService", PATH)
    stable_service = fields.text(raw, "stableService", PATH)
    if turns is not None:
        canary_service, stable_service = codec_ping_pong.roles(turns, stable_turn)
    if canary_service and canary_service == stable_service:
        raise fields.Invalid(
            "spec.strategy.stableService",
            stable_service,
            "This rollout uses the same service for the stable and canary services, but two "
            "different services are required.",
        )
    return canary_service, stable_service


def _dynamic(raw: Mapping[str, Any], *, routed: bool) -> None:
    path = f"{PATH}.dynamicStableScale"
    if not routed:
        text = "Canary dynamicStableScale can only be used with traffic routing"
        raise fields.Invalid(path, value=True, text=text)
    if raw.get("scaleDownDelaySeconds") is not None:
        text = "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds"
        raise fields.Invalid(path, value=True, text=text)


def _threshold(raw: Mapping[str, Any]) -> spec.Threshold | None:
    path = f"{PATH}.replicaProgressThreshold"
    given = fields.mapping(raw.get("replicaProgressThreshold"), path)
    if not given:
        return None
    value = fields.count(given, "value", path, 0)
    return spec.Threshold(value=value, percent=fields.text(given, "type", path) == "Percent")


def _limits(raw: Mapping[str, Any], replicas: int) -> tuple[int, int]:
    surge, unavailable = raw.get("maxSurge"), raw.get("maxUnavailable")
    zero = (0, "0", "0%")
    if surge in zero and unavailable in zero and surge is not None and unavailable is not None:
        raise fields.Invalid(
            "spec.strategy.maxSurge", surge, "MaxSurge and MaxUnavailable both can not be zero"
        )
    return amounts.surge_and_unavailable(surge, unavailable, replicas, "spec.strategy")


def _routers(
    raw: Mapping[str, Any], canary_service: str, stable_service: str
) -> tuple[spec.RouterSpec, ...]:
    path = f"{PATH}.trafficRouting"
    routing = fields.mapping(raw.get("trafficRouting"), path)
    found = tuple(
        spec.RouterSpec(kind=name, config=fields.mapping(routing[name], f"{path}.{name}"))
        for name in ROUTERS
        if routing.get(name) is not None
    )
    by_subset = [one.kind == "istio" and one.config.get("destinationRule") for one in found]
    if found and not all(by_subset) and not (canary_service and stable_service):
        raise fields.Invalid(
            "spec.strategy.trafficRouting",
            "",
            "Canary service and Stable service must to be set to use Traffic Routing",
        )
    return found


def remarks(raw: Mapping[str, Any], found: spec.Canary) -> tuple[str, ...]:
    """What is accepted here and refused by Argo (ruling 2); ``found`` is the decoded ``raw``."""
    path = f"{PATH}.trafficRouting"
    listed = fields.mapping(raw.get("trafficRouting"), path).get("managedRoutes")
    if listed is not None or not found.managed_routes:
        return ()
    names = ", ".join(found.managed_routes)
    return (f"{path}.managedRoutes is left out: taken from the steps, in their order: {names}",)


def routes_of(raw_steps: tuple[Any, ...]) -> tuple[str, ...]:
    """The names of the routes that steps set, in their order; what is no step has none."""
    found: list[str] = []
    for step in raw_steps:
        for key in ("setHeaderRoute", "setMirrorRoute"):
            entry = step.get(key) if isinstance(step, Mapping) else None
            name = entry.get("name") if isinstance(entry, Mapping) else None
            if isinstance(name, str) and name and name not in found:
                found.append(name)
    return tuple(found)


def _managed_routes(
    raw: Mapping[str, Any],
    decoded: tuple[spec.Step, ...],
    routers: tuple[spec.RouterSpec, ...],
    *,
    strict: bool,
) -> tuple[str, ...]:
    """The names that steps may use; each step that sets a route must use one of them."""
    path = f"{PATH}.trafficRouting"
    routing = fields.mapping(raw.get("trafficRouting"), path)
    listed = fields.sequence(routing.get("managedRoutes"), f"{path}.managedRoutes")
    names = tuple(
        fields.text(fields.mapping(one, f"{path}.managedRoutes"), "name", f"{path}.managedRoutes")
        for one in listed
    )
    if routing.get("managedRoutes") is None and not strict:
        names = tuple(dict.fromkeys(one.name for one in decoded if isinstance(one, spec.SetRoute)))
    for at, step in enumerate(decoded):
        if isinstance(step, spec.Experiment):
            _weighted_by(step, f"spec.strategy.steps[{at}].experiment", routers)
        if not isinstance(step, spec.SetRoute):
            continue
        key = "setMirrorRoute" if step.mirrored else "setHeaderRoute"
        where = f"spec.strategy.steps[{at}].{key}"
        if not any(router.kind in _MATCHING for router in routers):
            raise fields.Invalid(where, step.name, _NOT_MATCHING[step.mirrored])
        if strict and routing.get("managedRoutes") is None:
            text = f"Rollout has missing field '{path}.managedRoutes'"
            raise fields.Required("spec.strategy.trafficRouting.managedRoutes", text)
        if step.name not in names:
            text = f"Steps define a route that does not exist in {path}.managedRoutes"
            raise fields.Invalid(where, step.name, text)
    return names


def _weighted_by(step: spec.Experiment, path: str, routers: tuple[spec.RouterSpec, ...]) -> None:
    """An experiment's own share needs a router that can split more than two ways."""
    for at, entry in enumerate(step.raw.get("templates") or ()):
        weight = entry.get("weight")
        if weight is not None and not all(router.kind in _MATCHING for router in routers):
            raise fields.Invalid(f"{path}.templates[{at}].weight", weight, _NO_SHARES)


def _background(raw: Mapping[str, Any]) -> spec.BackgroundAnalysis | None:
    if raw.get("analysis") is None:
        return None
    analysis = steps_analysis.shaped(raw["analysis"], f"{PATH}.analysis")
    if not analysis.get("templates"):
        return None
    start = fields.count(analysis, "startingStep", f"{PATH}.analysis", 0)
    return spec.BackgroundAnalysis(raw=analysis, starting_step=start)
