"""``/rollout get``: the card of one rollout, for the asker alone."""

from bot.model import messages
from bot.render import rendering
from handlers import asking

USAGE = (
    "/rollout get [NAME]   the present state, as on its card",
    "example: /rollout get checkout",
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    key = ask.find(" ".join(ask.plain()))
    facts = ask.desk.get(key)
    if facts is None:
        return asking.sentence(f"{key} is gone.")
    return rendering.render(facts)
