"""The post-mortem of an abort as one Markdown file. Foreign text can neither format nor link."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.model import postmortem
from bot.render import words

SIZE_LIMIT = 400_000
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~>]|^-)")
_TOKENS = re.compile(
    r"\b(?:xox[a-z]-|xapp-)[A-Za-z0-9-]+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|(?<=[Bb]earer )[\w.~+/=-]+|(?<=[Bb]asic )[\w+/=-]{8,}"
)
NONE = "not known"


def markdown(facts: postmortem.Bundle) -> str:
    """The whole file."""
    parts = [
        _head(facts),
        _times(facts),
        _table("Timeline", ("UTC", "what", "why"), [
            (_at(one.at), one.what, one.why) for one in facts.timeline
        ]),
        _changed(facts),
        _metrics(facts),
        _events(facts),
        _list("Who took part", facts.actors or ("nobody: the bot acted by itself",)),
    ]  # fmt: skip
    text = "\n\n".join(part for part in parts if part) + "\n"
    if len(text) <= SIZE_LIMIT:
        return text
    return f"{text[:SIZE_LIMIT]}\n\n(cut: it was longer)\n"


def title(facts: postmortem.Bundle) -> str:
    """The name of the file's message."""
    return f"{words.bare(facts.rollout.name)} v{facts.revision.number}: post-mortem"


def filename(facts: postmortem.Bundle) -> str:
    """Letters, digits and dashes only."""
    name = re.sub(r"[^a-z0-9-]+", "-", facts.rollout.name.lower())[:60].strip("-")
    return f"post-mortem-{name or 'rollout'}-v{facts.revision.number}.md"


def _head(facts: postmortem.Bundle) -> str:
    who = f"by {facts.by.name}" if facts.by is not None else ""
    stable = f"v{facts.stable.number}" if facts.stable is not None else "the stable revision"
    cause = f"{who}: {facts.cause}" if who and facts.cause else who or facts.cause or NONE
    went = "went back to" if facts.zero_at is not None else "is on its way back to"
    return (
        f"# {_text(facts.rollout.name)} v{facts.revision.number} {went} {stable}\n\n"
        f"- rollout: {_text(facts.rollout.namespace)}/{_text(facts.rollout.name)} in "
        f"{_text(facts.rollout.cluster)}\n"
        f"- why: {_text(cause, 600)}\n"
        f"- {_outcome(facts)}\n"
        f"- chart: {_text(facts.chart) or 'none'}"
    )


def _outcome(facts: postmortem.Bundle) -> str:
    """Whether users are safe, and whether that helped."""
    if facts.zero_at is None:
        return "when this was written users were not known to be off it"
    return f"did it help: {_text(facts.helped, 300) or NONE}"


def _times(facts: postmortem.Bundle) -> str:
    rows = [
        ("committed", _at(facts.committed_at) or NONE, ""),
        ("shipped", _at(facts.shipped_at),
         _span(facts.committed_at, facts.shipped_at, "committed")),
        ("bad since", _at(facts.bad_since) or NONE,
         _span(facts.shipped_at, facts.bad_since, "shipped")),
        ("detected and decided", _at(facts.decided_at),
         _span(facts.bad_since or facts.shipped_at, facts.decided_at,
               "it was bad" if facts.bad_since else "shipped")),
        (f"{facts.weight_from} % → 0 % of traffic", _at(facts.zero_at),
         _span(facts.decided_at, facts.zero_at, "decided")),
        ("users well again", _at(facts.restored_at),
         _span(facts.decided_at, facts.restored_at, "decided")),
    ]  # fmt: skip
    return _table("What was done and how long it took", ("what", "UTC", "after"), rows)


def _span(start: datetime | None, end: datetime | None, since: str) -> str:
    if start is None or end is None:
        return ""
    return f"{words.duration(max(0.0, (end - start).total_seconds()))} after {since}"


def _changed(facts: postmortem.Bundle) -> str:
    rows = [
        (f"v{label.number}", label.hash, ", ".join(label.images))
        for label in (facts.revision, facts.stable)
        if label is not None
    ]
    commit = " · ".join(
        part
        for part in (
            facts.change.commit,
            facts.change.subject,
            f"shipped by {facts.change.by.name}" if facts.change.by is not None else "",
        )
        if part
    )
    table = _table("Images", ("revision", "hash", "images"), rows)
    label = "Commit: " if facts.change.commit else ""
    return f"{table}\n\n{label}{_text(commit, 400)}" if commit else table


def _metrics(facts: postmortem.Bundle) -> str:
    if not facts.evidence:
        return "## Metrics\n\nNothing was measured."
    return "\n\n".join(["## Metrics", *(_metric(one) for one in facts.evidence)])


def _metric(one: postmortem.Evidence) -> str:
    limit = "no limit" if one.failure_limit is None else f"{one.failure_limit} allowed"
    parts = [
        f"### {_text(one.name)}: {_text(one.phase)}",
        words.joined(
            [
                f"must be {_text(one.bound) or NONE}",
                f"{one.failed} failed ({limit})",
                f"run {_text(one.run)}",
                _text(one.source, 300) or NONE,
            ]
        ),
        _code(one.condition) if one.condition else "",
        _code(one.query) if one.query else "",
        f"{one.left_out} earlier measurements are left out." if one.left_out else "",
        _rows(
            ("UTC", "measured", "must be", "verdict", "message"),
            [(_at(m.at), m.value, one.bound, m.phase, m.message) for m in one.measurements],
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def _events(facts: postmortem.Bundle) -> str:
    if facts.events is None:
        return "## Pod events\n\nThey could not be read."
    rows = [
        (_at(one.at), one.about, one.reason, f"{one.message}{_times_seen(one.count)}")
        for one in facts.events
    ]
    return _table("Pod events", ("UTC", "about", "reason", "message"), rows)


def _times_seen(count: int) -> str:
    return f" (× {count})" if count > 1 else ""


def _table(name: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return f"## {name}\n\n{_rows(head, rows) or 'None.'}"


def _rows(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(_text(cell, 600) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _list(name: str, items: tuple[str, ...]) -> str:
    return f"## {name}\n\n" + "\n".join(f"- {_text(item)}" for item in items)


def _text(text: str, limit: int = 200) -> str:
    """One line; nothing of it is markup, and no token that somebody pasted stays."""
    line = words.bare(_TOKENS.sub("…", text), limit)
    return _SPECIAL.sub(r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;"))


def _code(text: str) -> str:
    """A block that its text cannot end."""
    lines = [words.bare(line, 400) for line in _TOKENS.sub("…", text).splitlines()]
    body = "\n".join(lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", body)), default=0))
    return f"{fence}\n{body}\n{fence}"


def _at(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at is not None else ""
