"""What happened to one rollout while nobody could be told: one sentence without the dot."""

from bot.core.notices import scene as scenes
from bot.core.notices import standing
from bot.model import messages
from bot.model.facts import News


def sentence(before: messages.CardFacts | None, after: scenes.Scene) -> str:
    """From the card that stood when the chat went away to what is true now."""
    name, news = after.rollout.name, standing.news(after)
    new = scenes.weight(after)
    old = before.weight if before is not None else new
    same = before is not None and before.revision.hash == after.hash
    went = f"went {old} → {new} %" if same and old != new else ""
    match news:
        case News.DONE:
            said = "finished"
        case News.WAITS:
            said = f"{went} and waits for approval" if went else "waits for approval"
        case News.ROLLED_BACK:
            said = "was rolled back"
        case News.ROLLING_BACK:
            said = "is being rolled back"
        case News.HOLDS:
            said = f"{went} and holds" if went else f"holds at {new} %"
        case News.NOT_READY:
            said = "is not ready"
        case News.INVALID | News.NOT_RUN:
            said = "is not run"
        case _:
            said = went or f"is at {new} %"
    return f"{name} {said}"
