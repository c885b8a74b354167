"""``/rollout abort``: all traffic back to the stable revision, at once."""

from bot.model import messages
from handlers import asking

USAGE = (
    "/rollout abort [NAME] [REASON]   all traffic back to the stable revision, at once",
    'example: /rollout abort checkout "payments page blank"',
)


async def run(ask: asking.Ask) -> messages.Message:
    name, *reason = ask.plain() or ("",)
    key = ask.find(name)
    answer = await ask.desk.submit("abort", key, ask.person, reason=" ".join(reason))
    return asking.reply(answer)
