"""What the measurements of another controller come to by our own judgment, for one that looks on.

Nothing is measured again: a verdict is found anew from the value that stands in the status.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.core import differing, fields
from bot.core.analysis import arguments, metrics, verdicts
from bot.model import analysis, errors, ports

_INDEX = re.compile(r"result\[(\d+)\]")
_TOO_FAR = "index out of range"
_TERMINATED = "Metric Terminated"


def of(run: Mapping[str, Any], *, strict: bool = False) -> tuple[differing.Difference, ...]:
    """Each verdict that would be another one here, one a metric and kind of difference."""
    try:
        known = _metrics(run)
    except errors.UserError:
        return ()  # a run that cannot be read ends with an error, here and there
    meta, status = fields.mapping(run.get("metadata"), "metadata"), _object(run.get("status"))
    found: dict[differing.Difference, None] = {}
    for result in status.get("metricResults") or ():
        metric = known.get(str(_object(result).get("name")))
        if metric is None:
            continue
        path = f"analysisruns.{meta.get('name')}.{metric.name}"
        for theirs, ours in _measured(metric, result, strict=strict):
            found[differing.Difference(path=f"{path}.measurements", theirs=theirs, ours=ours)] = (
                None
            )
        theirs, ours = str(result.get("phase", "")), _whole(metric, result)
        if theirs != ours and {theirs, ours} & analysis.DONE:
            found[differing.Difference(path=f"{path}.phase", theirs=theirs, ours=ours)] = None
    return tuple(found)


def _object(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _metrics(run: Mapping[str, Any]) -> dict[str, metrics.Metric]:
    """The metrics by name; secrets are not read for this, they are left empty."""
    spec = fields.mapping(run.get("spec"), "spec")
    args = fields.sequence(spec.get("args"), "args")
    values, wanted = arguments.values(args, {})
    if wanted:
        values, _ = arguments.values(args, dict.fromkeys(wanted, ""))
    raws = fields.sequence(spec.get("metrics"), "metrics")
    found = metrics.in_order(
        [arguments.substituted(fields.mapping(raw, "metrics"), values) for raw in raws]
    )
    return {metric.name: metric for metric in found}


def _measured(
    metric: metrics.Metric, result: Mapping[str, Any], *, strict: bool
) -> Iterator[tuple[str, str]]:
    """Their verdict and ours of each measurement where they are not the same."""
    for taken in result.get("measurements") or ():
        theirs = str(_object(taken).get("phase", ""))
        if theirs not in analysis.DONE:
            continue
        if metric.lasting:
            stopped = taken.get("message") == _TERMINATED and theirs == "Inconclusive"
            ours = "Successful" if stopped else theirs
        else:
            sample = _sample(metric, taken)
            ours = theirs if sample is None else verdicts.judge(sample, metric, strict=strict)[0]
        if str(ours) != theirs:
            yield theirs, str(ours)


def _sample(metric: metrics.Metric, taken: Mapping[str, Any]) -> ports.Sample | None:
    """What was measured, as far as the measurement still tells."""
    text = taken.get("value")
    if not isinstance(text, str):
        return _of_nothing(metric, str(taken.get("message", "")))
    if metric.provider != "prometheus":
        try:
            return ports.Sample(value=json.loads(text, parse_int=float), text=text)
        except (ValueError, RecursionError):
            return ports.Sample(value=text, text=text)
    try:
        if not text.startswith("["):
            return ports.Sample(value=float(text), shape="float64", text=text)
        numbers = [float(one) for one in text.strip("[]").split(",") if one]
    except ValueError:
        return None  # it was too long to be kept whole
    return ports.Sample(value=numbers, shape="[]float64", text=text)


def _of_nothing(metric: metrics.Metric, message: str) -> ports.Sample | None:
    """An empty answer leaves no value: it shows in that there was no first number."""
    indices = _INDEX.findall(f"{metric.success} {metric.failure}")
    if metric.provider != "prometheus" or _TOO_FAR not in message or set(indices) != {"0"}:
        return None
    return ports.Sample(value=[], shape="[]float64", text="[]")


def _whole(metric: metrics.Metric, result: Mapping[str, Any]) -> str:
    """What the metric has come to by the counts that stand there."""
    theirs = str(result.get("phase", ""))
    ours, _ = verdicts.of_metric(metric, result, terminating=theirs in analysis.DONE)
    return str(ours)
