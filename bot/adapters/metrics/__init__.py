"""The metrics backends, one file each. To add one: write it, and add its line to ``BUILDERS``.

Those whose check goes on by itself stand in ``LASTING``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.adapters.metrics import datadog, job, newrelic, prometheus, web
from bot.model import ports

Clockwork = prometheus.Clockwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What providers need from outside: the default address, the core's JSONPath and times.

    Where keys are: ``api`` reads Secrets, ``home`` is the bot's own namespace, ``aws`` and
    ``datadog`` hold their variables. ``patience_s`` is for what a vendor itself ends in time.
    """

    find: Callable[[str, Any], list[Any]]
    find_error: type[Exception]
    prometheus_address: str = ""
    clockwork: prometheus.Clockwork | None = None
    aws: Mapping[str, str] = field(default_factory=dict)
    datadog: Mapping[str, str] = field(default_factory=dict)
    api: ports.Api | None = None
    home: str = ""
    patience_s: float = 5.0

    def seconds(self, duration: str) -> float:
        """Read Go's duration.

        Raises:
            ValueError: it is none, or nobody here can read it.

        """
        if self.clockwork is None:
            raise ValueError("durations are not read here")
        return self.clockwork.seconds(duration)


class Closable(ports.Provider, Protocol):
    """A provider with connections to close."""

    async def close(self) -> None: ...


BUILDERS: Mapping[str, Callable[[Settings], Closable]] = {
    "prometheus": lambda settings: prometheus.Prometheus(
        address=settings.prometheus_address, clockwork=settings.clockwork, aws=settings.aws
    ),
    "web": lambda settings: web.Web(find=settings.find, find_error=settings.find_error),
    "datadog": lambda settings: datadog.Datadog(
        api=settings.api,
        home=settings.home,
        environment=settings.datadog,
        seconds=settings.seconds,
    ),
    "newRelic": lambda settings: newrelic.NewRelic(
        api=settings.api, home=settings.home, patience_s=settings.patience_s
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the checks run: a cluster, a namespace of it (empty: that of the run)."""

    api: ports.Api
    namespace: str = ""
    elsewhere: bool = False


LASTING: Mapping[str, Callable[[Place], ports.LastingProvider]] = {
    "job": lambda at: job.Job(api=at.api, namespace=at.namespace, elsewhere=at.elsewhere),
}


def build(settings: Settings) -> dict[str, Closable]:
    """Make every provider, by its name under ``provider`` in a metric."""
    return {name: make(settings) for name, make in BUILDERS.items()}


def build_lasting(place: Place) -> dict[str, ports.LastingProvider]:
    """Make every provider of lasting measurements, by its name."""
    return {name: make(place) for name, make in LASTING.items()}
