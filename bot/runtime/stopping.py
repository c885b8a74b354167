"""What of the line is to be stopped: a scope, or a reason alone, as it is typed in an emergency.

Nobody quotes then, so the first words of a reason stop everything, whatever they sound like: to
hold too much harms nobody. A word alone and what is written as a scope are meant for a name; where
there is none of it nothing stops, and the answer has the commands to copy.
"""

import re
import shlex
from collections.abc import Iterable

from bot.core.gates import freeze_codec, freezes
from bot.model import errors
from bot.runtime import spelled

REASON_SHOWN = 80
_SPECIAL = re.compile(r'["$`\\!]')
_ALLOWED = "A scope is all, NAMESPACE, NAMESPACE/* or NAMESPACE/NAME"


class Unclear(errors.UserError):
    """``lines``: what is wrong, a command to copy each, what is allowed."""

    def __init__(self, *lines: str) -> None:
        super().__init__(" ".join(lines))
        self.lines = lines


def meant(words: tuple[str, ...], keys: Iterable[str]) -> tuple[str, str]:
    """Scope and reason; ``keys`` are the rollouts that there are, as namespace/name.

    Raises:
        Unclear: what is meant for a name is none; says what to type.

    """
    if not words:
        return "all", ""
    first, rest = words[0], words[1:]
    known = tuple(sorted(keys))
    if first.lower() == "all":
        return "all", " ".join(rest)
    if "/" in first or ("*" in first and not rest):
        return _scope(first.lower(), rest, known), " ".join(rest)
    if first.lower() in spelled.namespaces(known):
        return first.lower(), " ".join(rest)
    if rest:
        return "all", " ".join(words)
    return _alone(first, known)


def _alone(word: str, known: tuple[str, ...]) -> tuple[str, str]:
    """One rollout by its name; what is near to no name is a reason."""
    named = [key for key in known if spelled.parts(key)[1] == word.lower()]
    if len(named) == 1:
        return named[0], ""
    if named:
        start = f'There are {len(named)} rollouts "{word[:80]}"'
        raise _refused(start, named[: spelled.NEAR], (word,), ())
    if near := spelled.near(word, known):
        raise _refused(f'"{word[:80]}" names no namespace and no rollout', near, (word,), ())
    return "all", word


def _scope(text: str, rest: tuple[str, ...], known: tuple[str, ...]) -> str:
    """A scope that is written as one must have a rollout in it."""
    try:
        scope = freeze_codec.scope(text)
    except errors.UserError:
        raise _refused(
            f'"{text[:80]}" is no scope', spelled.near(text, known), rest, rest
        ) from None
    if any(freezes.covers(scope, *spelled.parts(key)) for key in known):
        return text
    start = f"No rollout is in {freeze_codec.shown(scope)}"
    raise _refused(start, spelled.near(text, known), rest, rest)


def _refused(start: str, near: list[str], said: tuple[str, ...], rest: tuple[str, ...]) -> Unclear:
    """``said`` is the reason if it was none of a scope, ``rest`` what followed the scope."""
    every = [*(_command(one, rest) for one in near), _command("all", said)]
    return Unclear(f"{start}; nothing was stopped. Copy one of these:", *every, f"{_ALLOWED}.")


def _command(scope: str, reason: tuple[str, ...]) -> str:
    """As it can be copied, into a shell too."""
    words = " ".join(reason)[:REASON_SHOWN].rstrip()
    bare = shlex.join(words.split()) == words
    safe = words if bare else f'"{_SPECIAL.sub("", words)}"'
    return f"/rollout stop-the-line {scope} {safe}".strip()
