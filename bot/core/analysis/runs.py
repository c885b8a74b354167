"""One pass over an AnalysisRun: what to measure now, and what the run has come to (spec §5.3)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core import codec_status, fields
from bot.core.analysis import arguments, metrics, results, verdicts
from bot.model import analysis, errors, world

ERROR_INTERVAL = timedelta(seconds=10)
DEFAULT_INTERVAL = timedelta(seconds=10)
_SECONDS = {"Successful": "secondsAfterSuccess", "Failed": "secondsAfterFailure"}


def decide_run(
    run: Mapping[str, Any],
    *,
    now: datetime,
    outcomes: Mapping[str, analysis.Outcome],
    in_flight: frozenset[str],
    secrets: Mapping[tuple[str, str], str | None],
    strict: bool = False,
) -> analysis.RunDecision:
    """What to do with a run now.

    ``outcomes`` are measurements taken since the last pass, by metric; ``in_flight`` those being
    taken. ``secrets`` holds what was read (None: no such key); what is missing is asked for.
    """
    status, given = _object(run.get("status")), run.get("spec")
    spec = _object(given)
    if status.get("phase") in analysis.DONE:
        return _expiry(spec, status, now)
    hidden = tuple(secret for secret in secrets.values() if secret)
    if given is not None and not isinstance(given, Mapping):
        return _broken("Analysis spec invalid: spec must be an object", hidden, ())
    try:
        values, wanted = arguments.values(fields.sequence(spec.get("args"), "args"), secrets)
        if wanted:
            return analysis.RunDecision(secrets=wanted)
        raws = [
            arguments.substituted(fields.mapping(m, "metrics"), values)
            for m in fields.sequence(spec.get("metrics"), "metrics")
        ]
    except errors.UserError as problem:
        sentence = f"Unable to resolve metric arguments: {problem.sentence}"
        return _broken(sentence, hidden, _begun(spec, status))
    try:
        known = _decorated(spec, metrics.in_order(raws))
    except errors.UserError as problem:
        sentence = f"Analysis spec invalid: {problem.sentence}"
        return _broken(sentence, hidden, _begun(spec, status))
    return _measured(
        spec=spec,
        status=status,
        known=known,
        now=now,
        outcomes=outcomes,
        in_flight=in_flight,
        hidden=hidden,
        strict=strict,
    )


def _object(raw: Any) -> Mapping[str, Any]:
    """``raw``, or nothing where it is something else: what is wrong with it is said elsewhere."""
    return raw if isinstance(raw, Mapping) else {}


def _broken(
    sentence: str, hidden: tuple[str, ...], begun: tuple[analysis.Due, ...]
) -> analysis.RunDecision:
    message = results.redacted(sentence, hidden)[:2000]
    event = world.Event(reason="AnalysisRunError", message=message, warning=True)
    status = {"phase": "Error", "message": message}
    return analysis.RunDecision(status=status, stop=begun, events=(event,))


def _begun(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[analysis.Due, ...]:
    """What goes on though its metric cannot be read any more: a secret was deleted meanwhile."""
    found = {
        str(result.get("name")): result["measurements"][-1].get("metadata") or {}
        for result in status.get("metricResults") or ()
        if verdicts.unfinished(result)
    }
    given = spec.get("metrics")
    named = [_object(raw) for raw in given] if isinstance(given, list) else []
    return tuple(
        analysis.Due(metric=name, provider=provider, config={}, state=found[name])
        for raw in named
        if (name := str(raw.get("name"))) in found
        for provider in metrics.LASTING
        if _object(raw.get("provider")).get(provider) is not None
    )


def _decorated(spec: Mapping[str, Any], found: list[metrics.Metric]) -> list[metrics.Metric]:
    """Metrics with what the dry-run and retention rules say of them."""
    names = [metric.name for metric in found]
    dry = metrics.matching(fields.sequence(spec.get("dryRun"), "dryRun"), names, "dryRun")
    keep = metrics.matching(
        fields.sequence(spec.get("measurementRetention"), "measurementRetention"),
        names,
        "measurementRetention",
    )
    out = []
    for metric in found:
        limit = keep.get(metric.name, {}).get("limit", 0)
        kept = limit if isinstance(limit, int) and limit > 0 else 10
        out.append(replace(metric, dry_run=metric.name in dry, keep=min(kept, 1000)))
    return out


def _measured(
    *,
    spec: Mapping[str, Any],
    status: Mapping[str, Any],
    known: list[metrics.Metric],
    now: datetime,
    outcomes: Mapping[str, analysis.Outcome],
    in_flight: frozenset[str],
    hidden: tuple[str, ...],
    strict: bool,
) -> analysis.RunDecision:
    before = {r["name"]: r for r in status.get("metricResults") or () if r.get("name")}
    after = dict(before)
    for metric in known:
        outcome = outcomes.get(metric.name)
        done = before.get(metric.name, {}).get("phase") in analysis.DONE
        if outcome is not None and not done:
            after[metric.name] = results.add(
                metric, before.get(metric.name), outcome, hidden, strict=strict
            )
    asked = spec.get("terminate") is True
    terminating = asked or _bad(known, after)
    after = _assessed(known, after, terminating=terminating, in_flight=in_flight)
    terminating = terminating or _bad(known, after)
    lasting = tuple(
        _asked(metric, after[metric.name])
        for metric in known
        if verdicts.unfinished(after.get(metric.name))
    )
    if not terminating:
        due, wake = _due(known, after, status, now, in_flight)
    else:
        after = _assessed(known, after, terminating=True, in_flight=in_flight)
        due, wake = (), None
    waiting = bool(in_flight or lasting)
    following = results.status(known, after, status, now, terminated=asked, waiting=waiting)
    if not outcomes and due and not status.get("startedAt") and not _delayed(known):
        # The first measurements are on their way: one write will tell of them and of the start.
        return analysis.RunDecision(due=due, wake_at=wake)
    changed = following if dict(following) != dict(status) else None
    return analysis.RunDecision(
        status=changed,
        due=due,
        stop=lasting if terminating else (),
        wake_at=wake,
        events=results.events(before, status, following),
    )


def _asked(metric: metrics.Metric, result: Mapping[str, Any] | None) -> analysis.Due:
    """The metric's next measurement, or the one that has begun."""
    known = result or {}
    state = None
    if verdicts.unfinished(result):
        state = dict(known["measurements"][-1].get("metadata") or {})
    return analysis.Due(
        metric=metric.name,
        provider=metric.provider,
        config=metric.config,
        number=known.get("count", 0) + known.get("error", 0) + 1,
        keep=metric.keep,
        state=state,
    )


