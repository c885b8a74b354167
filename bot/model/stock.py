"""What other tools wrote of a rollout's course, as far as the status must remember it.

It leaves nothing else behind: a bot that was killed before it wrote it down finds it here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One of them: of which revision, with which tool, and the steps it led from and to."""

    at: datetime
    how: str
    revision: str = ""
    start: int | None = None
    to: int | None = None


SORTS = ("retried", "moved", "halted", "resumed")
EARLIER_KEPT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The step at which a pass left a revision: one that is read and is another was written."""

    revision: str
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """The last write of each sort; ``halted`` and ``resumed`` are of ``spec.paused``.

    ``earlier`` are those before, by their sort: a bot that is killed may have recorded none yet.
    """

    retried: Write | None = None
    moved: Write | None = None
    halted: Write | None = None
    resumed: Write | None = None
    course: Course | None = None
    earlier: tuple[tuple[str, Write], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
