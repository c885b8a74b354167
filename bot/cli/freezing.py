"""``freeze``, ``unfreeze``, ``stop-the-line`` at a terminal: the same desk as Slack's commands."""

from bot.cli import asking, outcome, plain, telling
from bot.core.gates import freeze_words
from bot.runtime import freeze_desk, orders, stopping

_SAY_HOW_LONG = (
    "Say for how long, as in 30m, 2h or 1d, from a minute to 30 days: "
    'freeze shop/* 2h "database incident".'
)


async def listed(ask: asking.Ask) -> outcome.Outcome:
    """What is in force."""
    desk = _desk(ask)
    text = "\n".join(telling.line(_here(one)) for one in desk.listed())
    return outcome.Outcome(text=text, data=[plain.plain(one) for one in desk.freezes.in_force()])


async def frozen(ask: asking.Ask, scope: str, span: str, reason: str) -> outcome.Outcome:
    """Hold what is in ``scope`` for a while."""
    lasts = freeze_words.duration(span)
    if lasts is None:
        return outcome.told(f"{_SAY_HOW_LONG} Nothing was frozen.", code=outcome.USAGE)
    if not reason.strip():
        text = "Say why: everybody will see it. Nothing was frozen."
        return outcome.told(text, code=outcome.USAGE)
    desk = _desk(ask)
    if ask.unruled:
        return outcome.told(ask.unruled, code=outcome.REFUSED)
    return _told(await desk.freeze(scope, lasts, reason, ask.person, stop=False))


async def stopped(ask: asking.Ask, words: tuple[str, ...]) -> outcome.Outcome:
    """Hold everything in scope until somebody ends it; a first word may name the scope."""
    desk = _desk(ask)
    if ask.unruled:
        return outcome.told(ask.unruled, code=outcome.REFUSED)
    try:
        scope, reason = desk.stopping(words)
    except stopping.Unclear as problem:
        text = "\n".join(telling.line(_here(one)) for one in problem.lines)
        return outcome.told(text, code=outcome.REFUSED)
    return _told(await desk.freeze(scope, None, reason, ask.person, stop=True))


async def unfrozen(ask: asking.Ask, what: str) -> outcome.Outcome:
    """End a freeze by its id or scope, or the only one there is."""
    desk = _desk(ask)
    if ask.unruled:
        return outcome.told(ask.unruled, code=outcome.REFUSED)
    return _told(await desk.unfreeze(what, ask.person))


def _desk(ask: asking.Ask) -> freeze_desk.FreezeDesk:
    if ask.desk.freezing is None:
        text = "You may not read the freezes of this cluster; nothing was done."
        raise asking.Unknown(outcome.told(text, code=outcome.REFUSED))
    return ask.desk.freezing


def _told(reply: orders.Reply) -> outcome.Outcome:
    code = outcome.DONE if reply.accepted else outcome.REFUSED
    if reply.sentence.startswith(orders.NOT_DONE):
        return outcome.told(orders.NOT_DONE, code=outcome.AWAY)
    return outcome.told(telling.line(_here(reply.sentence)), code=code)


def _here(sentence: str) -> str:
    return sentence.replace("/rollout ", "rollout-bot ")
