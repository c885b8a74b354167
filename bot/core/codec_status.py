"""Status ↔ raw: lenient in, exact out. What is not decoded is never written over."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.core import codec_block, codec_duration
from bot.model import status


def time(raw: Any) -> datetime | None:
    """An RFC 3339 instant; anything else is None."""
    if not isinstance(raw, str):
        return None
    try:
        parsed = datetime.fromisoformat(raw)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def stamp(instant: datetime) -> str:
    """Seconds, UTC, as Kubernetes writes times."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decode(raw: Any) -> status.Status:
    """The typed status. Fields of a wrong type count as absent: the next write mends them."""
    got = raw if isinstance(raw, Mapping) else {}
    canary, blue_green = _map(got.get("canary")), _map(got.get("blueGreen"))
    return status.Status(
        abort=got.get("abort") is True,
        aborted_at=time(got.get("abortedAt")),
        pause_conditions=_pauses(got.get("pauseConditions")),
        controller_pause=got.get("controllerPause") is True,
        current_hash=_text(got.get("currentPodHash")),
        step_hash=_text(got.get("currentStepHash")),
        step_index=_number(got.get("currentStepIndex")),
        stable_hash=_text(got.get("stableRS")),
        replicas=_number(got.get("replicas")) or 0,
        updated_replicas=_number(got.get("updatedReplicas")) or 0,
        ready_replicas=_number(got.get("readyReplicas")) or 0,
        available_replicas=_number(got.get("availableReplicas")) or 0,
        hpa_replicas=_number(got.get("HPAReplicas")) or 0,
        selector=_text(got.get("selector")),
        collision_count=_number(got.get("collisionCount")),
        observed_generation=_text(got.get("observedGeneration")),
        conditions=conditions(got.get("conditions")),
        phase=_text(got.get("phase")),
        message=_text(got.get("message")),
        promote_full=got.get("promoteFull") is True,
        weights=_weights(canary.get("weights")),
        stable_ping_pong=_text(canary.get("stablePingPong")),
        step_run=_run(canary.get("currentStepAnalysisRunStatus")),
        background_run=_run(canary.get("currentBackgroundAnalysisRunStatus")),
        experiment=_text(canary.get("currentExperiment")),
        restarted_at=time(got.get("restartedAt")),
        workload_generation=_text(got.get("workloadObservedGeneration")),
        active=_text(blue_green.get("activeSelector")),
        preview=_text(blue_green.get("previewSelector")),
        checkpoint=blue_green.get("scaleUpPreviewCheckPoint") is True,
        pre_run=_run(blue_green.get("prePromotionAnalysisRunStatus")),
        post_run=_run(blue_green.get("postPromotionAnalysisRunStatus")),
        duration=codec_duration.decode(got.get("duration"), time),
        bot=codec_block.decode(got.get("rolloutBot")),
    )


def encode(value: status.Status) -> dict[str, Any]:
    """The raw status: zero counts, empty texts and false booleans are absent, as in Argo."""
    plain = {
        "abort": value.abort or None,
        "abortedAt": stamp(value.aborted_at) if value.aborted_at else None,
        "pauseConditions": [
            {"reason": str(p.reason), "startTime": stamp(p.start)} for p in value.pause_conditions
        ],
        "controllerPause": value.controller_pause or None,
        "currentPodHash": value.current_hash,
        "currentStepHash": value.step_hash,
        "currentStepIndex": value.step_index,
        "stableRS": value.stable_hash,
        "replicas": value.replicas or None,
        "updatedReplicas": value.updated_replicas or None,
        "readyReplicas": value.ready_replicas or None,
        "availableReplicas": value.available_replicas or None,
        "HPAReplicas": value.hpa_replicas or None,
        "selector": value.selector,
        "collisionCount": value.collision_count,
        "observedGeneration": value.observed_generation,
        "conditions": [condition(c) for c in value.conditions],
        "phase": str(value.phase),
        "message": value.message,
        "restartedAt": stamp(value.restarted_at) if value.restarted_at else None,
        "workloadObservedGeneration": value.workload_generation,
        "promoteFull": value.promote_full or None,
    }
    out: dict[str, Any] = {
        key: found for key, found in plain.items() if found not in (None, "", [])
    }
    if value.observed_generation and value.phase and (value.current_hash or value.stable_hash):
        out["canary"] = _canary(value)
        out["blueGreen"] = _blue_green(value)
    if value.duration is not None:
        out["duration"] = codec_duration.encode(value.duration, stamp)
    if block := codec_block.encode(value.bot):
        out["rolloutBot"] = block
    return out


