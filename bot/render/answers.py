"""Answers that only the asker sees: listings, reasons, refusals, help."""

from collections.abc import Iterable, Sequence

from bot.model import messages
from bot.model.messages import News
from bot.render import blocks, words

ROWS_WITH_BUTTONS = 10
ROWS_SHOWN = 40
ROWS_PER_BLOCK = 10
SIGNS = {
    News.MOVES: "▶",
    News.WAITS: "⏸",
    News.HOLDS: "⏸",
    News.DONE: "✓",
    News.ROLLING_BACK: "✗",
    News.ROLLED_BACK: "✗",
    News.SUPERSEDED: "–",
}


def opening(row: messages.RowFact) -> messages.Button | None:
    """Shows the card of this one to whoever presses it alone, with the buttons valid then."""
    if row.revision is None:
        return None
    value = messages.ButtonValue(
        cluster=row.rollout.cluster,
        namespace=row.rollout.namespace,
        name=row.rollout.name,
        uid=row.rollout.uid,
        revision=row.revision.hash,
    )
    return messages.Button(kind=messages.ButtonKind.OPEN, value=value)


def late(answer: messages.Message, *, silent_s: float) -> messages.Message:
    """An answer out of memory, because the cluster has not answered for so long."""
    silent = words.duration(silent_s)
    note = f"The cluster has not answered for {silent}: this is how it stood then."
    said = [*blocks.context([note]), *answer.blocks] if answer.blocks else []
    return blocks.message(f"{note} {answer.text}", said)


def denied(sentence: str, *, ask: Sequence[str]) -> messages.Message:
    """Who may not, and some who may; nobody is notified by an answer that one person sees."""
    people = [words.mention(messages.Person(name=one, slack_id=one)) for one in ask]
    new = [one for one in people if one not in sentence]
    text = words.plain(sentence) + (f" Ask {' or '.join(new)}." if new else "")
    return blocks.message(text, blocks.section([text]))


def waiting(facts: messages.WaitingFacts) -> messages.Message:
    """What waits for a person, with buttons; then what moves by itself."""
    count = len(facts.waiting)
    place = words.name(facts.cluster)
    if count:
        head = f"{words.count(count, 'waits', 'wait')} for you in {place}"
    else:
        head = f"Nothing waits for you in {place}."
    parts = blocks.section([head if not count else f"*{head}*"])
    for row in facts.waiting[:ROWS_WITH_BUTTONS]:
        stakes = blocks.Stakes(revision=row.revision)
        parts += blocks.section([row_line(row)]) + blocks.actions(row.buttons, stakes)
    if count > ROWS_WITH_BUTTONS:
        parts += blocks.section([f"and {count - ROWS_WITH_BUTTONS} more: /rollout list"])
    others, moves = _others(facts.others), _moves(facts.moving)
    parts += blocks.section(others) + blocks.section(moves)
    said = [row_line(row) for row in facts.waiting[:ROWS_WITH_BUTTONS]]
    first = f"{head}: {'; '.join(said)}." if said else head
    second = f"{' '.join(others)}." if others else ""
    text = words.joined([first, second, " ".join(moves)], " ")
    return blocks.message(text, parts)


def _others(rows: Sequence[messages.RowFact]) -> list[str]:
    """What somebody else must decide; without buttons, for they would do nothing here."""
    if not rows:
        return []
    head = f"{words.count(len(rows), 'waits', 'wait')} for others:"
    lines = [row_line(row) for row in rows[:ROWS_WITH_BUTTONS]]
    more = len(rows) - len(lines)
    rest = [f"and {more} more: /rollout list"] if more else []
    return [f"{head} {lines[0]}"] if len(rows) == 1 else [head, *lines, *rest]


def _moves(rows: Sequence[messages.RowFact]) -> list[str]:
    if not rows:
        return []
    lines = [row_line(row) for row in rows[:ROWS_SHOWN]]
    if len(rows) == 1:
        return [f"1 moves: {lines[0]}"]
    rest = [f"and {len(rows) - ROWS_SHOWN} more"] if len(rows) > ROWS_SHOWN else []
    return [f"{len(rows)} move:", *lines, *rest]


def row_line(row: messages.RowFact) -> str:
    since = "" if row.since_s is None else words.duration(row.since_s)
    what = words.plain(row.what, 160)
    if since and row.news is News.DONE:
        what, since = f"{what} {since} ago", ""
    elif since and row.news is News.ROLLED_BACK:
        since += " ago"
    if row.next_at is not None:
        what = words.joined([what, f"next at {words.at(row.next_at)}"], ", ")
    who = words.link(row.url, words.who(row.rollout, row.revision))
    return words.joined([who, what, since])


