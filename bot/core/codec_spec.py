"""Raw Rollout → ``Spec``: each mistake with its path and Argo's words (spec §4.4), first one wins.

What later issues build is refused here by name (ruling 7); defaults are filled in once, here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core import amounts, codec_blue_green, codec_roles, codec_status, fields, steps
from bot.core.steps import analysis as steps_analysis
from bot.model import errors, spec

ROUTERS = ("istio", "nginx")
OTHER_ROUTERS = ("alb", "smi", "ambassador", "appMesh", "traefik", "apisix", "plugins")
_CANARY = "spec.strategy.canary"
_LATER_CANARY = ("pingPong",)
_MOST_LEFT_OUT = 16
GATE = "rollout-bot.io/gate-before-full"
STRICT = "rollout-bot.io/strict"


def decode(rollout: Mapping[str, Any]) -> spec.Spec:
    """The validated spec.

    Raises:
        errors.NotSupported: a field this version does not run; the object stays as it is.
        errors.UserError: the manifest is wrong; the sentence is Argo's field error.

    """
    raw = fields.mapping(rollout.get("spec"), "spec")
    _not_built(raw)
    _required(raw)
    strategy = fields.mapping(raw.get("strategy"), "spec.strategy")
    canary = fields.mapping(strategy.get("canary"), _CANARY)
    blue_green = strategy.get("blueGreen")
    replicas = fields.count(raw, "replicas", "spec", 1)
    revisions = fields.count(raw, "revisionHistoryLimit", "spec", 10)
    annotations = fields.mapping(
        fields.mapping(rollout.get("metadata"), "metadata").get("annotations"), "annotations"
    )
    history = fields.mapping(raw.get("analysis"), "spec.analysis")
    raw_steps = fields.sequence(canary.get("steps"), f"{_CANARY}.steps")
    return spec.Spec(
        replicas=replicas,
        replicas_given=raw.get("replicas") is not None,
        selector=fields.mapping(raw.get("selector"), "spec.selector"),
        template=fields.mapping(raw.get("template"), "spec.template"),
        canary=_canary(canary, raw_steps, replicas),
        blue_green=None
        if blue_green is None
        else codec_blue_green.decode(
            fields.mapping(blue_green, codec_blue_green.PATH), replicas, revisions
        ),
        rollback_window=_window(raw),
        **codec_roles.decode(canary, blue_green),
        restart_at=_instant(raw, "restartAt"),
        min_ready_s=fields.count(raw, "minReadySeconds", "spec", 0),
        revision_history_limit=revisions,
        paused=fields.boolean(raw, "paused", "spec"),
        progress_deadline_s=fields.integer(raw, "progressDeadlineSeconds", "spec", 600),
        progress_deadline_abort=fields.boolean(raw, "progressDeadlineAbort", "spec"),
        successful_run_limit=fields.count(
            history, "successfulRunHistoryLimit", "spec.analysis", 5
        ),
        unsuccessful_run_limit=fields.count(
            history, "unsuccessfulRunHistoryLimit", "spec.analysis", 5
        ),
        gate_before_full=annotations.get(GATE) == "true",
        strict=annotations.get(STRICT) == "true",
        raw_steps=raw_steps,
    )


def _instant(raw: Mapping[str, Any], key: str) -> datetime | None:
    if raw.get(key) is None:
        return None
    found = codec_status.time(raw[key])
    if found is None:
        raise fields.Invalid(
            f"spec.{key}", raw[key], "must be an instant such as 2026-01-31T12:00:00Z"
        )
    return found


def _window(raw: Mapping[str, Any]) -> int | None:
    window = fields.mapping(raw.get("rollbackWindow"), "spec.rollbackWindow")
    if window.get("revisions") is None:
        return None
    return fields.count(window, "revisions", "spec.rollbackWindow", 0)


def salvaged(rollout: Mapping[str, Any], problem: errors.UserError) -> spec.Spec | None:
    """What an abort needs of a manifest that is wrong or asks for more; None without it.

    It has no steps, and ``problem`` says that nothing but an abort may follow from it. A router
    that is not built is no reason to guess: without it nobody knows where traffic goes.
    """
    blue_green = codec_blue_green.PATH
    analyses = ("prePromotionAnalysis", "postPromotionAnalysis")
    bare = _without(
        rollout,
        (f"{_CANARY}.steps", f"{_CANARY}.analysis", *(f"{blue_green}.{k}" for k in analyses)),
    )
    for _ in range(_MOST_LEFT_OUT):
        try:
            return replace(decode(bare), problem=problem)
        except errors.NotSupported as later:
            if later.path.startswith(f"{_CANARY}.trafficRouting"):
                return None
            bare = _without(bare, (later.path,))
        except errors.UserError:
            return None
    return None


def _without(raw: Any, paths: Iterable[str]) -> Any:
    """A copy of ``raw`` without the fields at ``paths``; what is not there stays not there."""
    for path in paths:
        key, _, rest = path.partition(".")
        if not isinstance(raw, Mapping) or key not in raw:
            continue
        inner = _without(raw[key], (rest,)) if rest else None
        raw = {k: inner if k == key else v for k, v in raw.items() if rest or k != key}
    return raw


def _not_built(raw: Mapping[str, Any]) -> None:
    """Ruling 7: name the first field that this version leaves alone."""
    strategy = fields.mapping(raw.get("strategy"), "spec.strategy")
    canary = fields.mapping(strategy.get("canary"), _CANARY)
    routing = fields.mapping(canary.get("trafficRouting"), f"{_CANARY}.trafficRouting")
    names = [
        *(("spec", raw, key) for key in ("workloadRef",)),
        *((_CANARY, canary, key) for key in _LATER_CANARY),
        *((f"{_CANARY}.trafficRouting", routing, key) for key in OTHER_ROUTERS),
        (f"{_CANARY}.trafficRouting", routing, "maxTrafficWeight"),
    ]
    known = {*ROUTERS, *OTHER_ROUTERS, "managedRoutes", "maxTrafficWeight"}
    names.extend((f"{_CANARY}.trafficRouting", routing, key) for key in set(routing) - known)
    for path, holder, key in names:
        if holder.get(key) not in (None, {}, []):
            raise errors.NotSupported(f"{path}.{key} is not supported yet", path=f"{path}.{key}")


def _required(raw: Mapping[str, Any]) -> None:
    selector = raw.get("selector")
    if selector is None:
        raise fields.Required("spec.selector", "Rollout has missing field '.spec.selector'")
    chosen = fields.mapping(selector, "spec.selector")
    if not chosen.get("matchLabels") and not chosen.get("matchExpressions"):
        raise fields.Invalid("spec.selector", {}, "empty selector is invalid for deployment")
    _expressions(chosen.get("matchExpressions"))
    template = fields.mapping(raw.get("template"), "spec.template")
    meta = fields.mapping(template.get("metadata"), "spec.template.metadata")
    labels = fields.mapping(meta.get("labels"), "spec.template.metadata.labels")
    wanted = fields.mapping(chosen.get("matchLabels"), "spec.selector.matchLabels")
    if any(labels.get(key) != value for key, value in wanted.items()):
        raise fields.Invalid(
            "spec.template.metadata.labels",
            dict(labels),
            "`selector` does not match template `labels`",
        )
    ready = fields.count(raw, "minReadySeconds", "spec", 0)
    deadline = fields.integer(raw, "progressDeadlineSeconds", "spec", 600)
    if deadline <= ready:
        raise fields.Invalid(
            "spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"
        )
    strategy = fields.mapping(raw.get("strategy"), "spec.strategy")
    if strategy.get("canary") is None and strategy.get("blueGreen") is None:
        raise fields.Required(
            "spec.strategy",
            "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'",
        )
    if strategy.get("canary") is not None and strategy.get("blueGreen") is not None:
        raise fields.Invalid("spec.strategy", "", "Multiple Strategies can not be listed")


def _expressions(raw: Any) -> None:
    path = "spec.selector.matchExpressions"
    for at, entry in enumerate(fields.sequence(raw, path)):
        if not isinstance(entry, Mapping):
            raise fields.Invalid(f"{path}[{at}]", entry, "must be an object")
        values = fields.sequence(entry.get("values"), f"{path}[{at}].values")
        if not all(isinstance(value, str) for value in values):
            raise fields.Invalid(f"{path}[{at}].values", list(values), "must be texts")


def _canary(raw: Mapping[str, Any], raw_steps: tuple[Any, ...], replicas: int) -> spec.Canary:
    canary_service = fields.text(raw, "canaryService", _CANARY)
    stable_service = fields.text(raw, "stableService", _CANARY)
    if canary_service and canary_service == stable_service:
        raise fields.Invalid(
            "spec.strategy.stableService",
            stable_service,
            "This rollout uses the same service for the stable and canary services, but two "
            "different services are required.",
        )
    surge, unavailable = _limits(raw, replicas)
    routers = _routers(raw, canary_service, stable_service)
    if not routers and raw.get("scaleDownDelaySeconds") is not None:
        raise fields.Invalid(
            "spec.strategy.canary.scaleDownDelaySeconds",
            raw["scaleDownDelaySeconds"],
            "Canary scaleDownDelaySeconds can only be used with traffic routing",
        )
    dynamic = fields.boolean(raw, "dynamicStableScale", _CANARY)
    if dynamic:
        _dynamic(raw, routed=bool(routers))
    limit = fields.integer(raw, "scaleDownDelayRevisionLimit", _CANARY, -1)
    return spec.Canary(
        steps=tuple(
            steps.decode(entry, f"spec.strategy.steps[{at}]", routed=bool(routers))
            for at, entry in enumerate(raw_steps)
        ),
        canary_service=canary_service,
        stable_service=stable_service,
        max_surge=surge,
        max_unavailable=unavailable,
        routers=routers,
        background=_background(raw),
        scale_down_delay_s=fields.count(raw, "scaleDownDelaySeconds", _CANARY, 30),
        scale_down_delay_revision_limit=None if limit < 0 else limit,
        abort_scale_down_delay_s=fields.count(raw, "abortScaleDownDelaySeconds", _CANARY, 30),
        abort_delay_given=raw.get("abortScaleDownDelaySeconds") is not None,
        dynamic=dynamic,
        min_pods=fields.count(raw, "minPodsPerReplicaSet", _CANARY, 0),
        threshold=_threshold(raw),
    )


def _dynamic(raw: Mapping[str, Any], *, routed: bool) -> None:
    path = f"{_CANARY}.dynamicStableScale"
    if not routed:
        text = "Canary dynamicStableScale can only be used with traffic routing"
        raise fields.Invalid(path, value=True, text=text)
    if raw.get("scaleDownDelaySeconds") is not None:
        text = "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds"
        raise fields.Invalid(path, value=True, text=text)


def _threshold(raw: Mapping[str, Any]) -> spec.Threshold | None:
    path = f"{_CANARY}.replicaProgressThreshold"
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
    path = f"{_CANARY}.trafficRouting"
    routing = fields.mapping(raw.get("trafficRouting"), path)
    found = tuple(
        spec.RouterSpec(kind=name, config=fields.mapping(routing[name], f"{path}.{name}"))
        for name in ROUTERS
        if routing.get(name) is not None
    )
    if found and not (canary_service and stable_service):
        raise fields.Invalid(
            "spec.strategy.trafficRouting",
            "",
            "Canary service and Stable service must to be set to use Traffic Routing",
        )
    return found


def _background(raw: Mapping[str, Any]) -> spec.BackgroundAnalysis | None:
    if raw.get("analysis") is None:
        return None
    analysis = steps_analysis.shaped(raw["analysis"], f"{_CANARY}.analysis")
    if not analysis.get("templates"):
        return None
    start = fields.count(analysis, "startingStep", f"{_CANARY}.analysis", 0)
    return spec.BackgroundAnalysis(raw=analysis, starting_step=start)