def merge_patch(before: Any, after: Any) -> dict[str, Any]:
    """The JSON merge patch that turns ``before`` into ``after`` (RFC 7386); lists are whole."""
    patch: dict[str, Any] = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old == new and (key in before) == (key in after):
            continue
        if key not in after:
            patch[key] = None
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            patch[key] = merge_patch(old, new)
        else:
            patch[key] = new
    return patch


def _canary(value: status.Status) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if value.weights is not None:
        out["weights"] = _encode_weights(value.weights)
    if value.step_run is not None:
        out["currentStepAnalysisRunStatus"] = _encode_run(value.step_run)
    if value.background_run is not None:
        out["currentBackgroundAnalysisRunStatus"] = _encode_run(value.background_run)
    if value.experiment:
        out["currentExperiment"] = value.experiment
    if value.stable_ping_pong:
        out["stablePingPong"] = value.stable_ping_pong
    return out


def _encode_weights(value: status.Weights) -> dict[str, Any]:
    sides = {
        "canary": (value.canary, value.canary_hash, value.canary_service),
        "stable": (value.stable, value.stable_hash, value.stable_service),
    }
    out: dict[str, Any] = {}
    for side, (weight, pod_hash, service) in sides.items():
        out[side] = {"weight": weight}
        if pod_hash:
            out[side]["podTemplateHash"] = pod_hash
        if service:
            out[side]["serviceName"] = service
    if value.additional:
        out["additional"] = [
            {"weight": one.weight, "podTemplateHash": one.hash, "serviceName": one.service}
            for one in value.additional
        ]
    return out


def _blue_green(value: status.Status) -> dict[str, Any]:
    runs = {
        "prePromotionAnalysisRunStatus": value.pre_run,
        "postPromotionAnalysisRunStatus": value.post_run,
    }
    out: dict[str, Any] = {key: _encode_run(run) for key, run in runs.items() if run is not None}
    if value.active:
        out["activeSelector"] = value.active
    if value.preview:
        out["previewSelector"] = value.preview
    if value.checkpoint:
        out["scaleUpPreviewCheckPoint"] = True
    return out


def _weights(raw: Any) -> status.Weights | None:
    got = _map(raw)
    if not got:
        return None
    canary, stable = _map(got.get("canary")), _map(got.get("stable"))
    return status.Weights(
        canary=_number(canary.get("weight")) or 0,
        stable=_number(stable.get("weight")) or 0,
        canary_hash=_text(canary.get("podTemplateHash")),
        stable_hash=_text(stable.get("podTemplateHash")),
        canary_service=_text(canary.get("serviceName")),
        stable_service=_text(stable.get("serviceName")),
        additional=_additional(got.get("additional")),
    )


def _additional(raw: Any) -> tuple[status.ExtraWeight, ...]:
    return tuple(
        status.ExtraWeight(
            weight=_number(one.get("weight")) or 0,
            service=_text(one.get("serviceName")),
            hash=_text(one.get("podTemplateHash")),
        )
        for one in (raw if isinstance(raw, list) else ())
        if isinstance(one, Mapping)
    )


def _encode_run(value: status.RunRef) -> dict[str, Any]:
    out = {"name": value.name, "status": value.status}
    return out | {"message": value.message} if value.message else out


def _run(raw: Any) -> status.RunRef | None:
    got = _map(raw)
    if not got.get("name"):
        return None
    return status.RunRef(
        name=_text(got["name"]),
        status=_text(got.get("status")),
        message=_text(got.get("message")),
    )


def _pauses(raw: Any) -> tuple[status.PauseCondition, ...]:
    found = []
    for entry in raw if isinstance(raw, list) else []:
        start = time(_map(entry).get("startTime"))
        if start is not None and _text(entry.get("reason")):
            found.append(status.PauseCondition(reason=entry["reason"], start=start))
    return tuple(found)


def conditions(raw: Any) -> tuple[status.Condition, ...]:
    """The entries that have a type."""
    found = []
    for entry in raw if isinstance(raw, list) else []:
        got = _map(entry)
        if not _text(got.get("type")):
            continue
        fallback = datetime(1970, 1, 1, tzinfo=UTC)
        found.append(
            status.Condition(
                type=_text(got["type"]),
                status=_text(got.get("status")),
                reason=_text(got.get("reason")),
                message=_text(got.get("message")),
                updated=time(got.get("lastUpdateTime")) or fallback,
                transitioned=time(got.get("lastTransitionTime")) or fallback,
            )
        )
    return tuple(found)


def condition(value: status.Condition) -> dict[str, Any]:
    """One raw entry."""
    return {
        "type": value.type,
        "status": value.status,
        "reason": value.reason,
        "message": value.message,
        "lastUpdateTime": stamp(value.updated),
        "lastTransitionTime": stamp(value.transitioned),
    }


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _text(raw: Any) -> str:
    return raw if isinstance(raw, str) else ""


def _number(raw: Any) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None
