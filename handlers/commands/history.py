"""``/rollout history``: how updates went, newest first."""

from bot.model import messages
from handlers import asking, remembering

USAGE = (
    "/rollout history [NAME] [30d]   how updates went, newest first",
    "example: /rollout history checkout 7d",
)


async def run(ask: asking.Ask) -> messages.Message:
    return await remembering.answer(ask, audit=False, named=False)
