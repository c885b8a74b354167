"""The metrics providers with what they need of the core. Nothing is decided here."""

from bot import settings
from bot.adapters import metrics
from bot.core import durations, expr, jsonpath
from bot.model import ports


def build(chosen: settings.Settings, api: ports.Api | None = None) -> dict[str, metrics.Closable]:
    """Every provider that answers at once, by its name in a metric; ``api`` reads their keys."""
    return metrics.build(
        metrics.Settings(
            find=jsonpath.find,
            find_error=jsonpath.JsonPathError,
            prometheus_address=chosen.prometheus_address,
            aws={name: value.reveal() for name, value in chosen.aws.items()},
            datadog={name: value.reveal() for name, value in chosen.datadog.items()},
            api=api,
            home=chosen.lease_namespace,
            clockwork=metrics.Clockwork(instant=expr.instant, seconds=_seconds),
        )
    )


def _seconds(text: str) -> float:
    return durations.parse_go(text).total_seconds()
