"""What the routes give the canary, where that must not be taken from the status.

Whoever may write the status can write another weight there; nobody who only does that changes a
route. Nothing of this counts where no gate has named approvers: there the status is believed.
"""

from bot.core import approvals, gatekeeping, weights
from bot.core import draft as draft_module


def believed(d: draft_module.Draft, written: int) -> int:
    """A weight that the status says the canary has: no more than a route is seen to give."""
    seen = _most(d)
    if seen is None or not approvals.named(d.seen.policy, d.spec):
        return written
    return min(written, seen)


def held_back(d: draft_module.Draft) -> int | None:
    """What this canary gets while a gate holds it that only named people open; else None."""
    if d.status.abort or d.promoted or gatekeeping.shut(d) is None or not _leads_here(d):
        return None
    return _most(d)


def keeps_service(d: draft_module.Draft) -> bool:
    """Whether the canary's Service stays with an earlier canary for now.

    That got more than this one may have before its gate, and the routes have not been brought
    down yet: who came to the Service would come to this one.
    """
    if gatekeeping.shut(d) is None or _leads_here(d):
        return False
    seen = _most(d)
    return seen is not None and seen > weights.of_size(d)


def _most(d: draft_module.Draft) -> int | None:
    """The most that any route gives the canary; None where one of them cannot be read."""
    found = [view.weight for view in d.seen.routes if view.weight is not None]
    return max(found) if found and len(found) == len(d.seen.routes) else None


def _leads_here(d: draft_module.Draft) -> bool:
    """Whether what a route gives the canary reaches this one, and not an earlier."""
    service = d.seen.services.get(d.spec.canary.canary_service)
    if service is not None and service.hash:
        return service.hash == d.family.new.hash
    known = d.status.weights
    return known is not None and known.canary_hash == d.family.new.hash
