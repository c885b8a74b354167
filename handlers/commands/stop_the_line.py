"""``/rollout stop-the-line``: every rollout in scope holds at once, until somebody resumes."""

from bot.core.gates import freeze_words
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
    scope, reason = freeze_words.parted(ask.plain(), desk.namespaces())
    return asking.reply(await desk.freeze(scope, None, reason, ask.person, stop=True))
