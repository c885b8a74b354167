"""What the commands about the past share: their words, and the question to the history."""

from bot.model import errors, messages, past
from bot.render import past as rendered
from bot.runtime import lookup
from handlers import asking


async def answer(ask: asking.Ask, *, audit: bool, named: bool) -> messages.Message:
    """The newest records; ``named``: a rollout must be meant. One that is gone is found too."""
    if refusal := ask.strange():
        return refusal
    words = ask.plain()
    ages = [word for word in words if past.age(word) is not None]
    names = [word for word in words if word not in ages]
    if unclear := _unclear(names, ages):
        return asking.sentence(unclear)
    age = ages[-1] if ages else "30d"
    key = _key(ask, " ".join(names)) if names or named else ""
    try:
        facts = await lookup.ask(
            ask.desk.history,
            cluster=ask.desk.scenery.cluster,
            key=key,
            span=past.age(age) or past.DEFAULT,
            clock=ask.desk.clock,
            audit=audit,
            age=age,
        )
    except errors.UserError as problem:
        return asking.sentence(problem.sentence)
    if names and not facts.entries:
        ask.find(" ".join(names))  # a name that means nothing is better answered by this
    return rendered.listing(facts)


def _unclear(names: list[str], ages: list[str]) -> str:
    """What is wrong with the words, in a sentence; empty where nothing is."""
    how = f"say one NAME and one span, as in checkout 30d; a span is {past.SPANS}."
    if len(names) > 1 or len(ages) > 1:
        said = " ".join(names if len(names) > 1 else ages)[:80]
        return f'"{said}" is more than one: {how}'
    if ages and not past.age(ages[0]):
        return f'"{ages[0]}" spans no time: say {past.SPANS}.'
    return ""


def _key(ask: asking.Ask, name: str) -> str:
    try:
        return ask.find(name)
    except asking.Unknown:
        if not name:
            raise
        return name
