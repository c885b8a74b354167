"""``/rollout plan``: the steps to come, with times, weights and pods, before anything starts."""

from bot.model import messages
from bot.render import rendering
from handlers import asking

USAGE = (
    "/rollout plan [NAME]   the steps to come: times, weights, pods; of the next version too",
    "example: /rollout plan checkout",
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    key = ask.find(" ".join(ask.plain()))
    facts = ask.desk.plan(key)
    return asking.sentence(f"{key} is gone.") if facts is None else rendering.render(facts)
