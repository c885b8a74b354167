"""Threads: one line a fact, with its time. Nothing that the card already shows twice."""

from bot.model import messages
from bot.model.messages import ThreadKind
from bot.render import blocks, words

_LOUD = (ThreadKind.NOT_RESTORED, ThreadKind.REAPPLIED)


def line(fact: messages.ThreadFact) -> messages.Message:
    """A reply without blocks; only what an alert left open is shown to the channel too."""
    said = _said(fact)
    if fact.kind in (ThreadKind.RESTORED, ThreadKind.NOT_RESTORED):
        text = said
    else:
        text = f"{words.at(fact.at)} {said}"
    return blocks.message(text, (), broadcast=fact.kind in _LOUD)


def _said(fact: messages.ThreadFact) -> str:
    new, by = words.revision(fact.revision, "the new revision"), words.person(fact.by)
    weight = "" if fact.weight is None else words.percent(fact.weight)
    reason = words.quoted(fact.text)
    match fact.kind:
        case ThreadKind.SHIPPED:
            return _shipped(fact)
        case ThreadKind.WEIGHT:
            return weight or "the weight changed"
        case ThreadKind.APPROVED:
            return words.joined([f"approved by {by}", weight], ": ")
        case ThreadKind.PROMOTED:
            return words.joined([f"promoted by {by}", weight], ": ")
        case ThreadKind.ABORTED:
            return words.joined([f"aborted by {by}", reason], ": ")
        case ThreadKind.RETRIED:
            return f"{new} tried again by {by}"
        case ThreadKind.MEASURED_AGAIN:
            return f"measured again, by {by}"
        case ThreadKind.CONTINUED:
            return f"goes on without a verdict, by {by}"
        case ThreadKind.UNDONE:
            return f"undone by {by}: back to {words.revision(fact.stable, 'an earlier revision')}"
        case ThreadKind.METRIC_FAILED:
            return _failed(fact)
        case ThreadKind.RESTORED:
            value = _stable_value(fact)
            took = "" if fact.took_s is None else f" after {words.duration(fact.took_s)},"
            start = f"service restored{took} {words.exactly(fact.at)}"
            return words.joined([start, value], ": ")
        case ThreadKind.NOT_RESTORED:
            value = _stable_value(fact) or "the stable is bad too"
            return f"not restored: {value} since the rollback; the cause is not (only) {new}"
        case ThreadKind.REAPPLIED:
            return f"{new} is back, {words.plain(fact.text)}: it was rolled back before"
        case ThreadKind.DONE:
            took = "" if fact.took_s is None else f" in {words.duration(fact.took_s)}"
            return f"done{took}"
        case ThreadKind.OTHER:
            return words.plain(fact.text) or "something happened"


def _shipped(fact: messages.ThreadFact) -> str:
    new = words.revision(fact.revision, "a new revision")
    shown = ", ".join(map(words.image, fact.revision.images[:3])) if fact.revision else ""
    images = f" ({shown})" if shown else ""
    steps = f", {words.count(fact.steps, 'step', 'steps')}" if fact.steps else ""
    if fact.by is None:
        return f"{new} shipped{images}{steps}"
    return f"{words.person(fact.by)} shipped {new}{images}{steps}"


def _failed(fact: messages.ThreadFact) -> str:
    metric = fact.metric
    if metric is None:
        return words.plain(fact.text) or "the analysis failed"
    limit = metric.failure_limit
    which = f"{words.ordinal(metric.failed)}"
    if limit is not None and limit >= 0:
        which += f" of {limit + 1}"
    return f"{words.name(metric.name)} failed ({words.name(metric.value_text)}, {which})"


def _stable_value(fact: messages.ThreadFact) -> str:
    if fact.metric is None:
        return ""
    value = words.name(fact.metric.stable_text or fact.metric.value_text)
    return f"{words.revision(fact.stable, 'stable')} {words.name(fact.metric.name)} {value}"


def named(message: messages.Message, rollout: str) -> messages.Message:
    """A line in a thread of several rollouts: whose it is stands first."""
    return blocks.message(f"{words.name(rollout)}: {message.text}", ())
