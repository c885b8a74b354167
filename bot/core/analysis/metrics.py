"""One metric's numbers: limits, counts, intervals, and what must hold for them (spec §5.3)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import re2

from bot.core import durations, fields
from bot.model import errors

LASTING = ("job",)
"""Providers whose measurement goes on by itself, and is looked at again."""
PROVIDERS = ("prometheus", "web", "datadog", "newRelic", *LASTING)
_NUMBER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric after substitution. ``count`` None: measured until somebody stops it."""

    name: str
    provider: str
    config: Mapping[str, Any]
    success: str = ""
    failure: str = ""
    interval: timedelta | None = None
    initial_delay: timedelta | None = None
    count: int | None = None
    failure_limit: int = 0
    inconclusive_limit: int = 0
    error_limit: int = 4
    success_limit: int = 0
    dry_run: bool = False
    keep: int = 10

    @property
    def lasting(self) -> bool:
        return self.provider in LASTING


def decode(raw: Mapping[str, Any], path: str) -> Metric:
    """The typed metric.

    Raises:
        errors.UserError: Argo's sentence about the first thing that is wrong.

    """
    providers = fields.mapping(raw.get("provider"), f"{path}.provider")
    named = [key for key, value in providers.items() if value is not None]
    if len(named) != 1:
        word = "no provider specified" if not named else "multiple providers specified"
        raise errors.UserError(f"{path}: {word}")
    count = _limit(raw, "count", path, 0)
    interval = _duration(raw, "interval", path)
    metric = Metric(
        name=fields.text(raw, "name", path),
        provider=named[0],
        config=fields.mapping(providers[named[0]], f"{path}.provider.{named[0]}"),
        success=fields.text(raw, "successCondition", path),
        failure=fields.text(raw, "failureCondition", path),
        interval=interval,
        initial_delay=_duration(raw, "initialDelay", path),
        count=_effective(count, interval),
        failure_limit=_limit(raw, "failureLimit", path, 0),
        inconclusive_limit=_limit(raw, "inconclusiveLimit", path, 0),
        error_limit=_limit(raw, "consecutiveErrorLimit", path, 4),
        success_limit=_limit(raw, "consecutiveSuccessLimit", path, 0),
    )
    _check(metric, count, path)
    return metric


def _effective(count: int, interval: timedelta | None) -> int | None:
    if count > 0:
        return count
    return 1 if interval is None else None


def _limit(raw: Mapping[str, Any], key: str, path: str, default: int) -> int:
    value = raw.get(key)
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    raise errors.UserError(f"{path}.{key}: '{value}' is not a whole number")


def _duration(raw: Mapping[str, Any], key: str, path: str) -> timedelta | None:
    value = raw.get(key)
    if value in (None, ""):
        return None
    word = "startDelay" if key == "initialDelay" else key
    try:
        found = durations.parse_go(str(value))
    except ValueError:
        # The value in full: a secret in it is found, and hidden, only when it is not cut.
        text = f'time: invalid duration "{value}"'
        raise errors.UserError(f"{path}: invalid {word} string: {text}") from None
    if key == "interval" and found <= timedelta(0):
        # Measuring again at once, for ever, would starve everything else.
        raise errors.UserError(f'{path}: interval "{value}" must be greater than 0')
    return found


def _check(metric: Metric, count: int, path: str) -> None:
    limit, wins = metric.failure_limit, metric.success_limit
    if wins < 0:
        raise errors.UserError(f"{path}: consecutiveSuccessLimit must be >= 0")
    if limit < -1:
        raise errors.UserError(f"{path}: failureLimit must be >= 0, or -1 to be disabled")
    if limit == -1 and wins == 0:
        text = "failureLimit and consecutiveSuccessLimit cannot both be disabled"
        raise errors.UserError(f"{path}: {text}")
    if metric.inconclusive_limit < 0:
        raise errors.UserError(f"{path}: inconclusiveLimit must be >= 0")
    if metric.error_limit < 0:
        raise errors.UserError(f"{path}: consecutiveErrorLimit must be >= 0")
    if count > 0:
        _check_count(metric, count, path)


def _check_count(metric: Metric, count: int, path: str) -> None:
    limit, wins = metric.failure_limit, metric.success_limit
    if count > 1 and metric.interval is None:
        raise errors.UserError(f"{path}: interval must be specified when count > 1")
    if limit == -1 and count < wins:
        raise errors.UserError(f"{path}: count must be >= consecutiveSuccessLimit")
    if limit >= 0 and count < limit + wins:
        text = "count must be >= failureLimit + consecutiveSuccessLimit"
        raise errors.UserError(
            f"{path}: {text}" if wins else f"{path}: count must be >= failureLimit"
        )
    if count < metric.inconclusive_limit:
        raise errors.UserError(f"{path}: count must be >= inconclusiveLimit")


def in_order(raws: Sequence[Any]) -> list[Metric]:
    """All metrics of a run, each name once.

    Raises:
        errors.UserError: none at all, a name twice, or a metric that is wrong.

    """
    if not raws:
        raise errors.UserError("no metrics specified")
    found: list[Metric] = []
    for at, raw in enumerate(raws):
        metric = decode(fields.mapping(raw, f"metrics[{at}]"), f"metrics[{at}]")
        if any(other.name == metric.name for other in found):
            raise errors.UserError(f"metrics[{at}]: duplicate name '{metric.name}'")
        found.append(metric)
    return found


def matching(rules: Sequence[Any], names: Sequence[str], key: str) -> dict[str, Mapping[str, Any]]:
    """The first rule for each metric name; rules are unanchored Go regular expressions.

    Raises:
        errors.UserError: a rule is no expression, or matches no metric.

    """
    found: dict[str, Mapping[str, Any]] = {}
    for at, raw in enumerate(rules):
        rule = fields.mapping(raw, f"{key}[{at}]")
        try:
            pattern = re2.compile(str(rule.get("metricName", "")))
        except re2.error as error:
            raise errors.UserError(f"{key}[{at}]: {error}") from None
        hits = [name for name in names if pattern.search(name)]
        if not hits:
            raise errors.UserError(f"{key}[{at}]: Rule didn't match any metric name(s)")
        for name in hits:
            found.setdefault(name, rule)
    return found
