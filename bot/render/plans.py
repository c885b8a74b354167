"""The plan of an update: a line for each step to come, with its pods and its earliest time."""

from datetime import timedelta

from bot.model import messages
from bot.render import blocks, words

SHOWN = 20
SECOND, SOON = timedelta(seconds=1), timedelta(minutes=1)


def plan(facts: messages.PlanFacts) -> messages.Message:
    who, place = words.name(facts.rollout.name), words.name(facts.rollout.cluster)
    if facts.problem:
        text = f"{who} in {place} has no plan: {words.plain(facts.problem)}."
        return blocks.message(text, blocks.section([text]))
    what = f"{who} {words.revision(facts.revision)}" if facts.revision else f"The next {who}"
    head = f"{what} goes through {words.count(len(facts.stages), 'step', 'steps')} in {place}"
    lines = [_line(n, one, facts) for n, one in enumerate(facts.stages[:SHOWN], start=1)]
    if len(facts.stages) > SHOWN:
        lines.append(f"and {len(facts.stages) - SHOWN} more")
    note = "Times are the earliest; pods that come up and analyses take their own."
    parts = [*blocks.section([f"*{head}*", *lines]), *blocks.context([note])]
    return blocks.message(f"{head}: {'; '.join(lines)}. {note}", parts)


def _line(number: int, one: messages.StageFact, facts: messages.PlanFacts) -> str:
    first, second = facts.sides
    pods = f"{first} {one.canary}, {second} {one.stable}"
    when = "" if one.at is None else _when(one, facts)
    held = f"({words.plain(one.held, 120)})" if one.held else ""
    share = words.percent(one.weight)
    text = words.plain(one.text, 60)
    said = words.joined([text, "" if text == share else f"at {share}", pods])
    return words.joined([f"{number}. {said}", words.joined([when, held], " ")])


def _when(one: messages.StageFact, facts: messages.PlanFacts) -> str:
    if one.at is None or one.at - facts.now < SECOND:
        return "at once"
    if one.at - facts.now < SOON:
        return f"in {words.duration(float(round((one.at - facts.now).total_seconds())))}"
    same = one.at.date() == facts.now.date()
    return f"at {words.at(one.at)}" if same else words.by_day(one.at)
