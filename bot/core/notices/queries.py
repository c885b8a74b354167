"""What people can look up of a metric: its query and time, and how the stable did beside it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core import codec_status
from bot.core.notices import measured
from bot.core.notices import scene as scenes
from bot.model import facts


def metrics(scene: scenes.Scene) -> tuple[facts.MetricFact, ...]:
    """Every metric of the runs that count, with what was asked and when."""
    found = [
        asked(run.raw, one) for run in measured.runs(scene) for one in measured.of_run(run.raw)
    ]
    return tuple(found[: measured.METRICS_LIMIT])


def asked(raw: Mapping[str, Any], found: facts.MetricFact) -> facts.MetricFact:
    """``found`` with its query as it was sent; secrets stay placeholders."""
    metric = _named(_map(raw.get("spec")).get("metrics"), found.name)
    result = _named(_map(raw.get("status")).get("metricResults"), found.name)
    provider = _map(_map(metric.get("provider")).get("prometheus"))
    return replace(
        found,
        query=measured.filled(provider.get("query"), raw),
        since=_instant(result, 0),
        until=_instant(result, -1),
    )


def beside(found: tuple[facts.MetricFact, ...], stable: Any) -> tuple[facts.MetricFact, ...]:
    """``found`` with what was seen of the stable since, by the metric's name."""
    values = {str(k): str(v) for k, v in stable.items()} if isinstance(stable, Mapping) else {}
    return tuple(
        replace(one, stable_text=values[one.name][:60]) if values.get(one.name) else one
        for one in found
    )


def _instant(result: Mapping[str, Any], at: int) -> datetime | None:
    taken = result.get("measurements")
    taken = [one for one in taken if isinstance(one, Mapping)] if isinstance(taken, list) else []
    return codec_status.time(taken[at].get("finishedAt")) if taken else None


def _named(raw: Any, name: str) -> Mapping[str, Any]:
    entries = raw if isinstance(raw, list) else []
    found = (one for one in entries if isinstance(one, Mapping) and one.get("name") == name)
    return next(found, {})


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}
