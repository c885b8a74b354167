"""What analysis runs say, as facts: value, bound, how often taken and failed."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core import codec_status, unreached
from bot.core.notices import scene as scenes
from bot.model import chart_data, facts, world

METRICS_LIMIT = 32
_COMPARED = re.compile(
    r"(?<![\w(])(?:(?:asFloat|asInt|float)\(\s*)?result(?:\[0\]|\.[\w.]+)?\)?\s*"
    r"(?P<sign>>=|<=|==|>|<)\s*(?P<bound>-?\d+(?:\.\d+)?(?:e-?\d+)?)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_ARGUMENT = re.compile(r"\{\{\s*args\.([\w.-]+)\s*\}\}")
_SHARE = re.compile(r"rate|ratio|share|percent|availab|success|error", re.IGNORECASE)
_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "==": "="}
_OPPOSITE = {">=": "<", "<=": ">", ">": "<=", "<": ">=", "==": "="}
_VERDICTS = {
    "Successful": facts.Verdict.SUCCESSFUL,
    "Failed": facts.Verdict.FAILED,
    "Inconclusive": facts.Verdict.INCONCLUSIVE,
    "Error": facts.Verdict.ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """How a metric's numbers are shown: times ``factor``, with ``text`` behind."""

    text: str = ""
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The one number that a metric must keep."""

    sign: str
    value: float

    @property
    def direction(self) -> chart_data.Direction:
        high = self.sign in {">", ">="}
        return chart_data.Direction.AT_LEAST if high else chart_data.Direction.AT_MOST


def measured(scene: scenes.Scene) -> bool:
    """Whether any analysis is part of the way at all."""
    return scene.spec is not None and scene.spec.measured


def runs(scene: scenes.Scene) -> tuple[world.Run, ...]:
    """The runs that count for the present revision, the newest of each kind."""
    started = scene.status.bot.started
    mine = [
        run
        for run in scene.seen.runs
        if run.hash == scene.hash
        and (started is None or run.created >= started.replace(microsecond=0))
    ]
    newest: dict[str, world.Run] = {}
    for run in sorted(mine, key=lambda run: (run.created, run.step_index or 0, run.name)):
        newest[run.kind] = run
    return tuple(newest.values())


def metrics(scene: scenes.Scene) -> tuple[facts.MetricFact, ...]:
    """Every metric of the runs that count."""
    found = [one for run in runs(scene) for one in of_run(run.raw)]
    return tuple(found[:METRICS_LIMIT])


def failed_run(scene: scenes.Scene) -> world.Run | None:
    """The run whose verdict took the rollout back."""
    bad = [run for run in runs(scene) if run.phase in {"Failed", "Error"}]
    return bad[-1] if bad else None


def failed_metric(run: world.Run) -> facts.MetricFact | None:
    """The metric that decided a run: the failed one before the one that could not be measured."""
    found = [m for m in of_run(run.raw) if not m.dry_run]
    for verdict in (facts.Verdict.FAILED, facts.Verdict.ERROR):
        for metric in found:
            if metric.verdict is verdict:
                return metric
    return None


def of_run(raw: Mapping[str, Any]) -> tuple[facts.MetricFact, ...]:
    """One fact a metric of the run's spec, with what its status knows of it."""
    spec, status = _map(raw.get("spec")), _map(raw.get("status"))
    results = {r.get("name"): r for r in _maps(status.get("metricResults"))}
    return tuple(
        _fact(metric, _map(results.get(metric.get("name"))), raw)
        for metric in _maps(spec.get("metrics"))[:METRICS_LIMIT]
    )


def _fact(
    metric: Mapping[str, Any], result: Mapping[str, Any], raw: Mapping[str, Any]
) -> facts.MetricFact:
    failed, inconclusive = _count(result, "failed"), _count(result, "inconclusive")
    unit = unit_of(metric, raw)
    last = _last(result)
    verdict = _VERDICTS.get(str(result.get("phase")), facts.Verdict.RUNNING)
    return facts.MetricFact(
        name=str(metric.get("name", "")),
        value_text=value_text(last.get("value"), unit),
        bound_text=bound_text(metric, raw),
        verdict=verdict,
        taken=_count(result, "successful") + failed + inconclusive,
        wanted=_wanted(metric, raw),
        failed=failed,
        failure_limit=_limit(metric, raw),
        inconclusive=inconclusive,
        dry_run=result.get("dryRun") is True,
        message=_message(result),
    )


