"""``/rollout retry``: an aborted update again, from its first step."""

from bot.model import messages
from handlers import asking

USAGE = (
    "/rollout retry [NAME]   start an aborted update again from its first step",
    "example: /rollout retry checkout",
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    key = ask.find(" ".join(ask.plain()))
    return asking.reply(await ask.desk.submit("retry", key, ask.person))
