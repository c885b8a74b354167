"""Charts into the threads of alerts: after the text, never before it, and never in its way."""

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
        """Begin the chart of the present alert, if it has one and it is not there."""
        run = degraded.guilty(scene) if scene.abort else None
        if self.painter is None or run is None or people.decode(str(scene.abort.get("by", ""))):
            return
        key = degraded.key(scene)
        record = self.places.of(told.rollout).get(key, {})
        if not record.get("ts") or record.get("chart") or key in self._wanted:
            return
        if len(self.running) >= AT_ONCE:
            return  # the next pass of this rollout asks again
        self._wanted.add(key)
        task = tasks.spawn(self._bring(told, scene, run, key), name=f"chart {key}")
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def _bring(
        self, told: delivery.Told, scene: scenes.Scene, run: world.Run, key: str
    ) -> None:
        kept: dict[str, Any] = {"chart": "none"}
        try:
            for turn in range(TRIES):
                try:
                    async with asyncio.timeout(TIMEOUT_S):
                        kept = await self._once(told, scene, run, key)
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

    async def _once(
        self, told: delivery.Told, scene: scenes.Scene, run: world.Run, key: str
    ) -> dict[str, Any]:
        """Draw and upload; what the alert may say since."""
        metric = measured.failed_metric(run)
        if metric is None or self.painter is None:
            return {"chart": "none"}
        data = await self._data(scene, run, metric.name)
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
        stable = data.stable[-1].value if data.stable else None
        if stable is None:
            return {"chart": "up"}
        unit = measured.Unit(text=data.unit)
        return {"chart": "up", "stable": measured.value_text(stable, unit)}

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
