"""``/rollout promote``: pass the present pause or gate, or skip all steps that are left."""

from bot.model import messages
from handlers import asking

USAGE = (
    "/rollout promote [NAME] [--full]   pass the present pause or gate; --full: all steps left",
    "example: /rollout promote checkout",
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange("--full"):
        return refusal
    key = ask.find(" ".join(ask.plain()))
    kind = "promote-full" if "--full" in ask.options() else "promote"
    return asking.reply(await ask.desk.submit(kind, key, ask.person))
