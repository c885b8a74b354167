"""``/rollout list``: every rollout, a line each."""

from bot.model import messages
from bot.render import rendering
from handlers import asking

USAGE = ("/rollout list [NAMESPACE]   every rollout, a line each", "example: /rollout list shop")

SHOWN = 80


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    words = ask.plain()
    if len(words) > 1 or any("/" in word for word in words):
        said = " ".join(words)[:SHOWN]
        return asking.sentence(f'list takes one NAMESPACE or none, not "{said}".')
    namespace = words[0] if words else ""
    return rendering.render(ask.desk.rows(namespace=namespace))
