"""``/rollout undo``: the pod template of an earlier revision again."""

from bot.model import messages
from handlers import asking

USAGE = (
    "/rollout undo [NAME] [--to-revision N]   set the pod template back to an earlier revision",
    "example: /rollout undo checkout --to-revision 41",
)


async def run(ask: asking.Ask) -> messages.Message:
    """``--to-revision N`` and ``--to-revision=N`` mean the same."""
    if refusal := ask.strange("--to-revision"):
        return refusal
    words, number = _number(ask.words)
    if number is not None and not number.isdecimal():
        return asking.sentence(f'"{number}" is no revision number. Nothing was done.')
    key = ask.find(" ".join(words))
    revision = int(number) if number else None
    return asking.reply(await ask.desk.undo(key, ask.person, revision))


def _number(words: tuple[str, ...]) -> tuple[list[str], str | None]:
    left: list[str] = []
    number: str | None = None
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name == "--to-revision":
            number = value if equals else next(rest, "")
        elif not word.startswith("--"):
            left.append(word)
    return left, number
