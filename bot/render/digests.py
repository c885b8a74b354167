"""A digest: many rollouts from one cause, a row each, edited in place."""

from collections import Counter

from bot.model import messages
from bot.model.messages import DigestCause, News
from bot.render import answers, blocks, words

ROWS_SHOWN = 15
_ORDER = (
    News.WAITS, News.HOLDS, News.ROLLING_BACK, News.ROLLED_BACK, News.NOT_READY, News.INVALID,
    News.NOT_RUN, News.MOVES, News.DONE, News.SUPERSEDED,
)  # fmt: skip
_COUNTED = {
    News.WAITS: ("waits for approval", "wait for approval"),
    News.HOLDS: ("holds", "hold"),
    News.ROLLING_BACK: ("is being rolled back", "are being rolled back"),
    News.ROLLED_BACK: ("was rolled back", "were rolled back"),
    News.NOT_READY: ("is not ready", "are not ready"),
    News.DONE: ("is done", "are done"),
    News.MOVES: ("moves", "move"),
}


def digest(facts: messages.DigestFacts) -> messages.Message:
    """What they have in common, how they stand, then a row each: what needs somebody first."""
    rows = sorted(facts.rows, key=lambda row: (_ORDER.index(row.news), row.rollout.name))
    head, counts = _head(facts), _counts(rows)
    parts = blocks.section([f"*{head}* · {words.name(facts.cluster)}", counts])
    for row in rows[:ROWS_SHOWN]:
        line = f"{answers.SIGNS.get(row.news, '!')} {answers.row_line(row)}"
        parts += blocks.with_button(blocks.section([line]), answers.opening(row))
    more = len(rows) - ROWS_SHOWN
    notes = [f"and {more} more: /rollout list" if more > 0 else ""]
    notes.append("approvals and rollbacks still come one by one")
    parts += blocks.context([words.joined(notes)])
    text = f"{head} in {words.name(facts.cluster)}: {counts}."
    return blocks.message(text, parts, generation=facts.generation)


def _head(facts: messages.DigestFacts) -> str:
    count = words.count(len(facts.rows), "more rollout", "more rollouts")
    match facts.cause:
        case DigestCause.IMAGE:
            return f"{words.image(facts.what)} goes to {count}"
        case DigestCause.COMMIT:
            return f"{words.name(facts.what)} goes to {count}"
        case DigestCause.HELD:
            return f"{count} held: {words.plain(facts.what, 200)}"
        case DigestCause.BURST:
            return f"{count} within minutes"
        case DigestCause.BUDGET:
            return f"{count} beyond this hour's messages"


def _counts(rows: list[messages.RowFact]) -> str:
    found = Counter(row.news for row in rows)
    said = [
        f"{found[news]} {_COUNTED[news][found[news] > 1]}"
        for news in _ORDER
        if news in _COUNTED and found[news]
    ]
    rest = sum(found.values()) - sum(found[news] for news in _COUNTED)
    return ", ".join([*said, *([f"{rest} not run"] if rest else [])]) or "none is left"
