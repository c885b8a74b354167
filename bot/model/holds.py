"""What keeps a rollout from moving forward that is not its own, and who else waits in line."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nothing moves forward because of ``rule``, as in ``freeze:ID``, ``window:NAME``, ``turn``.

    ``sentence`` follows "held: "; ``frees`` is a whole sentence on what would end it. ``until``
    None: nobody knows. ``freed``: of a turn in the line, when the hold before it ended.
    """

    rule: str
    sentence: str
    frees: str
    until: datetime | None = None
    freed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Nobody knows what is frozen: not read since ``since``, when this process began.

    ``problem`` is the last trouble with it, empty where there was just no answer.
    """

    since: datetime
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Another rollout that was held since ``since`` and is free now.

    ``went`` is when it went on; None: it still stands in the line.
    """

    key: str
    since: datetime
    went: datetime | None = None
