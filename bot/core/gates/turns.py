"""Turns: what waited for the same end goes on one after the other, not in a herd.

The order is since when they wait. Everything comes from the cluster: each waiting rollout keeps
since when it is held, and one that went on keeps when that was. So a restart changes nothing, and
one that cannot go on for reasons of its own takes up its turn and no more.
"""

from datetime import timedelta

from bot.core import draft as draft_module
from bot.core import moments
from bot.model import holds

RULE = "turn"
AT_ONCE = 3
EVERY = timedelta(seconds=15)
"""So many rollouts go on in each of these spans."""
SLACK = timedelta(seconds=60)
"""Passes see the end of a hold at slightly different times."""


def held(d: draft_module.Draft, index: int) -> holds.Hold | None:  # noqa: ARG001 - one shape for all
    """Whether others go first, where this one was held until now."""
    mine = d.status.bot.held
    if mine is None:
        return None
    freed = mine.freed or d.now
    if mine.until is not None and mine.until <= d.now:
        freed = min(freed, mine.until)
    place = (mine.since, f"{d.seen.namespace}/{d.seen.name}")
    first = sum(
        (one.since, one.key) < place and (one.went is None or one.went >= freed - SLACK)
        for one in d.seen.waiting
    )
    at = freed + EVERY * (first // AT_ONCE)
    if d.now >= at:
        return None
    return holds.Hold(
        rule=RULE,
        sentence=f"the hold is over; {first} that wait for longer go on first",
        frees=f"It goes on by itself at {moments.exactly(at)}.",
        until=at,
        freed=freed,
    )
