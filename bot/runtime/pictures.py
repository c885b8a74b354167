"""Charts into the threads of alerts and gates: after the text, and never in its way."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.core.notices import degraded, measured, people, thread
from bot.core.notices import scene as scenes
from bot.model import chart_data, errors, messenger, world
from bot.render import chart_words, charts
from bot.runtime import anchors, delivery, tasks

log = logging.getLogger(__name__)

TIMEOUT_S = 60.0
TRIES = 3
AT_ONCE = 8
LEAD = timedelta(seconds=30)
STABLE_LIMIT = 3
"""Metrics of a gate that the stable is asked for too."""

Wish = tuple[str, world.Run, tuple[str, ...]]
"""The key of a message, the run its chart is drawn from, and the metrics, the drawn one first."""


class Painter(Protocol):
    """SVG to PNG, outside the loop."""

    async def png(self, svg: str, *, timeout_s: float = 10.0) -> bytes: ...


class SeriesSource(Protocol):
    """The samples of a metric for canary and stable; None where there are none."""

    async def series(
        self,
        run_raw: Mapping[str, Any],
        metric_name: str,
        start: datetime,
        end: datetime,
        stable_hash: str,
    ) -> chart_data.ChartData | None: ...


@dataclass(slots=True, kw_only=True)
class Gallery:
    """``painted(told)`` is called when a chart is up, so that the alert can say so."""

    chat: messenger.Messenger
    painter: Painter | None
    series: SeriesSource | None
    places: anchors.Anchors
    painted: Callable[[delivery.Told], None] = lambda _told: None
    running: set[asyncio.Task[None]] = field(default_factory=set)
    _wanted: set[str] = field(default_factory=set)

    def want(self, told: delivery.Told, scene: scenes.Scene) -> None:
        """Begin the chart of the present alert or gate, if it has one and it is not there."""
        wish = _wish(scene)
        if self.painter is None or wish is None:
            return
        key = wish[0]
        record = self.places.of(told.rollout).get(key, {})
        if not record.get("ts") or record.get("chart") or key in self._wanted:
            return
        if len(self.running) >= AT_ONCE:
            return  # the next pass of this rollout asks again
        self._wanted.add(key)
        task = tasks.spawn(self._bring(told, scene, wish), name=f"chart {key}")
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def _bring(self, told: delivery.Told, scene: scenes.Scene, wish: Wish) -> None:
        kept: dict[str, Any] = {"chart": "none"}
        key = wish[0]
        try:
            for turn in range(TRIES):
                try:
                    async with asyncio.timeout(TIMEOUT_S):
                        kept = await self._once(told, scene, wish)
                    break
                except (errors.Unavailable, TimeoutError) as problem:
                    log.info("the chart has to wait: %s", problem)
                    await asyncio.sleep(2.0 * 2**turn)
        except errors.RolloutBotError as problem:
            log.warning("there is no chart for %s: %s", key, problem)
        finally:
            self._wanted.discard(key)
        await self.places.record(told.rollout, key, kept)
        self.painted(told)

    async def _once(self, told: delivery.Told, scene: scenes.Scene, wish: Wish) -> dict[str, Any]:
        """Draw and upload; what the message may say since."""
        key, run, metrics = wish
        if not metrics or self.painter is None:
            return {"chart": "none"}
        data = await self._data(scene, run, metrics[0])
        if data is None:
            return {"chart": "none"}
        lines = self.places.of(told.rollout).get(thread.key(scene), {})
        data = replace(data, marks=_marks(lines))
        picture = await self.painter.png(charts.chart_svg(data))
        record = self.places.of(told.rollout).get(key, {})
        place = messenger.Place(channel=str(record["channel"]), ts=str(record["ts"]))
        await self.chat.upload(
            place=place, picture=picture, title=data.title, alt=chart_words.alt(data)
        )
        first = _stable_text(data)
        if key.startswith("alert:"):
            return {"chart": "up"} | ({"stable": first} if first else {})
        beside = {metrics[0]: first}
        for name in metrics[1:STABLE_LIMIT]:
            other = await self._data(scene, run, name)
            beside[name] = "" if other is None else _stable_text(other)
        return {"chart": "up", "stable": {name: text for name, text in beside.items() if text}}

    async def _data(
        self, scene: scenes.Scene, run: world.Run, name: str
    ) -> chart_data.ChartData | None:
        start = (scene.status.bot.started or run.created) - LEAD
        stable = scene.stable.hash if scene.stable is not None else ""
        found = None
        if self.series is not None:
            try:
                found = await self.series.series(run.raw, name, start, scene.now, stable)
            except (errors.RolloutBotError, TimeoutError) as problem:
                log.info("the chart shows the run's own measurements: %s", problem)
        found = found or own(run, name)
        return None if found is None else _labeled(scene, found)


def _wish(scene: scenes.Scene) -> Wish | None:
    """The chart that belongs to what stands now: under which key, of which run and metrics."""
    if scene.abort:
        run = degraded.guilty(scene)
        if run is None or people.decode(str(scene.abort.get("by", ""))):
            return None
        failed = measured.failed_metric(run)
        return degraded.key(scene), run, () if failed is None else (failed.name,)
    gate = scenes.gate(scene)
    for run in measured.runs(scene) if gate else ():
        taken = [one for one in measured.of_run(run.raw) if one.value_text and not one.dry_run]
        if taken:
            worst = sorted(taken, key=lambda one: -(one.failed + one.inconclusive))
            return f"gate:{gate}", run, tuple(one.name for one in worst)
    return None


def _stable_text(data: chart_data.ChartData) -> str:
    """What the stable had last; empty where the query cannot be asked of it."""
    if not data.stable:
        return ""
    return measured.value_text(data.stable[-1].value, measured.Unit(text=data.unit))


def own(run: world.Run, name: str) -> chart_data.ChartData | None:
    """The chart of what the run itself measured; None where that is nothing."""
    specs = (run.raw.get("spec") or {}).get("metrics") or ()
    metric = next((m for m in specs if m.get("name") == name), None)
    taken = measured.points(run.raw, name)
    if metric is None or not taken:
        return None
    unit, bound = measured.unit_of(metric, run.raw), measured.bound(metric, run.raw)
    points = [chart_data.Point(at=at, value=value * unit.factor) for at, value, _ in taken]
    return chart_data.ChartData(
        title="",
        metric=name,
        unit=unit.text,
        bound=bound.value * unit.factor if bound is not None else None,
        direction=bound.direction if bound is not None else chart_data.Direction.AT_LEAST,
        canary_name="",
        stable_name="",
        canary=tuple(points),
        failing=tuple(p for p, (_, _, failed) in zip(points, taken, strict=True) if failed),
    )


def _marks(lines: anchors.Record) -> tuple[chart_data.StepMark, ...]:
    """When which weight was reached, as the thread has it."""
    found = []
    for name, when in lines.items():
        weight, at = name.removeprefix("w").partition("@")[0], scenes.time(when)
        if name.startswith("w") and weight.isdecimal() and at is not None:
            found.append(chart_data.StepMark(at=at, label=f"{weight} %"))
    return tuple(sorted(found, key=lambda mark: mark.at))[-20:]


def _labeled(scene: scenes.Scene, data: chart_data.ChartData) -> chart_data.ChartData:
    new, old = scenes.revision(scene), scenes.former(scene)
    return replace(
        data,
        title=f"{scene.rollout.name} v{new.number} · {scene.rollout.cluster}",
        canary_name=f"canary v{new.number}",
        stable_name=f"stable v{old.number}" if old is not None else "stable",
        ended_at=scenes.time(scene.abort.get("safeAt")) or scenes.time(scene.abort.get("at")),
    )
