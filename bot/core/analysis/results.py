"""What a run's status says: metric results, summaries, messages, events (spec §5.3 to §5.5)."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib import parse

from bot.core import codec_status
from bot.core.analysis import metrics, verdicts
from bot.model import analysis, world

_COUNTERS = {"Successful": "successful", "Failed": "failed", "Inconclusive": "inconclusive"}
_HIDDEN = "*****"
_NUMBERS = re.compile(r"[\[\]0-9.,eE+\-]*|NaN")
BAD = frozenset({"Failed", "Error", "Inconclusive"})
"""Phases of a metric that end its run."""


def add(
    metric: metrics.Metric,
    old: Mapping[str, Any] | None,
    outcome: analysis.Outcome,
    hidden: tuple[str, ...],
    *,
    strict: bool,
) -> dict[str, Any]:
    """The metric's result with one more measurement, its counters and its retention."""
    phase, message = _came_to(metric, outcome, strict=strict)
    earlier = list((old or {}).get("measurements") or ())
    begun = earlier.pop() if verdicts.unfinished(old) else {}
    measurement: dict[str, Any] = {
        "phase": phase,
        "startedAt": begun.get("startedAt") or codec_status.stamp(outcome.started),
    }
    if outcome.finished is not None:
        measurement["finishedAt"] = codec_status.stamp(outcome.finished)
    if outcome.sample is not None and phase != analysis.Verdict.ERROR:
        shown = outcome.sample.text
        # A short secret must not eat digits of what was measured.
        measurement["value"] = shown if _NUMBERS.fullmatch(shown) else redacted(shown, hidden)
    if message:
        measurement["message"] = redacted(message, hidden)[:2000]
    if state := {**(begun.get("metadata") or {}), **outcome.state, **_notes(outcome, hidden)}:
        measurement["metadata"] = state
    out = _counted(dict(old or {"name": metric.name}), phase)
    out["measurements"] = [*earlier, measurement][-metric.keep :]
    told = outcome.sample.metadata if outcome.sample is not None else outcome.metadata
    if told and not out.get("metadata"):
        out["metadata"] = {key: redacted(text, hidden) for key, text in told.items()}
    out.pop("message", None)
    if measurement.get("message"):
        out["message"] = measurement["message"]
    if metric.dry_run:
        out["dryRun"] = True
    return out


def _notes(outcome: analysis.Outcome, hidden: tuple[str, ...]) -> dict[str, str]:
    """What a provider remarks on one measurement, such as a server's warnings."""
    found = outcome.sample.notes if outcome.sample is not None else {}
    return {key: redacted(text, hidden) for key, text in found.items()}


def _came_to(
    metric: metrics.Metric, outcome: analysis.Outcome, *, strict: bool
) -> tuple[str, str]:
    """The phase of a measurement and its message."""
    if outcome.sample is not None:
        phase, message = verdicts.judge(outcome.sample, metric, strict=strict)
        return str(phase), message
    if outcome.ending is not None:
        return outcome.ending.phase, outcome.ending.message
    if outcome.finished is None:
        return analysis.Verdict.RUNNING.value, ""
    return analysis.Verdict.ERROR.value, outcome.error


def redacted(text: str, hidden: tuple[str, ...]) -> str:
    """The text without any secret in it, in whatever form a message may quote it."""
    forms = {form for secret in hidden for form in _forms(secret) if form}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, _HIDDEN)
    return text


def _forms(secret: str) -> tuple[str, ...]:
    quoted = json.dumps(secret, ensure_ascii=False)[1:-1]
    inside = repr(secret)[1:-1]
    in_url, in_form = parse.quote(secret, safe=""), parse.quote_plus(secret)
    return (secret, secret.strip(), quoted, inside, in_url, parse.quote(secret), in_form)


def _counted(result: dict[str, Any], phase: str) -> dict[str, Any]:
    if phase == "Running":
        return result
    if phase == "Error":
        result["error"] = result.get("error", 0) + 1
        result["consecutiveError"] = result.get("consecutiveError", 0) + 1
    else:
        result[_COUNTERS[phase]] = result.get(_COUNTERS[phase], 0) + 1
        result["count"] = result.get("count", 0) + 1
        result.pop("consecutiveError", None)
    if phase == "Successful":
        result["consecutiveSuccess"] = result.get("consecutiveSuccess", 0) + 1
    else:
        result.pop("consecutiveSuccess", None)
    return result


