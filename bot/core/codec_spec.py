"""Raw Rollout → ``Spec``: each mistake with its path and Argo's words (spec §4.4), first one wins.

What later issues build is refused here by name (ruling 7); defaults are filled in once, here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core import codec_blue_green, codec_canary, codec_roles, codec_status, fields
from bot.model import errors, spec

OTHER_ROUTERS = ("alb", "smi", "ambassador", "appMesh", "traefik", "apisix", "plugins")
_CANARY = codec_canary.PATH
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
    strict = annotations.get(STRICT) == "true"
    found = codec_canary.decode(canary, raw_steps, replicas, _stable_turn(rollout), strict=strict)
    return spec.Spec(
        replicas=replicas,
        replicas_given=raw.get("replicas") is not None,
        selector=fields.mapping(raw.get("selector"), "spec.selector"),
        template=fields.mapping(raw.get("template"), "spec.template"),
        canary=found,
        blue_green=None
        if blue_green is None
        else codec_blue_green.decode(
            fields.mapping(blue_green, codec_blue_green.PATH), replicas, revisions
        ),
        rollback_window=_window(raw),
        **codec_roles.decode(canary, blue_green),
        restart_at=_instant(raw, "restartAt"),
        workload_scale_down=_scale_down(raw),
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
        strict=strict,
        raw_steps=raw_steps,
        warnings=codec_canary.remarks(canary, found),
    )


def _stable_turn(rollout: Mapping[str, Any]) -> str:
    """Which Service of a ping-pong is the stable's: the one thing that status adds to a spec."""
    status = rollout.get("status")
    canary = status.get("canary") if isinstance(status, Mapping) else None
    return str(canary.get("stablePingPong") or "") if isinstance(canary, Mapping) else ""


def _instant(raw: Mapping[str, Any], key: str) -> datetime | None:
    if raw.get(key) is None:
        return None
    found = codec_status.time(raw[key])
    if found is None:
        raise fields.Invalid(
            f"spec.{key}", raw[key], "must be an instant such as 2026-01-31T12:00:00Z"
        )
    return found


def _scale_down(raw: Mapping[str, Any]) -> str:
    path = "spec.workloadRef"
    given = fields.mapping(raw.get("workloadRef"), path)
    mode = fields.text(given, "scaleDown", path) or "never"
    if mode not in {"never", "onsuccess", "progressively"}:
        text = "must be one of never, onsuccess, progressively"
        raise fields.Invalid(f"{path}.scaleDown", mode, text)
    return mode


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
            return _still_routed(replace(decode(bare), problem=problem), rollout)
        except errors.NotSupported as later:
            if later.path.startswith(f"{_CANARY}.trafficRouting"):
                return None
            bare = _without(bare, (later.path,))
        except errors.UserError:
            return None
    return None


def _still_routed(found: spec.Spec, rollout: Mapping[str, Any]) -> spec.Spec:
    """``found`` with the routes that its steps may have made: an abort takes them back."""
    inner: Any = rollout
    for key in f"{_CANARY}.steps".split("."):
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    names = codec_canary.routes_of(tuple(inner) if isinstance(inner, list) else ())
    known = found.canary.managed_routes or names
    return replace(found, canary=replace(found.canary, managed_routes=known))


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
    names = [(f"{_CANARY}.trafficRouting", routing, key) for key in OTHER_ROUTERS]
    known = {*codec_canary.ROUTERS, *OTHER_ROUTERS, "managedRoutes", "maxTrafficWeight"}
    names.extend((f"{_CANARY}.trafficRouting", routing, key) for key in set(routing) - known)
    for path, holder, key in names:
        value = holder.get(key)
        if value is not None and (value or key != "plugins"):
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
