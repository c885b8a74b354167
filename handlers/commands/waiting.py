"""``/rollout``: what waits for a person, with buttons."""

from bot.model import messages
from bot.render import rendering
from handlers import asking

USAGE = ("/rollout   what waits for somebody, and what moves",)


async def run(ask: asking.Ask) -> messages.Message:
    return rendering.render(ask.desk.waiting())
