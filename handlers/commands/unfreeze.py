"""``/rollout unfreeze``: what is frozen goes on, in the order in which it waits."""

from bot.model import messages
from handlers import asking

USAGE = (
    "/rollout unfreeze [SCOPE or ID]   end a freeze; what waited goes on in order",
    "example: /rollout unfreeze shop/*",
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    what = " ".join(ask.plain())
    return asking.reply(await asking.freezing(ask.desk).unfreeze(what, ask.person))
