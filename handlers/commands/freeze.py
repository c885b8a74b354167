"""``/rollout freeze``: nothing moves forward for a while; alone it lists what is in force."""

import re
from datetime import timedelta

from bot.model import messages
from bot.render import rendering
from handlers import asking

USAGE = (
    "/rollout freeze SCOPE DURATION REASON   hold all, a NAMESPACE, ns/* or ns/name",
    "/rollout freeze   what is frozen now",
    'example: /rollout freeze shop/* 2h "database incident"',
)
_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?:in)?)?")


async def run(ask: asking.Ask) -> messages.Message:
    if refusal := ask.strange():
        return refusal
    words = ask.plain()
    if not words:
        listed = messages.SentenceFacts(sentences=asking.freezing(ask.desk).listed())
        return rendering.render(listed)
    span = duration(words[1]) if len(words) > 1 else None
    if span is None:
        return asking.sentence(
            "Say for how long, as in 30m, 2h or 1d: "
            '/rollout freeze shop/* 2h "database incident". Nothing was frozen.'
        )
    if not (reason := " ".join(words[2:]).strip()):
        return asking.sentence("Say why: everybody will see it. Nothing was frozen.")
    desk = asking.freezing(ask.desk)
    return asking.reply(await desk.freeze(words[0], span, reason, ask.person, stop=False))


def duration(text: str) -> timedelta | None:
    """``90m``, ``2h``, ``1d12h``; None where it is none."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)
