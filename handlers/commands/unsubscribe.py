"""``/rollout unsubscribe``: no more news of rollouts in private."""

from bot.core import subscriptions as texts
from bot.model import errors, messages
from handlers import asking

USAGE = (
    "/rollout unsubscribe [NAME|NAMESPACE/*]   no more news in private; without a name: of none",
    "example: /rollout unsubscribe shop/*",
)


async def run(ask: asking.Ask) -> messages.Message:
    if ask.subscriptions is None or not ask.person.slack_id:
        return asking.sentence("Subscriptions need Slack; nothing was changed.")
    if refusal := ask.strange():
        return refusal
    user = ask.person.slack_id
    name = " ".join(ask.plain())
    try:
        what = _mine(ask, name) if name else ""
        gone = await ask.subscriptions.remove(user, what)
    except errors.UserError as problem:
        return asking.sentence(problem.sentence)
    if not gone:
        of = f" of {name}" if name else ""
        return asking.sentence(f"You had no subscription{of}: nothing was changed.")
    return asking.sentence(f"No more news of {what}." if what else "No more news in private.")


def _mine(ask: asking.Ask, name: str) -> str:
    """The subscription meant, also where its rollout is gone."""
    held = {one.what for one in ask.subscriptions.of(ask.person.slack_id)}  # type: ignore[union-attr]
    full = texts.what(name)
    if full in held:
        return full
    near = [one for one in held if one.rpartition("/")[2] == name]
    return near[0] if len(near) == 1 else full
