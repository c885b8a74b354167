"""From a sample to a verdict, from a metric's counts to its own, from metrics to a run's."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.core import expr
from bot.core.analysis import metrics
from bot.model import analysis, ports

_ASKS = {
    "nothing": re.compile(r"\b(isNil|len|default)\s*\(|\?\?"),
    "nan": re.compile(r"\bisNaN\s*\("),
    "infinity": re.compile(r"\bisInf\s*\("),
}
"""How a condition asks for a kind of missing data. Asking for one kind is no answer to another."""
_WORST = ("Successful", "Running", "Pending", "Inconclusive", "Error", "Failed")
NO_DATA = "not enough data: the query returned no usable value"


def judge(sample: ports.Sample, metric: metrics.Metric, *, strict: bool) -> tuple[str, str]:
    """The phase of one measurement and its message (spec §5.6).

    No data is not bad data (ruling 3): an empty result, NaN or infinity is inconclusive, unless
    the condition itself looks for it, or ``strict`` asks for Argo's way.
    """
    lacks = frozenset() if strict else missing(sample.value)
    conditions = f"{metric.success} {metric.failure}"
    if not all(_ASKS[kind].search(conditions) for kind in lacks):
        return analysis.Verdict.INCONCLUSIVE, NO_DATA
    if strict and sample.lacking:
        return analysis.Verdict.ERROR, sample.lacking
    try:
        return _by_conditions(sample, metric), ""
    except expr.ExprError as error:
        return analysis.Verdict.ERROR, str(error)


def expects_no_data(conditions: str) -> bool:
    """Whether the conditions themselves ask for every kind of missing data."""
    return all(asks.search(conditions) for asks in _ASKS.values())


def missing(value: Any) -> frozenset[str]:
    """What kinds of nothing-to-compare there are in a value: nothing, nan, infinity."""
    if value is None or value in ([], ()):
        return frozenset({"nothing"})
    if isinstance(value, Mapping) and value and all(one is None for one in value.values()):
        # A row of a table in which nothing was counted.
        return frozenset({"nothing"})
    numbers = value if isinstance(value, list | tuple) else [value]
    floats = [number for number in numbers if isinstance(number, float)]
    found = {"nan" for number in floats if math.isnan(number)}
    return frozenset(found | {"infinity" for number in floats if math.isinf(number)})


def _by_conditions(sample: ports.Sample, metric: metrics.Metric) -> str:
    def holds(condition: str) -> bool:
        return expr.evaluate(condition, sample.value, shape=sample.shape)

    success, failure = metric.success, metric.failure
    if not success and not failure:
        return analysis.Verdict.SUCCESSFUL
    if success and not failure:
        good = holds(success)
        return analysis.Verdict.SUCCESSFUL if good else analysis.Verdict.FAILED
    if failure and not success:
        bad = holds(failure)
        return analysis.Verdict.FAILED if bad else analysis.Verdict.SUCCESSFUL
    good, bad = holds(success), holds(failure)
    if bad:
        return analysis.Verdict.FAILED
    return analysis.Verdict.SUCCESSFUL if good else analysis.Verdict.INCONCLUSIVE


def of_metric(
    metric: metrics.Metric, result: Mapping[str, Any] | None, *, terminating: bool
) -> tuple[str, str]:
    """The metric's phase and why, by its counts; a later rule overrides an earlier one (§5.4)."""
    if result is None or not result.get("measurements"):
        done = analysis.Verdict.SUCCESSFUL if terminating else analysis.Verdict.PENDING
        return done, ""
    if unfinished(result):
        return analysis.Verdict.RUNNING, ""
    found = _limits(metric, result)
    if found is not None:
        return found
    wins, limit = metric.success_limit, metric.failure_limit
    if wins > 0 and result.get("consecutiveSuccess", 0) >= wins:
        return analysis.Verdict.SUCCESSFUL, ""
    if metric.count is not None and result.get("count", 0) >= metric.count:
        if wins > 0:
            undecided = limit >= 0
            return (
                analysis.Verdict.INCONCLUSIVE if undecided else analysis.Verdict.FAILED
            ), "the count was reached before consecutiveSuccessLimit"
        return analysis.Verdict.SUCCESSFUL, ""
    done = analysis.Verdict.SUCCESSFUL if terminating else analysis.Verdict.RUNNING
    return done, ""


def unfinished(result: Mapping[str, Any] | None) -> bool:
    """Whether the newest measurement goes on still."""
    taken = list((result or {}).get("measurements") or ())
    return bool(taken) and taken[-1].get("phase") == analysis.Verdict.RUNNING


def _limits(metric: metrics.Metric, result: Mapping[str, Any]) -> tuple[str, str] | None:
    failed, errors = result.get("failed", 0), result.get("consecutiveError", 0)
    unclear = result.get("inconclusive", 0)
    found = None
    if metric.failure_limit >= 0 and failed > metric.failure_limit:
        text = f"failed ({failed}) > failureLimit ({metric.failure_limit})"
        found = (analysis.Verdict.FAILED, text)
    if unclear > metric.inconclusive_limit:
        text = f"inconclusive ({unclear}) > inconclusiveLimit ({metric.inconclusive_limit})"
        found = (analysis.Verdict.INCONCLUSIVE, text)
    if errors > metric.error_limit:
        text = f"consecutiveErrors ({errors}) > consecutiveErrorLimit ({metric.error_limit})"
        found = (analysis.Verdict.ERROR, text)
    return found


def worst(phases: Iterable[str]) -> str:
    """The phase that decides; Successful where there is none."""
    return max(phases, key=_WORST.index, default=analysis.Verdict.SUCCESSFUL)
