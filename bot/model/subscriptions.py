"""Who wants to hear of which rollouts in private, and when not to be woken."""

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Hours without anything that can wait; ``end`` before ``start`` goes over midnight."""

    start: time
    end: time
    zone: str

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M} {self.zone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """``what`` is ``namespace/name`` with ``*`` as a wildcard; ``user`` is a Slack id."""

    user: str
    what: str
    quiet: Quiet | None = None

    def __str__(self) -> str:
        return self.what if self.quiet is None else f"{self.what}, quiet {self.quiet}"
