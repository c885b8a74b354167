"""The Home tab: what waits for the reader, what moves, what failed; freezes, subscriptions.

Bounded to the 100 blocks that Slack takes; what is more is on further pages.
"""

from collections.abc import Callable, Sequence

from bot.core.gates import freeze_codec
from bot.core.gates import freezes as freezing
from bot.model import buttons, messages, policy
from bot.model import home as model
from bot.render import answers, blocks, words

BLOCKS_LIMIT = 100
WAITING = 10
MOVING = 15
FAILED = 8
FREEZES_SHOWN = 10
UNKNOWN_LIMIT = 300
SUBSCRIPTIONS_SHOWN = 20
NOTE_BLOCKS = 12
PAGES_LIMIT = 100

_SIZES = (("waiting", WAITING), ("moving", MOVING), ("failed", FAILED))


def home(facts: model.HomeFacts) -> messages.Message:
    """The view's blocks, and as text what is first of all."""
    last = pages(facts) - 1
    page = min(max(facts.page, 0), last)
    head = _head(facts)
    parts = [*blocks.section([f"*{head}*"]), *_note(facts)]
    # What stands between would otherwise read as the heading of what waits.
    title = "Waits for you" if facts.note is not None else ""
    parts += _rows(facts.waiting, WAITING, page, title, _acting)
    parts += _rows(facts.moving, MOVING, page, "Moving", _opening)
    parts += _rows(facts.failed, FAILED, page, "Failed, and not mended yet", _acting)
    parts += _unknown(facts.freezes_unknown)
    parts += _freezes(facts.freezes, facts.cluster)
    parts += _turning(page, last)
    parts += _subscriptions(facts.subscriptions)
    span = words.duration(model.FRESH_S)
    when = f"as of {words.exactly(facts.at)}; kept up to date for {span} after you open it or act"
    parts += blocks.context([when])
    return blocks.view(f"{head}.", parts, limit=BLOCKS_LIMIT)


def pages(facts: model.HomeFacts) -> int:
    """How many there are."""
    needed = [-(-len(getattr(facts, name)) // size) for name, size in _SIZES]
    return min(max(1, *needed), PAGES_LIMIT)


def _head(facts: model.HomeFacts) -> str:
    count, place = len(facts.waiting), words.name(facts.cluster)
    if not count:
        return f"Nothing waits for you in {place}"
    return f"{words.count(count, 'waits', 'wait')} for you in {place}"


def _note(facts: model.HomeFacts) -> list[blocks.Block]:
    """The answer to the last press, where no message could be written to."""
    if facts.note is None:
        return []
    kept = [
        {key: value for key, value in block.items() if key != "block_id"}
        for block in facts.note.blocks[:NOTE_BLOCKS]
    ]
    return [*(kept or blocks.section([facts.note.text])), {"type": "divider"}]


def _unknown(why: str) -> list[blocks.Block]:
    """No list of freezes would read as if nothing were frozen."""
    return blocks.section(["*Freezes*", f"⏸ {words.plain(why, UNKNOWN_LIMIT)}"]) if why else []


def _freezes(found: Sequence[policy.Freeze], cluster: str) -> list[blocks.Block]:
    if not found:
        return []
    parts = blocks.section(["*Frozen: nothing moves forward, aborts pass*"])
    for one in found[:FREEZES_SHOWN]:
        scope = freeze_codec.shown(one.scope)
        button = buttons.resume(cluster=cluster, freeze=one.id, scope=scope)
        parts += blocks.with_button(blocks.section([_freeze(one)]), button)
    if len(found) > FREEZES_SHOWN:
        parts += blocks.section([f"and {len(found) - FREEZES_SHOWN} more: /rollout freeze"])
    return parts


def _freeze(one: policy.Freeze) -> str:
    scope = f"{one.scope.namespace or '*'}/{one.scope.name or '*'}"
    until = f" until {words.by_day(one.until)}" if one.until is not None else " until it is lifted"
    by = words.name(freezing.who(one))
    return f"⏸ {words.name(scope)}{until}: {words.plain(one.reason, 120)} ({by})"


def _rows(
    found: Sequence[messages.RowFact],
    size: int,
    page: int,
    title: str,
    draw: Callable[[messages.RowFact], list[blocks.Block]],
) -> list[blocks.Block]:
    shown = found[page * size : (page + 1) * size]
    if not shown:
        return []
    of = f" ({page * size + 1}–{page * size + len(shown)} of {len(found)})"
    head = f"*{title}*{of if len(found) > size else ''}" if title else ""
    parts = blocks.section([head])
    for row in shown:
        parts += draw(row)
    return parts


def _line(row: messages.RowFact) -> list[blocks.Block]:
    sign = answers.SIGNS.get(row.news, "!")
    return blocks.section([f"{sign} {answers.row_line(row)}"])


def _acting(row: messages.RowFact) -> list[blocks.Block]:
    return _line(row) + blocks.actions(row.buttons, blocks.Stakes(revision=row.revision))


def _opening(row: messages.RowFact) -> list[blocks.Block]:
    return blocks.with_button(_line(row), answers.opening(row))


def _turning(page: int, last: int) -> list[blocks.Block]:
    if not last:
        return []
    turns = [("Earlier page", page - 1), ("Next page", page + 1)]
    drawn = [
        blocks.plain_button(f"{model.PAGE_ACTION}:{number}", label, str(number))
        for label, number in turns
        if 0 <= number <= last
    ]
    return [{"type": "actions", "elements": drawn}]


def _subscriptions(mine: Sequence[str]) -> list[blocks.Block]:
    if not mine:
        return blocks.context(["no subscriptions: /rollout subscribe NAME sends its news to you"])
    shown = [words.plain(one, 120) for one in mine[:SUBSCRIPTIONS_SHOWN]]
    return blocks.section(["*You are told in private of*", *shown])