def _last(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last measurement that has a value, else the last one."""
    taken = _maps(result.get("measurements"))
    valued = [one for one in taken if one.get("value")]
    return (valued or taken or ({},))[-1]


def _message(result: Mapping[str, Any]) -> str:
    """What the metric says, or its newest measurement."""
    newest = (_maps(result.get("measurements")) or ({},))[-1]
    return unreached.said(str(result.get("message") or newest.get("message") or ""))[:300]


def _wanted(metric: Mapping[str, Any], raw: Mapping[str, Any]) -> int | None:
    count = _integer(metric.get("count"), raw)
    if count:
        return count
    return None if metric.get("interval") else 1


def _limit(metric: Mapping[str, Any], raw: Mapping[str, Any]) -> int | None:
    limit = _integer(metric.get("failureLimit"), raw)
    if limit is None:
        return 0
    return None if limit < 0 else limit


def bound(metric: Mapping[str, Any], raw: Mapping[str, Any]) -> Bound | None:
    """The one comparison of the conditions; None where there is none or more than one."""
    good = filled(metric.get("successCondition"), raw)
    bad = filled(metric.get("failureCondition"), raw)
    for text, signs in ((good, {s: s for s in _SIGNS}), (bad, _OPPOSITE)):
        found = list(_COMPARED.finditer(text))
        if len(found) == 1:
            return Bound(sign=signs[found[0]["sign"]], value=float(found[0]["bound"]))
        if text:
            return None
    return None


def bound_text(metric: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    """The bound in words where the condition is a plain comparison, else the condition."""
    found = bound(metric, raw)
    if found is None:
        text = filled(metric.get("successCondition"), raw)
        other = filled(metric.get("failureCondition"), raw)
        return (text or (f"not {other}" if other else ""))[:80]
    return f"{_SIGNS[found.sign]} {_shown(found.value, unit_of(metric, raw))}"


_IN_MS = re.compile(r"\*\s*(1000|1e3)\b|\b(1000|1e3)\s*\*")
"""A query of seconds that turns them into milliseconds itself, on either side."""


def unit_of(metric: Mapping[str, Any], raw: Mapping[str, Any]) -> Unit:
    """The unit, as far as name, bound and query give it away."""
    name, query = str(metric.get("name", "")), _query(metric)
    found = bound(metric, raw)
    if re.search(r"latency|duration|\bp\d\d", name, re.IGNORECASE):
        if "_seconds" in query and not _IN_MS.search(query):
            return Unit(text="ms", factor=1000.0)
        if "_seconds" in query or "millisec" in query or "_ms" in query + name:
            return Unit(text="ms")
        return Unit()
    if found is None or not _SHARE.search(name):
        return Unit()
    if 0 <= found.value <= 1 and not re.search(r"\*\s*100\b", query):
        return Unit(text="%", factor=100.0)
    return Unit(text="%") if re.search(r"\*\s*100\b|percent", f"{query} {name}") else Unit()


def _query(metric: Mapping[str, Any]) -> str:
    provider = _map(metric.get("provider"))
    return str(_map(provider.get("prometheus")).get("query") or "")


def value_text(raw: Any, unit: Unit) -> str:
    """A measurement's value as people read it; foreign shapes stay as they are, cut."""
    value = number(raw)
    if value is None:
        return "" if raw is None else str(raw)[:60]
    return _shown(value, unit)


def number(raw: Any) -> float | None:
    """The one number of a measurement ("[0.92]", "0.92"), if it is one."""
    text = str(raw).strip().removeprefix("[").removesuffix("]").strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _shown(value: float, unit: Unit) -> str:
    scaled = value * unit.factor
    digits = f"{scaled:,.0f}" if abs(scaled) >= 100 else f"{scaled:.3g}"
    return f"{digits} {unit.text}".rstrip()


def filled(text: Any, raw: Mapping[str, Any]) -> str:
    """A text of the metric with the run's arguments put in; secrets stay placeholders."""
    if not isinstance(text, str):
        return ""
    values = arguments(raw)
    return _ARGUMENT.sub(lambda m: values.get(m[1], m[0]), text)[:600]


def arguments(raw: Mapping[str, Any]) -> dict[str, str]:
    """The arguments of a run that have a plain value."""
    return {
        str(one.get("name")): str(one["value"])
        for one in _maps(_map(raw.get("spec")).get("args"))
        if one.get("value") is not None
    }


def points(raw: Mapping[str, Any], name: str) -> tuple[tuple[datetime, float, bool], ...]:
    """The measurements of one metric: when, how much, and whether it failed."""
    results = _maps(_map(raw.get("status")).get("metricResults"))
    result = next((r for r in results if r.get("name") == name), {})
    out = []
    for one in _maps(_map(result).get("measurements")):
        at = codec_status.time(one.get("finishedAt") or one.get("startedAt"))
        value = number(one.get("value"))
        if at is not None and value is not None:
            out.append((at, value, one.get("phase") == "Failed"))
    return tuple(out)


def _integer(value: Any, raw: Mapping[str, Any]) -> int | None:
    text = filled(str(value), raw) if value is not None else ""
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None


def _count(result: Mapping[str, Any], key: str) -> int:
    value = result.get(key)
    return value if isinstance(value, int) else 0


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _maps(raw: Any) -> Sequence[Mapping[str, Any]]:
    return [one for one in raw if isinstance(one, Mapping)] if isinstance(raw, list) else []
