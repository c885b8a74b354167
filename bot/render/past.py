"""The past in Slack: short lines, newest first, each with the reader's own time."""

from bot.model import messages, past, records
from bot.render import blocks, words

ROWS_PER_BLOCK = 5


def listing(facts: past.PastFacts) -> messages.Message:
    """Who did what and why, and where the rest is."""
    where = words.joined([words.name(facts.name or "every rollout"), words.name(facts.cluster)])
    what = "Decisions" if facts.audit else "History"
    head = f"{what} of {where}, {words.name(facts.age)}"
    if not facts.entries:
        text = f"{head}: nothing is recorded."
        return blocks.message(text, blocks.section([text]))
    lines = [_line(one, facts) for one in facts.entries]
    parts = blocks.section([f"*{head}*"])
    for start in range(0, len(lines), ROWS_PER_BLOCK):
        parts += blocks.section(lines[start : start + ROWS_PER_BLOCK])
    if facts.more:
        parts += blocks.context([_rest(facts)])
    count = words.count(len(lines), "record", "records")
    newest = facts.entries[0]
    text = f"{head}: {count}. Newest: {_said(newest)}, {words.by_day(newest.at)}."
    return blocks.message(text, parts)


def _line(record: records.Record, facts: past.PastFacts) -> str:
    said = words.link(record.permalink, _said(record))
    parts = [
        words.by_day(record.at),
        said,
        words.plain(past.change(record), 80) if facts.audit else "",
    ]
    why = words.plain(past.reason(record), 200 if facts.audit else 120)
    return words.joined([*parts, why])


def _said(record: records.Record) -> str:
    return words.plain(f"{past.subject(record)} {past.sentence(record)}", 160)


def _rest(facts: past.PastFacts) -> str:
    return (
        f"The newest {len(facts.entries)}. All of them: rollout-bot audit export, "
        "or a shorter time such as 2d."
    )
