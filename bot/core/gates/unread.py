"""Freezes that nobody could read yet: one may be in force, so nothing moves forward.

Whether they were read is the runtime's to know; it is in ``Seen``. What was agreed to with the
glass broken since then passes, as it passes a freeze that began before.
"""

from bot.core import broken
from bot.core import draft as draft_module
from bot.model import holds

RULE = "unread"
PROBLEM_LIMIT = 160
FREES = (
    "It goes on by itself as soon as the cluster has answered what is frozen, if it is not frozen."
)


def held(d: draft_module.Draft, index: int) -> holds.Hold | None:  # noqa: ARG001 - one shape for all
    """Whether nobody knows if this rollout is frozen."""
    found = of(d)
    return None if found is None else holds.Hold(rule=RULE, sentence=words(found), frees=FREES)


def of(d: draft_module.Draft) -> holds.Unread | None:
    """What is not known for this rollout, where that holds it."""
    found, passed = d.seen.freezes_unread, broken.since(d)
    if found is None or (passed is not None and passed > found.since):
        return None
    return found


def words(found: holds.Unread) -> str:
    """As in "cannot read the freezes yet: no answer"."""
    problem = " ".join(found.problem.split())[:PROBLEM_LIMIT]
    return f"cannot read the freezes yet: {problem.rstrip('.') or 'no answer'}"
