"""``/rollout why``: what holds a rollout, and what would free it."""

from bot.model import messages
from bot.render import rendering
from handlers import asking

USAGE = (
    "/rollout why [NAME]   what holds it, and what would free it",
    "example: /rollout why checkout",
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    return rendering.render(ask.desk.why(ask.find(" ".join(ask.plain()))))
