"""``/metrics``: what happens is counted here, and everything is written as Prometheus reads it.

The library renames counters without ``_total``; Argo has such names (spec §9.4), so the series are
kept here and handed over as they are named. What is counted, and when, is the callers' business.
"""

import bisect
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import prometheus_client
from prometheus_client import core, platform_collector, process_collector

import bot
from bot.model import series

MOST_SERIES = 20_000
"""Of one family; beyond it the oldest go."""

_OBJECT = ("namespace", "name")
_PASS = (0.01, 0.15, 0.25, 0.5, 1.0)
_DURATION = (30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800)
_PROGRESSION = (30, 60, 120, 300, 600, 900, 1800, 3600)
_WORK = tuple(10.0**power for power in range(-8, 2))
_PAUSE = (0, 60, 300, 600, 1800, 3600, 7200, 14400, 28800)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One family: its labels, and the buckets where it is a histogram."""

    help: str
    labels: tuple[str, ...] = _OBJECT
    buckets: tuple[float, ...] = ()


KINDS: Mapping[str, _Kind] = {
    "rollout_reconcile": _Kind(help="Rollout reconciliation performance.", buckets=_PASS),
    "rollout_reconcile_error": _Kind(help="Passes over a rollout that failed."),
    "rollout_events_total": _Kind(
        help="Count of rollout events", labels=(*_OBJECT, "type", "reason")
    ),
    "rollout_duration_seconds": _Kind(
        help="From the start of a revision to its end.", labels=("status",), buckets=_DURATION
    ),
    "rollout_progression_duration_seconds": _Kind(
        help="The same without the time that people kept it waiting.",
        labels=("status",),
        buckets=_PROGRESSION,
    ),
    "rollout_manual_pause_duration_seconds": _Kind(
        help="How long people kept it waiting.", labels=("status",), buckets=_PAUSE
    ),
    "analysis_run_reconcile": _Kind(help="Analysis run performance.", buckets=_PASS),
    "analysis_run_reconcile_error": _Kind(help="Passes over an analysis run that failed."),
    "experiment_reconcile": _Kind(help="Experiment performance.", buckets=_PASS),
    "experiment_reconcile_error": _Kind(help="Passes over an experiment that failed."),
    "rollout_bot_observed_differences_total": _Kind(
        help="What an observing bot would have done otherwise.", labels=(*_OBJECT, "path")
    ),
    "notification_send_success": _Kind(
        help="Notifications that were sent.", labels=(*_OBJECT, "type", "reason")
    ),
    "notification_send_error": _Kind(
        help="Notifications that were not sent.", labels=(*_OBJECT, "type", "reason")
    ),
    "notification_send": _Kind(help="Notification send performance.", buckets=_PASS),
    "controller_clientset_k8s_request_total": _Kind(
        help="Requests to the API server.",
        labels=("kind", "namespace", "name", "verb", "status_code"),
    ),
    "workqueue_adds_total": _Kind(
        help="Total number of adds handled by workqueue", labels=("name",)
    ),
    "workqueue_retries_total": _Kind(
        help="Total number of retries handled by workqueue", labels=("name",)
    ),
    "workqueue_queue_duration_seconds": _Kind(
        help="How long in seconds an item stays in workqueue before being requested.",
        labels=("name",),
        buckets=_WORK,
    ),
    "workqueue_work_duration_seconds": _Kind(
        help="How long in seconds processing an item from workqueue takes.",
        labels=("name",),
        buckets=_WORK,
    ),
}


@dataclass(slots=True, kw_only=True)
class _Histogram:
    counts: list[int]
    sum: float = 0.0


@dataclass(slots=True)
class _Kept:
    """The series of one family, oldest first."""

    numbers: dict[tuple[str, ...], float] = field(default_factory=dict)
    histograms: dict[tuple[str, ...], _Histogram] = field(default_factory=dict)


Gauges = Callable[[], Callable[[], Iterable[series.Family]]]
"""Called at each scrape; what it returns is called in a thread and touches nothing that moves."""


class Meter:
    """``count`` and ``observe`` as things happen; ``snapshot`` is what a scrape returns."""

    def __init__(self) -> None:
        self.gauges: list[Gauges] = [lambda: _about]
        self._kept = {name: _Kept() for name in KINDS}
        self._registry = prometheus_client.CollectorRegistry()
        process_collector.ProcessCollector(registry=self._registry)
        platform_collector.PlatformCollector(registry=self._registry)

    def count(self, family: str, /, **labels: str) -> None:
        """One more of a counter of ``KINDS``."""
        kept, key = self._kept[family].numbers, _key(family, labels)
        kept[key] = kept.get(key, 0.0) + 1
        _bound(kept)

    def observe(self, family: str, value: float, /, **labels: str) -> None:
        """One more value of a histogram of ``KINDS``."""
        kept, key = self._kept[family].histograms, _key(family, labels)
        buckets = KINDS[family].buckets
        found = kept.setdefault(key, _Histogram(counts=[0] * (len(buckets) + 1)))
        found.counts[bisect.bisect_left(buckets, value)] += 1
        found.sum += value
        _bound(kept)

    def forget(self, *, prefix: str, namespace: str, name: str) -> None:
        """Drop the series of an object that is gone, of the families named ``prefix…``."""
        for family, kept in self._kept.items():
            if family.startswith(prefix) and KINDS[family].labels[:2] == _OBJECT:
                for held in (kept.numbers, kept.histograms):
                    for key in [key for key in held if key[:2] == (namespace, name)]:
                        del held[key]

    def snapshot(self) -> "Snapshot":
        """Everything as it is now, quickly taken; writing it down takes long and has its time."""
        kept = {
            name: _Kept(
                numbers=dict(held.numbers),
                histograms={
                    key: _Histogram(counts=list(one.counts), sum=one.sum)
                    for key, one in held.histograms.items()
                },
            )
            for name, held in self._kept.items()
        }
        return Snapshot(kept=kept, gauges=[ask() for ask in self.gauges], registry=self._registry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was there at one moment; may be read in a thread."""

    kept: Mapping[str, _Kept]
    gauges: Sequence[Callable[[], Iterable[series.Family]]]
    registry: prometheus_client.CollectorRegistry

    def collect(self) -> Iterator[core.Metric]:
        yield from self._counted()
        yield from self._measured()
        yield from self.registry.collect()

    def text(self) -> bytes:
        """The text format that every Prometheus reads."""
        return prometheus_client.generate_latest(self)

    def _counted(self) -> Iterator[core.Metric]:
        for name, kept in self.kept.items():
            kind = KINDS[name]
            if kind.buckets:
                yield _histograms(name, kind, kept)
            else:
                # "unknown" keeps the name as it is.
                total = name.endswith("_total")
                family = core.Metric(
                    name.removesuffix("_total"), kind.help, "counter" if total else "unknown"
                )
                for key, value in kept.numbers.items():
                    family.add_sample(name, dict(zip(kind.labels, key, strict=True)), value)
                yield family

    def _measured(self) -> Iterator[core.Metric]:
        for ask in self.gauges:
            for found in ask():
                family = core.Metric(found.name, found.help, "gauge")
                for point in found.points:
                    family.add_sample(found.name, dict(point.labels), point.value)
                yield family


