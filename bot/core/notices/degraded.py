"""The degraded alert: one for each abort, edited once every user is safe."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core import codec_status
from bot.core.notices import card, measured, people, standing
from bot.core.notices import scene as scenes
from bot.core.notices.notice import Kind, Notice, Said
from bot.model import buttons, facts, messages, world


def key(scene: scenes.Scene) -> str:
    """One abort of one revision; a retry that fails again is another."""
    at = scene.status.aborted_at or scenes.time(scene.abort.get("at"))
    stamp = codec_status.stamp(at) if at is not None else ""
    return f"alert:{scene.hash}:{stamp}"


def notices(scene: scenes.Scene, said: Said) -> Iterator[Notice]:
    """The alert of the present abort."""
    if not scene.status.abort or not scene.abort or scene.problem:
        return
    mine = key(scene)
    yield Notice(
        key=mine,
        kind=Kind.ALERT,
        facts=alert(scene, said.get(mine, {})),
        fresh=not card.inherited(scene),
    )


def alert(scene: scenes.Scene, record: Mapping[str, Any]) -> messages.AlertFacts:
    """What happened, why, how fast; ``record`` knows what the chart brought since."""
    at, safe_at = scenes.time(scene.abort.get("at")), scenes.time(scene.abort.get("safeAt"))
    by = people.decode(str(scene.abort.get("by", "")))
    run = None if by is not None else guilty(scene)
    metric = measured.failed_metric(run) if run is not None else None
    if metric is not None and isinstance(record.get("stable"), str):
        metric = replace(metric, stable_text=record["stable"])
    weight = scene.abort.get("weight")
    return messages.AlertFacts(
        rollout=scene.rollout,
        revision=scenes.revision(scene),
        stable=scenes.former(scene),
        safe=safe_at is not None,
        weight_from=weight if isinstance(weight, int) else 0,
        weight_left=0 if safe_at is not None else scenes.left(scene),
        trouble=str(scene.abort.get("trouble", ""))[:600],
        metric=metric,
        by=by,
        because=standing.cause(scene) or ("" if by is not None else _nobody(scene)),
        decided_at=at,
        took_s=_between(at, safe_at),
        bad_since=_bad_since(run, metric),
        chart_expected=metric is not None and not record.get("chart"),
        buttons=standing.made(
            scene,
            buttons.ButtonKind.RETRY,
            buttons.ButtonKind.UNDO,
            buttons.ButtonKind.WHY,
        ),
    )


def _nobody(scene: scenes.Scene) -> str:
    """An abort without a cause was asked for by a stock tool, which names nobody."""
    return "" if scene.abort.get("cause") else "aborted with kubectl (no name known)"


def guilty(scene: scenes.Scene) -> world.Run | None:
    """The run that caused the abort, if one did."""
    cause = str(scene.abort.get("cause", ""))
    return measured.failed_run(scene) if "analysis" in cause.lower() else None


def _between(start: datetime | None, end: datetime | None) -> float | None:
    if start is None or end is None:
        return None
    return max(0.0, (end - start).total_seconds())


def _bad_since(run: world.Run | None, metric: facts.MetricFact | None) -> datetime | None:
    """The first failed measurement of the last unbroken row of them."""
    if run is None or metric is None:
        return None
    first = None
    for at, _, failed in measured.points(run.raw, metric.name):
        first = (first or at) if failed else None
    return first
