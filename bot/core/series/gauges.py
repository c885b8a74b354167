"""One object to its gauges: rollouts, analysis runs and templates, experiments (spec §9.4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.core.series import courses, raw, table
from bot.model import series

Object = Mapping[str, Any]

_LEGACY = ("Completed", "Progressing", "Paused", "Timeout", "Error", "Abort")
_BY_REASON = {
    "NewReplicaSetAvailable": "Completed",
    "RolloutPaused": "Paused",
    "ServiceNotFound": "Error",
    "ServiceReferenceError": "Error",
    "ReplicaSetCreateError": "Error",
    "ProgressDeadlineExceeded": "Timeout",
    "RolloutAborted": "Abort",
}
_RUN_PHASES = ("Pending", "Error", "Failed", "Successful", "Running", "Inconclusive")
_ROUTERS = {
    "alb": "ALB",
    "ambassador": "Ambassador",
    "istio": "Istio",
    "nginx": "Nginx",
    "smi": "SMI",
    "appMesh": "AppMesh",
}
_TYPES = {
    "prometheus": "Prometheus",
    "web": "WebMetric",
    "job": "Job",
    "kayenta": "Kayenta",
    "wavefront": "Wavefront",
    "newRelic": "NewRelic",
    "datadog": "Datadog",
    "cloudWatch": "CloudWatch",
    "graphite": "Graphite",
    "influxdb": "Influxdb",
    "skywalking": "SkyWalking",
    "plugin": "RPCPlugin",
}


def families(
    *,
    rollouts: Sequence[Object],
    runs: Sequence[Object],
    templates: Sequence[Object],
    experiments: Sequence[Object],
    now: datetime,
) -> list[series.Family]:
    """Every gauge of everything there is; one broken object hides none of the others."""
    found = table.Table()
    for objects, put in (
        (rollouts, _rollout),
        (rollouts, _seed_rollout),
        (runs, _run),
        (templates, _template),
        (experiments, _experiment),
    ):
        for one in objects:
            put(found, one, now)
    return found.families()


def _rollout(found: table.Table, rollout: Object, _now: datetime) -> None:
    me, status = raw.named(rollout), raw.mapping(rollout, "status")
    strategy, phase = _strategy(rollout), _legacy(status)
    info = {"strategy": strategy, "traffic_router": _router(rollout), "phase": phase}
    found.add("rollout_info", {**me, **info})
    available, present = raw.number(status, "availableReplicas"), raw.number(status, "replicas")
    desired = raw.number(raw.mapping(rollout, "spec"), "replicas", 1)
    found.add("rollout_info_replicas_desired", me, desired)
    found.add("rollout_info_replicas_available", me, available)
    found.add("rollout_info_replicas_unavailable", me, present - available)
    found.add("rollout_info_replicas_updated", me, raw.number(status, "updatedReplicas"))
    for one in _LEGACY:
        labels = {**me, "strategy": strategy, "phase": one}
        found.add("rollout_phase", labels, one == phase)


def _strategy(rollout: Object) -> str:
    chosen = raw.mapping(rollout, "spec", "strategy")
    if chosen.get("blueGreen") is not None:
        return "blueGreen"
    return "canary" if chosen.get("canary") is not None else ""


def _router(rollout: Object) -> str:
    routing = raw.mapping(rollout, "spec", "strategy", "canary", "trafficRouting")
    named = [word for key, word in _ROUTERS.items() if routing.get(key) is not None]
    return named[-1] if named else ""


def _legacy(status: Object) -> str:
    if raw.condition(status, "InvalidSpec"):
        return "InvalidSpec"
    reason = str(raw.condition(status, "Progressing").get("reason", ""))
    return _BY_REASON.get(reason, "Progressing")


def _seed_rollout(found: table.Table, rollout: Object, now: datetime) -> None:
    me, status = raw.named(rollout), raw.mapping(rollout, "status")
    mine = {"namespace": me["namespace"], "rollout": me["name"]}
    phase = str(status.get("phase", ""))
    notes = raw.mapping(rollout, "metadata", "annotations")
    revision = notes.get("rollout.argoproj.io/revision", "")
    info = {"phase": phase, "strategy": _strategy(rollout), "revision": revision}
    found.add("argo_rollouts_info", {**mine, **info})
    index = raw.number(status, "currentStepIndex")
    found.add("argo_rollouts_phase", {**mine, "phase": phase}, index)
    took = courses.duration_s(rollout, now)
    if took is not None:
        found.add("argo_rollouts_rollout_duration_seconds", mine, took)
    if raw.mapping(status, "rolloutBot").get("notSupported"):
        found.add("rollout_bot_not_supported", me)
    if courses.waiting_since(rollout) is not None:
        found.add("rollout_bot_waiting_for_approval", me)


def _run(found: table.Table, run: Object, _now: datetime) -> None:
    me, phase = raw.named(run), str(raw.mapping(run, "status").get("phase", ""))
    found.add("analysis_run_info", {**me, "phase": phase})
    _phases(found, "analysis_run_phase", me, phase)
    mine = {"namespace": me["namespace"], "rollout": raw.owner(run), "analysis_run": me["name"]}
    found.add("argo_rollouts_analysis_run_phase", {**mine, "phase": phase or "Pending"})
    results = {
        one.get("name"): one for one in raw.items(raw.mapping(run, "status"), "metricResults")
    }
    for metric in raw.items(raw.mapping(run, "spec"), "metrics"):
        name, result = metric.get("name", ""), results.get(metric.get("name"), {})
        labels = {"metric": name, "type": _type(metric)}
        found.add("analysis_run_metric_type", {**me, **labels})
        dry = str(bool(result.get("dryRun"))).lower()
        now = str(result.get("phase", ""))
        _phases(found, "analysis_run_metric_phase", {**me, **labels, "dry_run": dry}, now)
        told = {**mine, "metric": name, "phase": now or "Pending"}
        found.add("argo_rollouts_analysis_run_metric_phase", told)


def _phases(found: table.Table, name: str, labels: Mapping[str, Any], phase: str) -> None:
    for one in _RUN_PHASES:
        found.add(name, {**labels, "phase": one}, one == (phase or "Pending"))


def _type(metric: Object) -> str:
    provider = raw.mapping(metric, "provider")
    named = next((key for key, value in provider.items() if value is not None), "")
    return _TYPES.get(named, "")


def _template(found: table.Table, template: Object, _now: datetime) -> None:
    me = raw.named(template)
    found.add("analysis_template_info", me)
    for metric in raw.items(raw.mapping(template, "spec"), "metrics"):
        labels = {**me, "type": _type(metric), "metric": metric.get("name", "")}
        found.add("analysis_template_metric_info", labels)


def _experiment(found: table.Table, experiment: Object, _now: datetime) -> None:
    me, phase = raw.named(experiment), str(raw.mapping(experiment, "status").get("phase", ""))
    found.add("experiment_info", {**me, "phase": phase})
    _phases(found, "experiment_phase", me, phase)