def _delayed(known: list[metrics.Metric]) -> bool:
    return any(metric.initial_delay for metric in known)


def _bad(known: list[metrics.Metric], after: Mapping[str, Any]) -> bool:
    """A metric that counts has ended badly: nothing else needs to be measured."""
    return any(
        not metric.dry_run
        and after.get(metric.name, {}).get("phase") in {"Failed", "Error", "Inconclusive"}
        for metric in known
    )


def _assessed(
    known: list[metrics.Metric],
    after: dict[str, Any],
    *,
    terminating: bool,
    in_flight: frozenset[str],
) -> dict[str, Any]:
    out = dict(after)
    for metric in known:
        result = after.get(metric.name)
        if result is not None and result.get("phase") in analysis.DONE:
            continue
        begun = verdicts.unfinished(result)
        if metric.name in in_flight and not begun and not (terminating and not metric.lasting):
            # What is being begun cannot be stopped before its name is known.
            continue
        phase, why = verdicts.of_metric(metric, result, terminating=terminating)
        if result is None and phase != "Successful":
            continue
        out[metric.name] = results.with_phase(metric, result, phase, why)
    return out


def _due(
    known: list[metrics.Metric],
    after: Mapping[str, Any],
    status: Mapping[str, Any],
    now: datetime,
    in_flight: frozenset[str],
) -> tuple[tuple[analysis.Due, ...], datetime | None]:
    """The measurements to take now, and when the next one is due."""
    due, later = [], []
    for metric in known:
        result = after.get(metric.name)
        if metric.name in in_flight or (result or {}).get("phase") in analysis.DONE:
            continue
        at = _next(metric, result, status)
        if at is None:
            later.append(now)  # started by this pass; look again with the start written
        elif at <= now:
            due.append(_asked(metric, result))
        else:
            later.append(at)
    return tuple(due), min(later, default=None)


_ALWAYS = codec_status.time("1970-01-01T00:00:00Z")


def _next(
    metric: metrics.Metric, result: Mapping[str, Any] | None, status: Mapping[str, Any]
) -> datetime | None:
    """When the metric is due; None while its delay counts from a start not written yet."""
    taken = (result or {}).get("measurements") or ()
    if not taken:
        if metric.initial_delay is None:
            return _ALWAYS
        started = codec_status.time(status.get("startedAt"))
        return None if started is None else started + metric.initial_delay
    finished = codec_status.time(taken[-1].get("finishedAt"))
    if finished is None:
        return _ALWAYS
    if taken[-1].get("phase") == "Error":
        return finished + ERROR_INTERVAL
    return finished + (metric.interval or DEFAULT_INTERVAL)


def _expiry(
    spec: Mapping[str, Any], status: Mapping[str, Any], now: datetime
) -> analysis.RunDecision:
    """Whether a finished run has outlived its ttl (spec §5.7)."""
    ttl = fields.mapping(spec.get("ttlStrategy"), "ttlStrategy")
    seconds = ttl.get(
        _SECONDS.get(str(status.get("phase")), ""), ttl.get("secondsAfterCompletion")
    )
    ended = codec_status.time(status.get("completedAt"))
    if not isinstance(seconds, int) or ended is None:
        return analysis.RunDecision()
    at = ended + timedelta(seconds=seconds + 1)
    return analysis.RunDecision(delete=True) if now >= at else analysis.RunDecision(wake_at=at)
