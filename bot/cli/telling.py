"""Listings and cards as plain text. What comes from outside cannot steer the terminal."""

from bot.model import facts, messages
from bot.render import answers, cards, words

_MARKS = {
    facts.StepState.DONE: "✓",
    facts.StepState.COMING: " ",
}
WIDTH = 400


def line(text: str) -> str:
    """One line of foreign text: nothing invisible, no control sequence."""
    return words.bare(text, WIDTH)


def rows(found: messages.ListFacts) -> str:
    """A line each, in columns."""
    if not found.rows:
        where = f"the namespace {found.namespace}" if found.namespace else "the cluster"
        return f"There is no rollout in {where}."
    table = [
        (
            answers.SIGNS.get(row.news, "!"),
            line(f"{row.rollout.namespace}/{row.rollout.name}"),
            f"v{row.revision.number}" if row.revision else "-",
            "" if row.since_s is None else words.duration(row.since_s),
            line(row.what) + _next(row),
        )
        for row in found.rows
    ]
    return _columns([("", "ROLLOUT", "REVISION", "SINCE", "STATE"), *table])


def _next(row: messages.RowFact) -> str:
    return "" if row.next_at is None else f", next at {row.next_at:%H:%M:%S} UTC"


def _columns(table: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]) - 1)]
    padded = [
        "  ".join([*(cell.ljust(wide) for cell, wide in zip(row, widths, strict=False)), row[-1]])
        for row in table
    ]
    return "\n".join(one.rstrip() for one in padded)


def card(found: messages.CardFacts) -> str:
    """What the card says, a fact a line."""
    head = f"{line(found.rollout.namespace)}/{line(found.rollout.name)} v{found.revision.number}"
    lines = [f"{answers.SIGNS.get(found.news, '!')} {head}: {_state(found)}"]
    lines += [f"  {line(one)}" for one in found.warnings]
    marks = {**_MARKS, facts.StepState.CURRENT: cards.here(found)}
    lines += [f"  {marks[step.state]} {line(step.text)}" for step in found.steps]
    for side, label, pods in (
        ("canary", found.revision, found.canary_pods),
        ("stable", found.stable, found.stable_pods),
    ):
        if pods is not None:
            named = f" v{label.number}" if label is not None else ""
            trouble = f": {line(pods.trouble)}" if pods.trouble else ""
            lines.append(f"  {side}{named}: {pods.ready} of {pods.wanted} pods ready{trouble}")
    lines += [f"  {_metric(one)}" for one in found.metrics]
    if not found.measured:
        lines.append("  nothing is measured: time alone decides")
    if found.next_what:
        at = f" at {found.next_at:%H:%M:%S} UTC" if found.next_at else ""
        lines.append(f"  next: {line(found.next_what)}{at}")
    if found.change.by is not None:
        lines.append(f"  shipped by {words.bare(found.change.by.name)}")
    lines += [f"  image {line(one)}" for one in found.revision.images]
    return "\n".join(lines)


def _state(found: messages.CardFacts) -> str:
    because = f": {line(found.because)}" if found.because else ""
    closing = f", {line(found.closing)}" if found.closing else ""
    return f"{found.news.value.replace('-', ' ')} at {found.weight} %{because}{closing}"


def _metric(one: messages.MetricFact) -> str:
    limit = "" if one.failure_limit is None else f" ({one.failure_limit} allowed)"
    taken = f"{one.taken}" if one.wanted is None else f"{one.taken} of {one.wanted}"
    return (
        f"{line(one.name)} {line(one.value_text)} ({line(one.bound_text)}): {one.verdict}, "
        f"{taken} taken, {one.failed} failed{limit}"
    )


def plan(found: messages.PlanFacts) -> str:
    """A line a step: what it does, the share of users, the pods, the earliest time."""
    where = f"{line(found.rollout.namespace)}/{line(found.rollout.name)}"
    if found.problem:
        return f"{where} has no plan: {line(found.problem)}"
    which = f"v{found.revision.number}" if found.revision else "the next version"
    first, second = found.sides
    table = [
        (
            f"{number}",
            line(one.text),
            f"{one.weight} %",
            f"{one.canary}",
            f"{one.stable}",
            _when(one, found) + (f" ({line(one.held)})" if one.held else ""),
        )
        for number, one in enumerate(found.stages, start=1)
    ]
    head = ("", "STEP", "WEIGHT", first.upper(), second.upper(), "EARLIEST")
    return f"{where} {which}\n{_columns([head, *table])}"


def _when(one: messages.StageFact, found: messages.PlanFacts) -> str:
    if one.at is None:
        return ""
    same = one.at.date() == found.now.date()
    return f"{one.at:%H:%M:%S} UTC" if same else f"{one.at:%a %d %b %H:%M} UTC"
