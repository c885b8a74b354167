"""``/rollout list``: every rollout, a line each."""

from bot.model import messages
from bot.render import rendering
from handlers import asking

USAGE = ("/rollout list [NAMESPACE]   every rollout, a line each", "example: /rollout list shop")


async def run(ask: asking.Ask) -> messages.Message:
    namespace = ask.plain()[0] if ask.plain() else ""
    return rendering.render(ask.desk.rows(namespace=namespace))
