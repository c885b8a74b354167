"""The degraded alert: nothing else is as loud. Its first line says whether users are safe."""

from bot.model import messages
from bot.render import blocks, metrics, words


def alert(facts: messages.AlertFacts) -> messages.Message:
    """What was rolled back, why, how fast; the chart never holds it up."""
    stakes = blocks.Stakes(revision=facts.revision, stable=facts.stable)
    waiting = "chart follows in the thread" if facts.chart_expected else ""
    parts = [
        *blocks.section([f"*{first_line(facts)}*{_place(facts)}", _trouble(facts)]),
        *blocks.section([_cause(facts), _failures(facts)]),
        *blocks.context([_speed(facts), _served(facts), _look(facts), _git(facts)]),
        *blocks.actions(facts.buttons, stakes),
        *blocks.context([waiting]),
    ]
    return blocks.message(_text(facts), parts, generation=facts.generation)


def first_line(facts: messages.AlertFacts) -> str:
    who = words.who(facts.rollout, facts.revision)
    if facts.safe and not facts.weight_from:
        return f"{who} stopped before it got traffic: users are on {words.revision(facts.stable)}"
    if facts.safe:
        return f"{who} rolled back: users are on {words.revision(facts.stable)}"
    left = words.percent(facts.weight_left)
    return f"{who} is being rolled back: {left} of users still on it"


def _place(facts: messages.AlertFacts) -> str:
    return f" · {words.name(facts.rollout.cluster)}"


def _trouble(facts: messages.AlertFacts) -> str:
    return "" if facts.safe else words.plain(facts.trouble, 600)


def _cause(facts: messages.AlertFacts) -> str:
    if facts.by is not None:
        return words.joined([f"by {words.person(facts.by)}", words.quoted(facts.because)], ": ")
    if facts.ordered:
        return words.plain(facts.because)
    if facts.metric is None:
        return f"by itself: {words.plain(facts.because) or 'the reason is not known'}"
    return f"by itself: {_metric(facts.metric)}{_stable(facts, facts.metric)}"


def _metric(metric: messages.MetricFact) -> str:
    value = words.name(metric.value_text)
    if metric.verdict is messages.Verdict.INCONCLUSIVE:
        return f"{words.name(metric.name)} {value}, inconclusive".replace("  ", " ")
    if metric.verdict is messages.Verdict.ERROR or not value:
        because = words.plain(metric.message) or "no answer"
        return f"{words.name(metric.name)} could not be measured: {because}"
    must = f", must be {words.name(metric.bound_text)}" if metric.bound_text else ", failed"
    return f"{words.name(metric.name)} {value}{must}"


def _stable(facts: messages.AlertFacts, metric: messages.MetricFact) -> str:
    if not metric.stable_text:
        return ""
    return f"; stable {words.revision(facts.stable, '')} had {words.name(metric.stable_text)}"


def _failures(facts: messages.AlertFacts) -> str:
    return (
        "" if facts.metric is None or facts.by is not None else metrics.failed_count(facts.metric)
    )


def _speed(facts: messages.AlertFacts) -> str:
    since = "" if facts.bad_since is None else f"bad since {words.exactly(facts.bad_since)}"
    if not facts.safe:
        return since
    verdict = ""
    if facts.decided_at is not None:
        what = "the order" if facts.by is not None or facts.ordered else "the verdict"
        verdict = f" after {what} at {words.exactly(facts.decided_at)}"
    took = "" if facts.took_s is None else f" {_in(facts.took_s)}"
    if not facts.weight_from:
        return words.joined([f"stopped{took}{verdict}", since])
    return words.joined([f"{words.percent(facts.weight_from)} → 0{took}{verdict}", since])


def _in(took_s: float) -> str:
    """How long it took; where it was one pass, nobody knows more than that."""
    return f"in {words.duration(took_s)}" if took_s >= 0.05 else "at once"


def _served(facts: messages.AlertFacts) -> str:
    if facts.requests is None:
        return ""
    served = words.count(facts.requests, "request", "requests")
    failed = "" if facts.requests_failed is None else f", {facts.requests_failed:,} failed"
    return f"{words.revision(facts.revision)} served {served}{failed}"


def _look(facts: messages.AlertFacts) -> str:
    return "" if facts.metric is None else metrics.look([facts.metric])


def _git(facts: messages.AlertFacts) -> str:
    if not facts.git:
        return ""
    new = words.revision(facts.revision)
    where = words.link(facts.git_url, words.plain(facts.git, 120))
    return f"Git still wants {new} ({where}): revert it there, or it comes back."


def _text(facts: messages.AlertFacts) -> str:
    who = words.who(facts.rollout, facts.revision)
    where = f"in {words.name(facts.rollout.cluster)}"
    if facts.safe and not facts.weight_from:
        stable = words.revision(facts.stable)
        start = f"{who} was stopped before it got traffic {where}, users are on {stable}"
    elif facts.safe:
        start = f"{who} was rolled back {where}, users are on {words.revision(facts.stable)}"
    else:
        left = words.percent(facts.weight_left)
        start = f"{who} is being rolled back {where}, {left} of users are still on it"
    metric = facts.metric
    if facts.by is not None or metric is None or not metric.bound_text:
        return f"{start}: {_cause(facts).removeprefix('by itself: ')}."
    if metric.verdict is not messages.Verdict.FAILED or not metric.value_text:
        return f"{start}: {_metric(metric)}."
    said = f"{words.name(metric.name)} {words.name(metric.value_text)}"
    return f"{start}: {said}, must be {words.spoken(metric.bound_text)}."
