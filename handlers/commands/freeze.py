"""``/rollout freeze``: nothing moves forward for a while; alone it lists what is in force."""

from bot.core.gates import freeze_words
from bot.model import messages
from bot.render import rendering
from handlers import asking

USAGE = (
    "/rollout freeze SCOPE DURATION REASON   hold all, a NAMESPACE, ns/* or ns/name",
    "/rollout freeze   what is frozen now",
    'example: /rollout freeze shop/* 2h "database incident"',
)


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    words = ask.plain()
    if not words:
        listed = messages.SentenceFacts(sentences=asking.freezing(ask.desk).listed())
        return rendering.render(listed)
    span = freeze_words.duration(words[1]) if len(words) > 1 else None
    if span is None:
        return asking.sentence(
            "Say for how long, as in 30m, 2h or 1d, from a minute to 30 days: "
            '/rollout freeze shop/* 2h "database incident". Nothing was frozen.'
        )
    if not (reason := " ".join(words[2:]).strip()):
        return asking.sentence("Say why: everybody will see it. Nothing was frozen.")
    desk = asking.freezing(ask.desk)
    return asking.reply(await desk.freeze(words[0], span, reason, ask.person, stop=False))
