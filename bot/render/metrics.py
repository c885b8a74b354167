"""Metrics in words: a value beside its bound, its stable, and how often it was taken."""

from collections.abc import Sequence

from bot.model import messages
from bot.render import words

SHOWN = 6


def lines(metrics: Sequence[messages.MetricFact]) -> list[str]:
    """One line a metric for the card; worst first where not all can be shown."""
    shown = list(metrics[:SHOWN])
    if len(metrics) > SHOWN:
        shown = sorted(metrics, key=lambda metric: metric.failed == 0)[:SHOWN]
    out = [
        _line(metric, first=index == 0 or metric.failure_limit != shown[0].failure_limit)
        for index, metric in enumerate(shown)
    ]
    if len(metrics) > SHOWN:
        out.append(f"+ {words.count(len(metrics) - SHOWN, 'metric', 'metrics')}")
    return out


def _line(metric: messages.MetricFact, *, first: bool) -> str:
    trial = "only watched, decides nothing" if metric.dry_run else ""
    if metric.taken == 0:
        bound = f" ({words.name(metric.bound_text)})" if metric.bound_text else ""
        state = "no answer yet" if metric.message else "not measured yet"
        line = f"{words.name(metric.name)}{bound}: {state}"
    else:
        line = f"{against_bound(metric)}{_beside_stable(metric)}"
    message = words.plain(metric.message, 160)
    return words.joined([line, _standing(metric, first=first), message, trial])


def against_bound(metric: messages.MetricFact) -> str:
    """Value and bound: "success-rate 99.6 % (≥ 99 %)"."""
    value = words.name(metric.value_text) or "no value"
    bound = f" ({words.name(metric.bound_text)})" if metric.bound_text else ""
    return f"{words.name(metric.name)} {value}{bound}"


def _beside_stable(metric: messages.MetricFact) -> str:
    return f", stable {words.name(metric.stable_text)}" if metric.stable_text else ""


def _standing(metric: messages.MetricFact, *, first: bool) -> str:
    if metric.taken == 0:
        return _verdict(metric)
    taken = f"{metric.taken}" if metric.wanted is None else f"{metric.taken} of {metric.wanted}"
    if first or metric.wanted is None:
        taken += " taken"
    parts = [taken, _failures(metric, first=first)]
    if metric.inconclusive:
        parts.append(f"{metric.inconclusive} inconclusive")
    return words.joined([words.joined(parts, ", "), _verdict(metric)])


def _failures(metric: messages.MetricFact, *, first: bool) -> str:
    limit = metric.failure_limit
    if limit is None or limit < 0:
        return f"{metric.failed} failed"
    if metric.failed:
        return f"failure {metric.failed} of {limit + 1}"
    return f"0 failed ({limit} allowed)" if first else "0 failed"


def _verdict(metric: messages.MetricFact) -> str:
    match metric.verdict:
        case messages.Verdict.FAILED:
            return "✗ failed"
        case messages.Verdict.INCONCLUSIVE:
            return "inconclusive"
        case messages.Verdict.ERROR:
            return "cannot be measured"
        case messages.Verdict.NO_DATA:
            return "not enough data yet"
        case messages.Verdict.SUCCESSFUL:
            return "✓ passed"
        case messages.Verdict.RUNNING:
            return ""


def look(metrics: Sequence[messages.MetricFact]) -> str:
    """A link for each metric whose query can be looked at."""
    found = [words.link(m.url, words.name(m.name)) for m in metrics if words.is_link(m.url)]
    return f"look: {', '.join(found)}" if found else ""


def so_far(metrics: Sequence[messages.MetricFact]) -> str:
    """For a gate: values beside stable's, then how many measurements were good."""
    taken = [metric for metric in metrics if metric.taken]
    parts = [
        f"{words.name(metric.name)} {words.name(metric.value_text)}"
        + (f" (stable {words.name(metric.stable_text)})" if metric.stable_text else "")
        for metric in taken[:SHOWN]
    ]
    counts = {(_good(metric), metric.taken) for metric in taken}
    if len(counts) == 1:
        parts.append("{} of {} good".format(*counts.pop()))
    elif counts:
        good, total = (sum(map(_good, taken)), sum(metric.taken for metric in taken))
        parts.append(f"{good} of {total} measurements good")
    return ", ".join(parts)


def _good(metric: messages.MetricFact) -> int:
    return max(0, metric.taken - metric.failed - metric.inconclusive)


def failed_count(metric: messages.MetricFact) -> str:
    """How often: "3 of 9 measurements failed (2 allowed)"."""
    many = words.count(metric.taken, "measurement", "measurements")
    limit = metric.failure_limit
    allowed = f" ({limit} allowed)" if limit is not None and limit >= 0 else ""
    if metric.verdict is messages.Verdict.INCONCLUSIVE:
        return f"{metric.inconclusive} of {many} inconclusive"
    return f"{metric.failed} of {many} failed{allowed}" if metric.taken else ""
