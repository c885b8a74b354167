"""Whether an abort helped: the metrics that were measured of the canary, measured of the stable.

A run that is nowhere in the cluster: the same metrics, once, with the stable's hash where an
argument has the canary's. When they are measured is not decided here.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.core import revisions
from bot.core.notices import measured
from bot.model import facts as facts_model

METRICS_LIMIT = 6
EVERY = timedelta(seconds=10)
OWN_LIMIT = timedelta(seconds=90)
"""A query that names the revision forgets the canary at once."""
SHARED_LIMIT = timedelta(minutes=6)
"""One of the whole service shows the bad time as long as its window is wide."""
UNMEASURED = "unmeasured"
LASTING = frozenset({"job"})
"""Providers that do something instead of answering."""
TOO_LATE = timedelta(minutes=30)
"""After so long without a look, a value says nothing about the rollback."""
_ONCE = ("initialDelay", "interval", "count", "consecutiveSuccessLimit", "failureLimit")


def run_of_stable(run: Mapping[str, Any], stable_hash: str) -> Mapping[str, Any] | None:
    """The run to measure the stable by; None where nothing of it can be asked at once."""
    metrics = [
        {key: value for key, value in one.items() if key not in _ONCE}
        for one in _counting(run)
        if _provider(one) not in {"", *LASTING}
    ]
    if not metrics or not stable_hash:
        return None
    return {
        "metadata": {"name": "aftermath"},
        "spec": {"args": swapped(run, stable_hash), "metrics": metrics[:METRICS_LIMIT]},
    }


def unmeasured(run: Mapping[str, Any]) -> dict[str, str]:
    """What is written down of a run that no provider answers at once, as a Job's; else nothing.

    A Job may do anything: it is run for whoever shipped, and not once more by the bot itself.
    """
    jobs = [str(one.get("name")) for one in _counting(run) if _provider(one) in LASTING]
    if not jobs:
        return {}
    return {"verdict": UNMEASURED, "why": ", ".join(jobs[:METRICS_LIMIT])[:200]}


def swapped(run: Mapping[str, Any], stable_hash: str) -> list[Mapping[str, Any]]:
    """The run's arguments, the canary's hash replaced by the stable's."""
    canary = _map(_map(run.get("metadata")).get("labels")).get(revisions.HASH, "")
    given = _maps(_map(run.get("spec")).get("args"))
    return [
        {**one, "value": stable_hash} if canary and one.get("value") == canary else one
        for one in given
    ]


def own(run: Mapping[str, Any], stable_hash: str) -> bool:
    """Whether the metrics are asked of the revision alone."""
    return swapped(run, stable_hash) != _maps(_map(run.get("spec")).get("args"))


def told(
    run: Mapping[str, Any], result: Mapping[str, Any], why: str, *, last: bool
) -> dict[str, str]:
    """What is to be written down: it is well again, or, at the end, how it is; else nothing."""
    phases = {str(one.get("name")): _phase(one) for one in _maps(result.get("metricResults"))}
    facts = measured.of_run({**run, "status": result})
    bad = next((one for one in facts if phases.get(one.name) == "Failed"), None)
    if facts and phases and all(phases.get(one.name) == "Successful" for one in facts):
        return _said("restored", facts[0])
    if not last:
        return {}
    if bad is not None:
        return _said("not-restored", bad)
    silent = next((one.message for one in facts if one.message), "") or why
    return {"verdict": "unknown", "why": silent[:200]}


def _said(verdict: str, metric: facts_model.MetricFact) -> dict[str, str]:
    return {
        "verdict": verdict,
        "metric": metric.name[:120],
        "value": metric.value_text[:60],
        "bound": metric.bound_text[:80],
    }


def _phase(result: Mapping[str, Any]) -> str:
    """Of its one measurement."""
    taken = _maps(result.get("measurements"))
    return str(taken[-1].get("phase", "")) if taken else ""


def _counting(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Its metrics but those that were only tried out."""
    dry = {str(one.get("name")) for one in _maps(_results(run)) if one.get("dryRun") is True}
    metrics = _maps(_map(run.get("spec")).get("metrics"))
    return [one for one in metrics if str(one.get("name")) not in dry]


def _provider(metric: Mapping[str, Any]) -> str:
    named = [key for key, value in _map(metric.get("provider")).items() if value is not None]
    return named[0] if len(named) == 1 else ""


def _results(run: Mapping[str, Any]) -> Any:
    return _map(run.get("status")).get("metricResults")


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _maps(raw: Any) -> list[Mapping[str, Any]]:
    return [one for one in raw if isinstance(one, Mapping)] if isinstance(raw, list) else []
