"""What the policy says of a gate that nobody answers in time.

How one is opened is ``gatekeeping``.
"""

from datetime import timedelta

from bot.core import approvals, durations, gatekeeping
from bot.core import draft as draft_module
from bot.model import policy

TIMEOUT = "nobody answered in time (no name known)"
BY_POLICY = "policy"


def deadline(d: draft_module.Draft) -> None:
    """What the policy says of a gate that nobody answers: when to look again, and what then."""
    gate = approvals.present(d)
    reason = gatekeeping.reason_of(d)
    pause = next((p for p in d.before.pause_conditions if p.reason == reason), None)
    if gate is None or pause is None or d.resumed or d.spec.paused:
        return
    rule = approvals.rule(d, gate)
    for one in rule.escalations:
        at = pause.start + timedelta(seconds=one.after_s)
        d.wake(at if at > d.now else None)
    if rule.expires_s is None:
        return
    end = pause.start + timedelta(seconds=rule.expires_s)
    if d.now < end:
        d.wake(end)
        return
    match rule.on_timeout:
        case policy.OnTimeout.ABORT:
            d.abort(f"nobody approved within {durations.span(rule.expires_s)}")
            d.because("timeout", "nobody approved in time: the policy says abort")
        case policy.OnTimeout.PROMOTE:
            d.by = (TIMEOUT, BY_POLICY)
            gatekeeping.unlock(d, gate, (TIMEOUT,), BY_POLICY)
            d.because("timeout", "nobody answered in time: the policy says promote")
        case policy.OnTimeout.HOLD:
            d.because("timeout", "nobody answered in time: it goes on waiting")
