"""``/rollout stop-the-line``: every rollout in scope holds at once, until somebody resumes."""

from bot.model import messages
from bot.render import rendering
from bot.runtime import stopping
from handlers import asking

USAGE = (
    "/rollout stop-the-line [SCOPE] [REASON]   hold every rollout at once, till unfreeze",
    'example: /rollout stop-the-line all "orders are lost"',
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    desk = asking.freezing(ask.desk)
    try:
        scope, reason = desk.stopping(ask.plain())
    except stopping.Unclear as problem:
        lines = messages.SentenceFacts(sentences=problem.lines)
        raise asking.Unknown(rendering.render(lines)) from None
    return asking.reply(await desk.freeze(scope, None, reason, ask.person, stop=True))
