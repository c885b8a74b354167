"""What a command of the terminal comes to: what it prints, and how it exits."""

from dataclasses import dataclass
from typing import Any

DONE, REFUSED, USAGE, AWAY = 0, 1, 2, 3
"""Done; refused, nothing was done; the words were wrong; the cluster does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``text`` is for people, ``data`` for programs; both say the same.

    ``note`` is for whoever reads either, beside it.
    """

    text: str
    data: Any = None
    code: int = DONE
    note: str = ""


def told(sentence: str, *, code: int = DONE, **more: Any) -> Outcome:
    """One sentence; programs get it with whether something was done."""
    return Outcome(
        text=sentence, data={"done": code == DONE, "sentence": sentence, **more}, code=code
    )
