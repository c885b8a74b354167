"""Experiment status ↔ raw: lenient in, exact out (spec §1.9)."""

from collections.abc import Mapping
from typing import Any

from bot.core import codec_status
from bot.model import experiment

_COUNTS = (
    ("replicas", "replicas"),
    ("updatedReplicas", "updated"),
    ("readyReplicas", "ready"),
    ("availableReplicas", "available"),
)
_TEXTS = (("message", "message"), ("serviceName", "service"), ("podTemplateHash", "pod_hash"))


def decode(raw: Any) -> experiment.Status:
    """The typed status. Fields of a wrong type count as absent."""
    got = raw if isinstance(raw, Mapping) else {}
    return experiment.Status(
        phase=_text(got.get("phase")),
        message=_text(got.get("message")),
        available_at=codec_status.time(got.get("availableAt")),
        templates=tuple(_template(one) for one in _named(got.get("templateStatuses"))),
        runs=tuple(_run(one) for one in _named(got.get("analysisRuns"))),
        conditions=codec_status.conditions(got.get("conditions")),
    )


def encode(value: experiment.Status) -> dict[str, Any]:
    """The raw status; what is empty is absent, but for the counts of pods, as in Argo."""
    stamp = None if value.available_at is None else codec_status.stamp(value.available_at)
    plain = {
        "phase": value.phase,
        "message": value.message,
        "availableAt": stamp,
        "templateStatuses": [_encode_template(one) for one in value.templates],
        "analysisRuns": [_encode_run(one) for one in value.runs],
        "conditions": [codec_status.condition(one) for one in value.conditions],
    }
    return {key: found for key, found in plain.items() if found not in (None, "", [])}


def _encode_template(one: experiment.TemplateStatus) -> dict[str, Any]:
    out: dict[str, Any] = {"name": one.name}
    out.update({key: getattr(one, name) for key, name in _COUNTS})
    if one.collisions is not None:
        out["collisionCount"] = one.collisions
    if one.status:
        out["status"] = one.status
    if one.transitioned is not None:
        out["lastTransitionTime"] = codec_status.stamp(one.transitioned)
    out.update({key: getattr(one, name) for key, name in _TEXTS if getattr(one, name)})
    return out


def _encode_run(one: experiment.RunStatus) -> dict[str, Any]:
    out = {"name": one.name, "analysisRun": one.run, "phase": one.phase}
    return out | {"message": one.message} if one.message else out


def _named(raw: Any) -> list[Mapping[str, Any]]:
    entries = raw if isinstance(raw, list) else []
    return [one for one in entries if isinstance(one, Mapping) and _text(one.get("name"))]


def _template(raw: Mapping[str, Any]) -> experiment.TemplateStatus:
    return experiment.TemplateStatus(
        name=_text(raw["name"]),
        collisions=_number(raw.get("collisionCount")),
        status=_text(raw.get("status")),
        transitioned=codec_status.time(raw.get("lastTransitionTime")),
        replicas=_number(raw.get("replicas")) or 0,
        updated=_number(raw.get("updatedReplicas")) or 0,
        ready=_number(raw.get("readyReplicas")) or 0,
        available=_number(raw.get("availableReplicas")) or 0,
        message=_text(raw.get("message")),
        service=_text(raw.get("serviceName")),
        pod_hash=_text(raw.get("podTemplateHash")),
    )


def _run(raw: Mapping[str, Any]) -> experiment.RunStatus:
    return experiment.RunStatus(
        name=_text(raw["name"]),
        run=_text(raw.get("analysisRun")),
        phase=_text(raw.get("phase")),
        message=_text(raw.get("message")),
    )


def _text(raw: Any) -> str:
    return raw if isinstance(raw, str) else ""


def _number(raw: Any) -> int | None:
    whole = isinstance(raw, int) and not isinstance(raw, bool)
    return raw if whole and 0 <= raw < 2**31 else None
