"""``/rollout audit``: who decided what about a rollout, and why."""

from bot.model import messages
from handlers import asking, remembering

USAGE = (
    "/rollout audit [NAME] [30d]   who decided what, and why",
    "example: /rollout audit checkout 30d",
)


async def run(ask: asking.Ask) -> messages.Message:
    return await remembering.answer(ask, audit=True, named=True)