def listing(facts: messages.ListFacts) -> messages.Message:
    """Every rollout in a line, with its sign and its word."""
    where = words.joined([words.name(facts.namespace), words.name(facts.cluster)])
    if not facts.rows:
        return blocks.message(
            f"No rollout in {where}.", blocks.section([f"No rollout in {where}."])
        )
    lines = [f"{SIGNS.get(row.news, '!')} {row_line(row)}" for row in facts.rows[:ROWS_SHOWN]]
    parts = []
    for start in range(0, len(lines), ROWS_PER_BLOCK):
        parts += blocks.section(lines[start : start + ROWS_PER_BLOCK])
    if len(facts.rows) > ROWS_SHOWN:
        parts += blocks.context([f"and {len(facts.rows) - ROWS_SHOWN} more"])
    count = words.count(len(facts.rows), "rollout", "rollouts")
    text = f"{count} in {where}: {'; '.join(map(row_line, facts.rows[:ROWS_SHOWN]))}."
    return blocks.message(text, [*parts, *blocks.context([where])])


def sentences(facts: messages.SentenceFacts) -> messages.Message:
    """Plain sentences, each a block, and the buttons that would change what they say."""
    said = [line for item in facts.sentences[:8] if (line := words.plain(item, 1_200))]
    parts = [block for item in said for block in blocks.section([item])]
    parts += blocks.actions(facts.buttons, blocks.Stakes())
    return blocks.message(" ".join(said) or "There is nothing to say.", parts)


def recording(kind: messages.ButtonKind) -> messages.Message:
    """While a decision is being written. Nothing is claimed before it is."""
    what = {
        messages.ButtonKind.APPROVE: "your approval",
        messages.ButtonKind.ABORT: "your abort",
    }.get(kind, "it")
    return _one(f"recording {what} …")


def stale(
    *,
    rollout: messages.RolloutId,
    revision: messages.RevisionLabel | None,
    weight: int,
    decided: messages.GateDecision | None,
) -> messages.Message:
    """A click on what is over, answered with how it ended and what is true now."""
    how = "."
    if decided is not None and decided.by is not None:
        verb = {
            messages.Closing.APPROVED: "approved it",
            messages.Closing.ABORTED: "aborted it",
        }.get(decided.closing, "ended it")
        when = f" at {words.at(decided.at)}" if decided.at is not None else ""
        how = f": {words.person(decided.by)} {verb}{when}."
    now = f"{words.who(rollout, revision)} is at {words.percent(weight)}."
    return _one(f"This step is over{how} {now}")


def refused(
    *,
    approvers: str,
    action: str = "approve",
    excluded: messages.Person | None = None,
    ask: Sequence[messages.Person] = (),
) -> messages.Message:
    """Who may, who may not though they would be among them, and whom to ask."""
    text = f"Only {words.name(approvers)} may {words.name(action)} this"
    if excluded is not None:
        text += f", and not {words.person(excluded)}, who shipped it"
    names = " or ".join(words.mention(someone) for someone in ask[:3])
    return _one(f"{text}.{f' Ask {names}.' if names else ''}")


def not_written(*, buttons_work: bool = True) -> messages.Message:
    """The decision could not be recorded."""
    tail = " The buttons still work." if buttons_work else ""
    return _one(f"Nothing was done: the cluster did not answer.{tail}")


def cluster_away(seconds: float) -> messages.Message:
    span = words.duration(seconds)
    return _one(f"The cluster did not answer within {span}; nothing was done.")


def no_such(*, wanted: str, namespace: str, near: Sequence[str] = ()) -> messages.Message:
    """No rollout of that name; the nearest names."""
    place = f" in {words.name(namespace)}" if namespace else ""
    return _one(f'No rollout "{words.name(wanted)}"{place}.{_did_you_mean(near)}')


def unknown_word(*, known: Sequence[str], near: Sequence[str] = ()) -> messages.Message:
    listed = ", ".join(map(words.name, known[:20]))
    return _one(f"I know {listed}.{_did_you_mean(near)}")


def _did_you_mean(near: Sequence[str]) -> str:
    return f" Did you mean {', '.join(map(words.name, near[:5]))}?" if near else ""


def usage(lines: Iterable[str]) -> messages.Message:
    """Help: each line as the command's own table has it, what is typed apart from what it does."""
    said = [line for item in lines if (line := _use(item))][:30]
    parts = blocks.section(said)
    return blocks.message("\n".join(said).replace("*", "") or "There is no help for this.", parts)


def _use(line: str) -> str:
    """A wide gap ends what is typed; a chat would fold it to a blank."""
    typed, gap, does = line.partition("   ")
    said = words.plain(typed, 120)
    return f"*{said}*: {words.plain(does, 160)}" if gap and said and does.strip() else said


def _one(text: str) -> messages.Message:
    """A finished sentence as the whole answer."""
    return blocks.message(text, blocks.section([text]))
