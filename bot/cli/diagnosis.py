"""What ``doctor`` found: a line a check, and in words what to do about each that failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.cli import plain


class Word(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``said`` is what was found, ``todo`` what mends it."""

    check: str
    word: Word
    said: str
    todo: str = ""


def fine(check: str, said: str) -> Finding:
    return Finding(check=check, word=Word.OK, said=said)


def wrong(check: str, said: str, todo: str) -> Finding:
    return Finding(check=check, word=Word.FAILED, said=said, todo=todo)


def skipped(check: str, because: str) -> Finding:
    return Finding(check=check, word=Word.SKIPPED, said=because)


def as_text(found: Sequence[Finding]) -> str:
    """A line each, what to do below it, and a sum at the end."""
    wide = max((len(one.check) for one in found), default=0)
    lines: list[str] = []
    for one in found:
        lines.append(f"{one.word:<7}  {one.check:<{wide}}  {one.said}".rstrip())
        if one.todo:
            lines.append(f"{'':<7}  {'':<{wide}}  → {one.todo}")
    counts = [(word, sum(1 for one in found if one.word is word)) for word in Word]
    lines.append(", ".join(f"{count} {word}" for word, count in counts if count))
    return "\n".join(lines)


def as_json(found: Sequence[Finding]) -> list[dict[str, Any]]:
    return [plain.plain(one) for one in found]


def exit_code(found: Sequence[Finding]) -> int:
    """1 where something is wrong."""
    return 1 if any(one.word is Word.FAILED for one in found) else 0