def _key(name: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(labels[label] for label in KINDS[name].labels)


def _bound(kept: dict[tuple[str, ...], Any]) -> None:
    while len(kept) > MOST_SERIES:
        del kept[next(iter(kept))]


def _histograms(name: str, kind: _Kind, kept: _Kept) -> core.Metric:
    family = core.Metric(name, kind.help, "histogram")
    bounds = [*(f"{bound:g}" for bound in kind.buckets), "+Inf"]
    for key, held in kept.histograms.items():
        labels, so_far = dict(zip(kind.labels, key, strict=True)), 0
        for bound, count in zip(bounds, held.counts, strict=True):
            so_far += count
            family.add_sample(f"{name}_bucket", {**labels, "le": bound}, so_far)
        family.add_sample(f"{name}_count", labels, so_far)
        family.add_sample(f"{name}_sum", labels, held.sum)
    return family


def _about() -> list[series.Family]:
    """Which program this is."""
    version = bot.__version__
    build = {"version": version, "goversion": "", "goarch": platform.machine(), "commit": ""}
    named = {
        "argo_rollouts_controller_info": ("The running version.", {"version": version}),
        "build_info": ("The build of the running version.", build),
        "rollout_bot_info": ("The running version of rollout-bot.", {"version": version}),
    }
    return [
        series.Family(name=name, help=text, points=(series.Point(labels=labels, value=1.0),))
        for name, (text, labels) in named.items()
    ]
