"""The figures of the work queues, under the names that client-go gives those of Argo."""

import asyncio
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from bot.adapters import meter as meters
from bot.model import series
from bot.runtime import queue, queue_load

if TYPE_CHECKING:
    from bot.wiring import controller as controllers

GAUGES = {
    "workqueue_depth": "Current depth of workqueue",
    "workqueue_unfinished_work_seconds": (
        "How many seconds of work are in progress and not yet counted by work_duration."
    ),
    "workqueue_longest_running_processor_seconds": (
        "How many seconds the longest running processor has been running."
    ),
}


def count_of(controller: "controllers.Controller") -> None:
    """Count what the queues of a controller do, each under the name it has in Argo."""
    count(
        controller.meter,
        {
            "Rollouts": controller.queue,
            "AnalysisRuns": controller.run_queue,
            "Experiments": controller.trial_queue,
            "Services": controller.service_queue,
        },
    )


def count(meter: meters.Meter, queues: Mapping[str, queue.Queue]) -> None:
    """From now on ``meter`` hears of everything that the queues do."""
    for name, one in queues.items():
        one.load = queue_load.Load(
            added=functools.partial(meter.count, "workqueue_adds_total", name=name),
            retried=functools.partial(meter.count, "workqueue_retries_total", name=name),
            waited=functools.partial(meter.observe, "workqueue_queue_duration_seconds", name=name),
            worked=functools.partial(meter.observe, "workqueue_work_duration_seconds", name=name),
        )
    meter.gauges.append(functools.partial(_now, queues))


def _now(queues: Mapping[str, queue.Queue]) -> Callable[[], Iterable[series.Family]]:
    at = asyncio.get_running_loop().time()
    found: dict[str, list[series.Point]] = {name: [] for name in GAUGES}
    for name, one in queues.items():
        for family, value in zip(GAUGES, (one.load.depth, *one.load.unfinished(at)), strict=True):
            found[family].append(series.Point(labels={"name": name}, value=float(value)))
    families = [
        series.Family(name=family, help=GAUGES[family], points=tuple(points))
        for family, points in found.items()
    ]
    return lambda: families
