"""What stands in ``status.rolloutBot`` under the bot's own signature.

Whoever may write the object may write these too, but not their seals: what bears none that
fits counts for nothing. ``signed`` is found out when the object is read and never written.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """One person's approval of a gate that needs several. ``id`` is the intent's."""

    id: str
    revision: str
    step: int
    gate: str
    actor: str
    at: datetime
    seal: str = ""
    signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A gate that was opened as the policy wants it, or by a decision where it wants nothing."""

    revision: str
    step: int
    by: tuple[str, ...]
    how: str
    at: datetime
    seal: str = ""
    signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The gate that holds now: since when, with which steps, at which weight.

    ``stable`` is the revision that users are on while it holds; of a ``step`` below -1 that alone
    counts, its gate is still ahead.
    """

    revision: str
    step: int
    start: datetime
    steps: str
    weight: int
    stable: str = ""
    seal: str = ""
    signed: bool = False


class Answer(StrEnum):
    """What a second person said."""

    AGREED = "agreed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glass:
    """A break-glass that was asked for: by whom and why, at which gate (or none), until when.

    ``second`` gave the ``answer`` (an ``Answer``; empty: nobody yet) at ``answered``.
    """

    id: str
    revision: str
    gate: str
    actor: str
    reason: str
    at: datetime
    until: datetime
    second: str = ""
    answer: str = ""
    answered: datetime | None = None
    seal: str = ""
    signed: bool = False


Record = Approved | Passed | Held | Glass
