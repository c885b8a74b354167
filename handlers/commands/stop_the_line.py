"""``/rollout stop-the-line``: every rollout in scope holds at once, until somebody resumes."""

from bot.model import messages
from handlers import asking

USAGE = (
    "/rollout stop-the-line [SCOPE] [REASON]   hold every rollout at once, till unfreeze",
    'example: /rollout stop-the-line all "orders are lost"',
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    desk = asking.freezing(ask.desk)
    scope, reason = _parted(ask.plain(), desk.namespaces())
    return asking.reply(await desk.freeze(scope, None, reason, ask.person, stop=True))


def _parted(words: tuple[str, ...], namespaces: frozenset[str]) -> tuple[str, str]:
    """In an emergency nobody quotes: a first word that names nothing begins the reason."""
    if not words:
        return "all", ""
    first, *rest = words
    scoped = first.lower() == "all" or "/" in first or first in namespaces
    return (first, " ".join(rest)) if scoped else ("all", " ".join(words))
