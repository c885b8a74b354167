"""Events in words: a plain sentence for a pager, the same as mrkdwn, the body of a webhook.

The body is a contract (``docs/webhooks.md``): keys are added, none is changed or taken away.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.model import facts, feed, messages
from bot.render import blocks, gates, words

VERSION = 1
ROWS_SHOWN = 20
SIGNS = {
    feed.Kind.PAUSED: "⏸",
    feed.Kind.NEEDS_APPROVAL: "⏸",
    feed.Kind.STILL_WAITS: "⏸",
    feed.Kind.ANALYSIS_FAILED: "✗",
    feed.Kind.ANALYSIS_ERROR: "!",
    feed.Kind.ROLLED_BACK: "✗",
    feed.Kind.RECOVERED: "✓",
    feed.Kind.DONE: "✓",
}


def sentence(event: feed.Event) -> str:
    """Plain text for those who know no markup."""
    name = words.bare(f"{event.rollout.name} v{event.revision.number}", 90)
    place = words.bare(event.rollout.cluster)
    return f"{name} {_what(event)} in {place}{_why(event)}."


def _what(event: feed.Event) -> str:
    stable = f"v{event.stable.number}" if event.stable is not None else "the stable revision"
    match event.kind:
        case feed.Kind.SHIPPED:
            return "was shipped"
        case feed.Kind.STEP_COMPLETED:
            return f"has completed {words.bare(event.because) or 'a step'}"
        case feed.Kind.SCALED:
            return "was scaled"
        case feed.Kind.PAUSED:
            return f"paused at {event.weight} %"
        case feed.Kind.NEEDS_APPROVAL:
            return f"waits for approval to go from {event.weight} % to {event.weight_to} %"
        case feed.Kind.STILL_WAITS:
            return f"still waits for approval to go from {event.weight} % to {event.weight_to} %"
        case feed.Kind.ANALYSIS_RUNNING:
            return "is being measured"
        case feed.Kind.ANALYSIS_FAILED:
            return "failed its analysis"
        case feed.Kind.ANALYSIS_ERROR:
            return "could not be measured"
        case feed.Kind.ROLLED_BACK if event.safe:
            return f"was rolled back, users are on {stable},"
        case feed.Kind.ROLLED_BACK:
            return f"is being rolled back to {stable}"
        case feed.Kind.RECOVERED:
            return "is over its rollback"
        case _:
            return "is done, it serves all users"


def _why(event: feed.Event) -> str:
    if event.kind is feed.Kind.STEP_COMPLETED:
        return ""
    parts = []
    if event.by is not None:
        parts.append(f"by {words.bare(event.by.name)}")
    if event.metric is not None and event.metric.value_text:
        bound = f", must be {event.metric.bound_text}" if event.metric.bound_text else ""
        parts.append(words.bare(f"{event.metric.name} {event.metric.value_text}{bound}", 200))
    elif event.because:
        parts.append(words.bare(event.because, 300))
    return f": {', '.join(parts)}" if parts else ""


QUIET = "from your quiet hours"
BUSY = "that waited for this hour's messages"


def message(
    events: Sequence[feed.Event],
    *,
    since: str = "",
    buttons: bool = False,
    group: str = "",
    answers: Sequence[messages.Button] = (),
    absent: str = "",
) -> messages.Message:
    """One event; several, or what was held back (``since`` says by what), as a list.

    ``buttons``: with one that shows the card, for whoever presses it alone, after ``answers`` to
    a gate that one event asks about. ``group`` is the id of a user group that it is addressed to,
    ``absent`` the channel that it was meant for and that we are not in.
    """
    if len(events) == 1 and not since:
        stakes = blocks.Stakes(
            revision=events[0].revision, stable=events[0].stable, weight=events[0].weight_to
        )
        drawn = blocks.actions([*answers, _open(events[0])], stakes) if buttons else []
        mention = f"{_mention(group)} " if group else ""
        line = f"{mention}{_line(events[0])}"
        meant = [_meant(absent)] if absent else []
        parts = [*blocks.section([line]), *blocks.context(meant), *drawn]
        return blocks.message(_text(events[0]), parts)
    lines = [f"{words.at(event.at)} {_line(event)}" for event in events[:ROWS_SHOWN]]
    count = words.count(len(events), "piece of news", "pieces of news")
    head = f"{count} {since}".rstrip()
    more = f"and {len(events) - ROWS_SHOWN} more" if len(events) > ROWS_SHOWN else ""
    said = "; ".join(_text(event).removesuffix(".") for event in events[:3])
    parts = [*blocks.section([f"*{head}*"]), *blocks.section(lines), *blocks.context([more])]
    return blocks.message(f"{head}: {said}{'; …' if len(events) > 3 else ''}.", parts)


def over(facts: messages.GateFacts) -> messages.Message:
    """What takes the place of an escalation once its gate is decided: nobody is asked any more."""
    lines = [gates.first_line(facts)]
    if facts.decided is not None:
        lines.append(gates.decision(facts, facts.decided))
    return blocks.message(gates.gate(facts).text, blocks.section(lines))


def _meant(channel: str) -> str:
    where = words.name(channel)
    return f"meant for {where}, but I am not in it: invite me with /invite @rollout in {where}"


def _mention(group: str) -> str:
    """A user group as Slack calls it to: only what is an id becomes one."""
    return f"<!subteam^{group}>" if group[:1] == "S" and group.isalnum() else words.name(group)


def _open(event: feed.Event) -> messages.Button:
    one = event.rollout
    value = messages.ButtonValue(
        cluster=one.cluster,
        namespace=one.namespace,
        name=one.name,
        uid=one.uid,
        revision=event.revision.hash,
    )
    return messages.Button(kind=messages.ButtonKind.OPEN, value=value)


def _text(event: feed.Event) -> str:
    return words.plain(sentence(event), 700)


def _line(event: feed.Event) -> str:
    sign = SIGNS.get(event.kind, "▶")
    return f"{sign} {_text(event).removesuffix('.')} · {words.name(event.rollout.namespace)}"


def event_id(event: feed.Event) -> str:
    """The same for each delivery of one event, so that a receiver can tell a repeat."""
    mark = f"{event.key}/{event.id}".encode(errors="surrogatepass")
    return hashlib.sha256(mark).hexdigest()[:32]


def body(event: feed.Event) -> dict[str, Any]:
    """What a webhook is sent."""
    return {
        "version": VERSION,
        "id": event_id(event),
        "type": str(event.kind),
        "at": _time(event.at),
        "text": sentence(event),
        "cluster": event.rollout.cluster,
        "namespace": event.rollout.namespace,
        "rollout": event.rollout.name,
        "uid": event.rollout.uid,
        "revision": _revision(event.revision),
        "stable": None if event.stable is None else _revision(event.stable),
        "weight": event.weight,
        "safe": event.safe,
        "by": None if event.by is None else event.by.name,
        "because": event.because or None,
        "metric": None if event.metric is None else _metric(event.metric),
    }


def _revision(label: facts.RevisionLabel) -> dict[str, Any]:
    return {"number": label.number, "hash": label.hash, "images": list(label.images)}


def _metric(metric: facts.MetricFact) -> dict[str, Any]:
    return {"name": metric.name, "value": metric.value_text, "bound": metric.bound_text}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
