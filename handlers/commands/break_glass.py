"""``/rollout break-glass``: past what the policy holds, with a reason and a second person."""

from bot.model import messages
from handlers import asking

USAGE = (
    "/rollout break-glass NAME REASON   pass gate, window and freeze; a second person must agree",
    'example: /rollout break-glass checkout "orders are lost, the fix must go out"',
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    words = ask.plain()
    if not words:
        return asking.sentence("Say which: /rollout break-glass NAME REASON. Nothing was asked.")
    key = ask.find(words[0])
    if not (reason := " ".join(words[1:]).strip()):
        return asking.sentence("Say why: everybody will see it. Nothing was asked.")
    return asking.reply(await ask.desk.glass.ask(key, reason, ask.person))
