"""From a rollout's analysis entry to the spec of its run, and what is wrong with it beforehand."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.core import fields
from bot.core.analysis import arguments, metrics, templates
from bot.model import errors

STRICT = "rollout-bot.io/strict"


def build_spec(
    raw: Mapping[str, Any],
    *,
    lookup: templates.Lookup,
    rollout: Mapping[str, Any],
    latest_hash: str,
    stable_hash: str,
    step: bool,
) -> dict[str, Any]:
    """The spec of an AnalysisRun: merged metrics, arguments with their values, rules.

    Raises:
        errors.UserError: a template is missing, two do not fit, or an argument has no value.

    """
    merged = templates.resolve(fields.sequence(raw.get("templates"), "templates"), lookup)
    given = arguments.from_rollout(
        fields.sequence(raw.get("args"), "args"), rollout, latest_hash, stable_hash
    )
    args = arguments.merged(merged.args, given)
    ends = step and not _strict(rollout)
    out: dict[str, Any] = {"metrics": [_bounded(m, args) if ends else m for m in merged.metrics]}
    if args:
        out["args"] = args
    for key, known in (("dryRun", merged.dry_run), ("measurementRetention", merged.retention)):
        rules: list[Mapping[str, Any]] = []
        templates.join_rules(rules, fields.sequence(raw.get(key), key), key)
        templates.join_rules(rules, known, key)
        if rules:
            out[key] = rules
    return out


def _strict(rollout: Mapping[str, Any]) -> bool:
    notes = fields.mapping(rollout.get("metadata"), "metadata").get("annotations") or {}
    return bool(notes.get(STRICT) == "true")


def _bounded(metric: Mapping[str, Any], args: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """A step's metric must end: one with an interval and no count gets one (ruling 2).

    The limits are read with the arguments in place; a count must cover what they ask for.
    """
    if not _endless(metric):
        return metric
    known = {str(arg.get("name", "")): str(arg["value"]) for arg in args if "value" in arg}
    failures, wins, unsure = (
        max(0, _number(metric.get(key), known))
        for key in ("failureLimit", "consecutiveSuccessLimit", "inconclusiveLimit")
    )
    return {**metric, "count": max(failures + wins, unsure, 4) + 1}


def _endless(metric: Mapping[str, Any]) -> bool:
    return bool(metric.get("interval")) and metric.get("count") in (None, "", 0, "0")


def _number(raw: Any, known: Mapping[str, str]) -> int:
    if isinstance(raw, str):
        try:
            raw = arguments.substituted({"limit": raw}, known)["limit"]
        except errors.UserError:
            return 0
    try:
        return int(raw or 0)
    except (TypeError, ValueError):
        return 0


def ended(raw: Mapping[str, Any], spec: Mapping[str, Any], lookup: templates.Lookup) -> list[str]:
    """A sentence for each metric of ``spec`` whose count is ours and not the template's."""
    merged = templates.resolve(fields.sequence(raw.get("templates"), "templates"), lookup)
    counts = {str(metric.get("name")): metric.get("count") for metric in spec["metrics"]}
    endless = [str(metric.get("name")) for metric in merged.metrics if _endless(metric)]
    return [
        f"metric {name} has an interval and no count: it is measured {counts[name]} times"
        for name in endless
        if counts.get(name) not in (None, "", 0, "0")
    ]


def check(
    raw: Mapping[str, Any],
    *,
    path: str,
    step: bool,
    lookup: templates.Lookup,
    rollout: Mapping[str, Any],
    stable_hash: str,
) -> None:
    """Refuse what could not be run (spec §4.5).

    Raises:
        errors.NotSupported: a metric's provider is not built yet.
        errors.UserError: Argo's field error on ``path``.

    """
    refs = fields.sequence(raw.get("templates"), f"{path}.templates")
    for ref in refs:
        name = str(fields.mapping(ref, f"{path}.templates").get("templateName", ""))
        try:
            merged = templates.resolve([ref], lookup)
        except errors.UserError as problem:
            raise fields.Invalid(f"{path}.templates", name, problem.sentence) from None
        _supported(merged)
        if step and _strict(rollout):
            _ends(merged, f"{path}.templates", name)
    first = ", ".join(_names(refs))
    try:
        spec = build_spec(
            raw,
            lookup=lookup,
            rollout=rollout,
            latest_hash="latest",
            stable_hash=stable_hash or "stable",
            step=step,
        )
        _whole(spec)
    except errors.UserError as problem:
        raise fields.Invalid(f"{path}.templates", first, problem.sentence) from None


def _names(refs: Iterable[Any]) -> list[str]:
    return [str(ref.get("templateName", "")) for ref in refs]


def _supported(merged: templates.Merged) -> None:
    for at, metric in enumerate(merged.metrics):
        name = str(metric.get("name", ""))
        path = f"template {merged.sources.get(name, '')}: metrics[{at}].provider"
        for key, value in fields.mapping(metric.get("provider"), path).items():
            if value is not None and key not in metrics.PROVIDERS:
                where = f"{path}.{key}"
                raise errors.NotSupported(f"{where} is not supported yet", path=where)


def _ends(merged: templates.Merged, path: str, template: str) -> None:
    for metric in merged.metrics:
        if metric.get("interval") and not metric.get("count"):
            text = (
                f"AnalysisTemplate {template} has metric {metric.get('name')} which runs "
                f"indefinitely. Invalid value for count: {metric.get('count')}"
            )
            raise fields.Invalid(path, template, text)


def _whole(spec: Mapping[str, Any]) -> None:
    """Decode the metrics with stand-ins for what is only known later."""
    stand_ins = {
        str(arg.get("name", "")): str(arg.get("value") or "1") for arg in spec.get("args", ())
    }
    raws = [arguments.substituted(metric, stand_ins) for metric in spec["metrics"]]
    found = metrics.in_order(raws)
    names = [metric.name for metric in found]
    for key in ("dryRun", "measurementRetention"):
        metrics.matching(spec.get(key, ()), names, key)
