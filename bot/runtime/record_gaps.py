"""That nothing was recorded for a while, in words: after an outage, and after a start.

When that is so is the recorder's business.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from bot.core import moments


class Gap(NamedTuple):
    """Since when nothing was recorded, until when, and that in a sentence."""

    since: datetime
    until: datetime
    sentence: str


@dataclass(slots=True, kw_only=True)
class Start:
    """What the first writing after a start brings: facts that are older than it.

    ``empty``: the history begins here, and there was nobody to record them.
    """

    at: datetime
    empty: bool | None = None
    count: int = 0
    since: datetime | None = None


def lasting(since: datetime, problem: str) -> str:
    """The database has been away for a while, and is: only people can mend a wrong address."""
    return (
        f"No decision can be recorded since {moments.exactly(since)}: {problem}. Rollouts go on; "
        "what happens meanwhile is kept in memory and recorded once it can be."
    )


def outage(since: datetime, until: datetime, lost: int) -> Gap:
    """The database answers again; ``lost`` facts did not fit into memory meanwhile."""
    span = f"{moments.exactly(since)} to {moments.exactly(until)}"
    text = f"No decision could be recorded from {span}; "
    kept = "what happened meanwhile was kept and is recorded now."
    read = f"{lost} facts did not fit: the status of every rollout is read again."
    return Gap(since, until, text + (read if lost else kept))


def missed(start: Start, since: datetime) -> Gap:
    """Facts from before a start were found in the cluster: nobody had recorded them."""
    facts = "1 fact" if start.count == 1 else f"{start.count} facts"
    text = f"{facts} from {moments.exactly(since)} on had not been recorded before "
    text += f"the start at {moments.exactly(start.at)}; they were read from the cluster."
    return Gap(since, start.at, text)
