"""Samples for a chart out of a Prometheus, by the query of the metric itself."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.core import revisions
from bot.core.notices import measured
from bot.model import chart_data, world
from bot.runtime import pictures

POINTS = 120
SHORTEST_STEP_S = 1.0

Range = Callable[
    [Mapping[str, Any], str, datetime, datetime, float],
    Awaitable[list[tuple[datetime, float]]],
]
"""``range(config, query, start, end, step_s)``: the first series of a range query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusSeries:
    """Implements ``pictures.SeriesSource``. ``ask`` raises ``bot.model.errors`` only."""

    ask: Range

    async def series(
        self,
        run_raw: Mapping[str, Any],
        metric_name: str,
        start: datetime,
        end: datetime,
        stable_hash: str,
    ) -> chart_data.ChartData | None:
        """Canary and, where an argument names the revision, stable; None for other providers."""
        specs = (run_raw.get("spec") or {}).get("metrics") or ()
        metric = next((m for m in specs if m.get("name") == metric_name), None)
        config = ((metric or {}).get("provider") or {}).get("prometheus")
        base = pictures.own(_run(run_raw), metric_name)
        if metric is None or not config or base is None or not config.get("query"):
            return None
        unit = measured.unit_of(metric, run_raw)
        step_s = max(SHORTEST_STEP_S, (end - start).total_seconds() / POINTS)
        config = {**config, "address": measured.filled(config.get("address"), run_raw)}
        query = measured.filled(config["query"], run_raw)
        canary = await self.ask(config, query, start, end, step_s)
        if not canary:
            return None
        beside = _for_stable(run_raw, config["query"], stable_hash)
        stable = await self.ask(config, beside, start, end, step_s) if beside else []
        return replace(base, canary=_points(canary, unit), stable=_points(stable, unit))


def _for_stable(run_raw: Mapping[str, Any], query: str, stable_hash: str) -> str:
    """The query with the stable's hash where an argument is the canary's; else nothing."""
    labels = (run_raw.get("metadata") or {}).get("labels") or {}
    canary = labels.get(revisions.HASH, "")
    given = (run_raw.get("spec") or {}).get("args") or ()
    swapped = [
        {**one, "value": stable_hash} if one.get("value") == canary else one for one in given
    ]
    if not canary or not stable_hash or swapped == list(given):
        return ""
    spec = {**(run_raw.get("spec") or {}), "args": swapped}
    here = measured.filled(query, run_raw)
    there = measured.filled(query, {**run_raw, "spec": spec})
    return there if there != here else ""


def _points(
    samples: list[tuple[datetime, float]], unit: measured.Unit
) -> tuple[chart_data.Point, ...]:
    return tuple(chart_data.Point(at=at, value=value * unit.factor) for at, value in samples)


def _run(raw: Mapping[str, Any]) -> world.Run:
    meta = raw.get("metadata") or {}
    return world.Run(
        name=str(meta.get("name", "")),
        phase="",
        message="",
        kind="",
        hash="",
        step_index=None,
        terminating=False,
        created=datetime.min,  # noqa: DTZ901 - never compared
        raw=raw,
    )
