"""``/rollout``: what waits for who asks, with buttons; what for others, and what moves."""

from dataclasses import replace

from bot.model import messages
from bot.render import rendering
from bot.runtime import awaited
from handlers import asking

USAGE = ("/rollout   what waits for you, what for others, and what moves",)


async def run(ask: asking.Ask) -> messages.Message:
    found = ask.desk.waiting()
    mine = await awaited.by(
        ask.person, found.waiting, view=ask.desk.scenery, rights=ask.desk.permits
    )
    others = tuple(row for row in found.waiting if row not in mine)
    return rendering.render(replace(found, waiting=mine, others=others))
