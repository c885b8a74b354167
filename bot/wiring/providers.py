"""The metrics providers with what they need of the core. Nothing is decided here."""

from bot import settings
from bot.adapters import metrics
from bot.core import durations, expr, jsonpath


def build(chosen: settings.Settings) -> dict[str, metrics.Closable]:
    """Every provider that answers at once, by its name in a metric."""
    return metrics.build(
        metrics.Settings(
            find=jsonpath.find,
            find_error=jsonpath.JsonPathError,
            prometheus_address=chosen.prometheus_address,
            aws={name: value.reveal() for name, value in chosen.aws.items()},
            clockwork=metrics.Clockwork(instant=expr.instant, seconds=_seconds),
        )
    )


def _seconds(text: str) -> float:
    return durations.parse_go(text).total_seconds()
