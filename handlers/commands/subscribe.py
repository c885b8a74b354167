"""``/rollout subscribe``: news of rollouts in private."""

from bot.core import subscriptions as texts
from bot.model import errors, messages
from bot.model import subscriptions as model
from bot.runtime import spelled
from handlers import asking

USAGE = (
    "/rollout subscribe [NAME|NAMESPACE/*] [--quiet HOURS ZONE]   news of rollouts in private",
    "without a name: what you have. Critical news comes in the quiet hours too",
    "example: /rollout subscribe shop/* --quiet 22:00-07:00 Europe/Berlin",
)


async def run(ask: asking.Ask) -> messages.Message:
    if ask.subscriptions is None or not ask.person.slack_id:
        return asking.sentence("Subscriptions need Slack; nothing was changed.")
    if refusal := ask.strange("--quiet"):
        return refusal
    try:
        names, hours = _split(ask.words)
        if not names and not hours:
            return asking.sentence(listed(ask.subscriptions.of(ask.person.slack_id)))
        if len(names) != 1:
            return asking.sentence("subscribe takes one NAME, namespace/NAME or namespace/*.")
        what = _what(ask, names[0])
        wanted = model.Subscription(
            user=ask.person.slack_id,
            what=what,
            quiet=texts.quiet(hours) if hours else None,
        )
        await ask.subscriptions.add(wanted)
    except errors.UserError as problem:
        return asking.sentence(problem.sentence)
    return asking.sentence(
        f"You get news of {wanted} in private: what needs approval, what was rolled back, what "
        f"is done.{_empty(ask, what)}"
    )


def _what(ask: asking.Ask, name: str) -> str:
    """A name is looked up; what has a wildcard is taken as it is: its first rollout may come yet.

    Raises:
        errors.UserError: it is written wrongly.
        asking.Unknown: there is no rollout of that name.

    """
    what = texts.what(name)
    return what if _wild(name, what) else ask.find(name)


def _wild(name: str, what: str) -> bool:
    return "*" in (what if "/" in name else what.removeprefix("*/"))


def _empty(ask: asking.Ask, what: str) -> str:
    """That no rollout fits it now, which a mistyped one never will."""
    known = ask.desk.scenery.keys()
    if any(texts.fits(model.Subscription(user="", what=what), key) for key in known):
        return ""
    near = ", ".join(spelled.near(what, known))
    meant = f" Did you mean {near}? /rollout unsubscribe {what} ends this one." if near else ""
    return f" No rollout is in {what} now.{meant}"


def _split(words: tuple[str, ...]) -> tuple[list[str], str]:
    """The names, and what follows ``--quiet``: one quoted word, or hours and a zone."""
    names: list[str] = []
    rest = list(words)
    hours = ""
    while rest:
        word = rest.pop(0)
        if not word.startswith("--quiet"):
            names.append(word)
            continue
        hours = word.partition("=")[2] or (rest.pop(0) if rest else "")
        if not hours:
            raise errors.UserError('Name the hours: --quiet "22:00-07:00 Europe/Berlin".')
        if " " not in hours and rest and ("/" in rest[0] or rest[0] == "UTC"):
            hours += f" {rest.pop(0)}"
    return names, hours


def listed(mine: tuple[model.Subscription, ...]) -> str:
    """What somebody has subscribed to, in one sentence."""
    if not mine:
        return "You have no subscriptions. /rollout subscribe NAME sends you its news in private."
    return f"You get news of {'; '.join(map(str, mine))}."
