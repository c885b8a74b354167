"""Reading one value of a policy file: what it is, or a mistake with its path.

Knows no keys of the file: those are the business of ``codec``.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from bot.model import errors

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

ENTRIES_LIMIT = 200
"""Of one list or mapping: a file that is longer is a mistake, and would be slow to match."""
TEXT_LIMIT = 200
LONGEST_S = 366 * 86_400
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"(?:[0-9]{1,9}[smhd])+", re.ASCII)
_PART = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)


class Mistake(errors.UserError):
    """Something in the file is wrong: ``path`` is where, the text what is allowed."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(f"{path or 'the file'}: {text}", path=path)


def shown(value: Any) -> str:
    """A wrong value as a message may repeat it: short and on one line."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def near(word: str, known: Iterable[str]) -> str:
    """A question whether another word was meant, with the space before it, or nothing."""
    plain = {re.sub(r"[-_]", "", one).casefold(): one for one in known}
    folded = re.sub(r"[-_]", "", word[:80]).casefold()
    close = difflib.get_close_matches(folded, plain, n=1, cutoff=0.6)
    return f" Did you mean {plain[close[0]]}?" if close else ""


def mapping(raw: Any, path: str, known: Iterable[str] = ()) -> Mapping[str, Any]:
    """``raw`` as a mapping of no other keys than ``known`` (if given); nothing is an empty one."""
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise Mistake(path, f"{shown(raw)} must be a mapping")
    if len(raw) > ENTRIES_LIMIT:
        raise Mistake(path, f"more than {ENTRIES_LIMIT} entries")
    names = tuple(known)
    for key in raw:
        if not isinstance(key, str):
            raise Mistake(path, f"the key {shown(key)} must be a text: write it in quotes")
        if names and key not in names:
            where = f"{path}.{key[:60]}" if path else key[:60]
            hint = near(key, names) or f" Allowed: {', '.join(names)}."
            raise Mistake(where, f"there is no such setting.{hint}")
    return raw


def sequence(raw: Any, path: str, *, most: int = ENTRIES_LIMIT) -> tuple[Any, ...]:
    """``raw`` as a tuple; nothing at all is an empty one."""
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        raise Mistake(path, f"{shown(raw)} must be a list")
    if len(raw) > most:
        raise Mistake(path, f"more than {most} entries")
    return tuple(raw)


def each(
    raw: Any, path: str, read: Callable[[Any, str], T], *, most: int = ENTRIES_LIMIT
) -> tuple[T, ...]:
    """Every entry of a list, each read with its own path."""
    return tuple(read(one, f"{path}[{i}]") for i, one in enumerate(sequence(raw, path, most=most)))


def text(raw: Any, path: str) -> str:
    """A text that is not empty."""
    if not isinstance(raw, str) or not raw.strip():
        raise Mistake(path, f"{shown(raw)} must be a text")
    if len(raw) > TEXT_LIMIT:
        raise Mistake(path, f"longer than {TEXT_LIMIT} characters")
    return raw.strip()


def texts(raw: Any, path: str) -> tuple[str, ...]:
    """A list of texts."""
    return each(raw, path, text)


def number(raw: Any, path: str, *, least: int, most: int) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
        raise Mistake(path, f"{shown(raw)} must be a whole number from {least} to {most}")
    return raw


def boolean(raw: Any, path: str) -> bool:
    if not isinstance(raw, bool):
        raise Mistake(path, f"{shown(raw)} must be true or false")
    return raw


def word(raw: Any, path: str, among: type[E]) -> E:
    """One of the words of an enumeration."""
    try:
        return among(raw)
    except ValueError:
        allowed = ", ".join(among)
        hint = near(raw, among) if isinstance(raw, str) else ""
        raise Mistake(path, f"{shown(raw)} is not known. Allowed: {allowed}.{hint}") from None


def duration_s(raw: Any, path: str) -> int:
    """Seconds of ``30m``, ``4h``, ``2d`` or ``1h30m``."""
    if not isinstance(raw, str) or _DURATION.fullmatch(raw) is None:
        raise Mistake(path, f"{shown(raw)} is no duration: write it like 30m, 4h or 2d")
    total = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(raw))
    if not 0 < total <= LONGEST_S:
        raise Mistake(path, f"{shown(raw)} must be between 1s and 366d")
    return total