def with_phase(
    metric: metrics.Metric, result: Mapping[str, Any] | None, phase: str, why: str
) -> dict[str, Any]:
    """The result with its phase; a dry-run metric carries the reason in its own message."""
    out = {**(result or {"name": metric.name}), "phase": str(phase)}
    if metric.dry_run:
        out["dryRun"] = True
        if why:
            out["message"] = f"Metric assessed {phase} due to {why}"
    return out


def status(
    known: Sequence[metrics.Metric],
    after: Mapping[str, Mapping[str, Any]],
    before: Mapping[str, Any],
    now: datetime,
    *,
    terminated: bool,
    waiting: bool,
) -> dict[str, Any]:
    """The run's whole next status."""
    counting = [metric for metric in known if not metric.dry_run]
    phases = [after.get(metric.name, {}).get("phase", "Running") for metric in known]
    all_done = all(phase in analysis.DONE for phase in phases)
    bad = [m for m in counting if after.get(m.name, {}).get("phase") in BAD]
    finished = all_done or (bool(bad) and not waiting)
    own = [after.get(m.name, {}).get("phase", "Running") for m in counting]
    phase = verdicts.worst(own) if finished else "Running"
    started = before.get("startedAt") or _first_start(after) or codec_status.stamp(now)
    out: dict[str, Any] = {
        "phase": str(phase),
        "startedAt": started,
        "runSummary": _summary(counting, after),
        "dryRunSummary": _summary([m for m in known if m.dry_run], after),
    }
    if after:
        out["metricResults"] = [dict(after[name]) for name in sorted(after)]
    if message := _message(counting, after, str(phase), terminated=terminated):
        out["message"] = message
    if finished:
        out["completedAt"] = before.get("completedAt") or codec_status.stamp(now)
    return out


def _first_start(after: Mapping[str, Mapping[str, Any]]) -> str | None:
    starts = [
        str(measurement["startedAt"])
        for result in after.values()
        for measurement in result.get("measurements") or ()
    ]
    return min(starts, default=None)


def _summary(
    group: Sequence[metrics.Metric], after: Mapping[str, Mapping[str, Any]]
) -> dict[str, int]:
    """How many metrics there are, and how many came to which end."""
    if not group:
        return {}
    out = {"count": len(group)}
    for metric in group:
        phase = after.get(metric.name, {}).get("phase")
        if phase in analysis.DONE:
            key = "error" if phase == "Error" else _COUNTERS[str(phase)]
            out[key] = out.get(key, 0) + 1
    return out


def _message(
    counting: Sequence[metrics.Metric],
    after: Mapping[str, Mapping[str, Any]],
    phase: str,
    *,
    terminated: bool,
) -> str:
    if phase in BAD:
        for metric in counting:
            result = after.get(metric.name, {})
            if result.get("phase") == phase:
                _, why = verdicts.of_metric(metric, result, terminating=False)
                text = f'Metric "{metric.name}" assessed {phase} due to {why}'
                told = result.get("message")
                return f'{text}: "Error Message: {told}"' if told else text
    return "Run Terminated" if terminated and phase in analysis.DONE else ""


def events(
    before: Mapping[str, Mapping[str, Any]],
    old: Mapping[str, Any],
    following: Mapping[str, Any],
) -> tuple[world.Event, ...]:
    """One event for each metric and for the run, when it reaches its end."""
    found = []
    for result in following.get("metricResults", ()):
        phase = result.get("phase")
        if phase in analysis.DONE and before.get(result["name"], {}).get("phase") != phase:
            text = f"Metric '{result['name']}' Completed. Result: {phase}"
            bad = phase in {"Failed", "Error"}
            found.append(world.Event(reason=f"Metric{phase}", message=text, warning=bad))
    phase = following["phase"]
    if phase in analysis.DONE and old.get("phase") != phase:
        text = f"Analysis Completed. Result: {phase}"
        bad = phase in {"Failed", "Error"}
        found.append(world.Event(reason=f"AnalysisRun{phase}", message=text, warning=bad))
    return tuple(found)
