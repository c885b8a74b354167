"""How long an update takes, and how much of it people were waited for (spec §2.22).

Argo 1.9.1 has the fields and never writes them; its main branch does. It begins and ends on
changes only: a cluster whose definition drops the block must not be written to for ever.
"""

from dataclasses import replace

from bot.core import draft as draft_module
from bot.core import weights
from bot.model import spec as spec_model
from bot.model import status

_INCONCLUSIVE = frozenset(
    {status.PauseReason.INCONCLUSIVE, status.PauseReason.INCONCLUSIVE_EXPERIMENT}
)


def of(d: draft_module.Draft) -> status.Duration | None:
    """The block as this pass leaves it."""
    before, after, known = d.before, d.status, d.before.duration
    changed = (before.current_hash, before.step_hash) != (after.current_hash, after.step_hash)
    changed = changed and bool(after.current_hash)
    if known is not None and known.finished is None and changed and not _back(d):
        known = None  # superseded: the next one has a clock of its own
    retried = before.abort and not after.abort
    if (known is None or known.finished is not None) and (changed or retried) and not _there(d):
        known = status.Duration(started=d.now)
    if known is None or known.finished is not None:
        return known
    if changed and _back(d) and before.current_hash:
        known = replace(known, how="FastRolledBack" if d.skipping else "RolledBack")
    return _finished(d, _waited(d, known))


def _back(d: draft_module.Draft) -> bool:
    """The template is the stable's again."""
    return bool(d.status.stable_hash) and d.status.current_hash == d.status.stable_hash


def _there(d: draft_module.Draft) -> bool:
    return _back(d) and d.family.new.available >= d.spec.replicas


def _waited(d: draft_module.Draft, known: status.Duration) -> status.Duration:
    waits = _for_people(d)
    if waits and known.waiting_since is None:
        return replace(known, waiting_since=d.now)
    if not waits and known.waiting_since is not None:
        more = max(0, int((d.now - known.waiting_since).total_seconds()))
        return replace(known, waiting_since=None, waited_s=known.waited_s + more)
    return known


def _for_people(d: draft_module.Draft) -> bool:
    """Nothing goes on until somebody says so."""
    reasons = {condition.reason for condition in d.status.pause_conditions}
    if d.spec.paused or d.bitten is not None or reasons & _INCONCLUSIVE:
        return True
    if status.PauseReason.STEP in reasons:
        steps = d.spec.canary.steps
        step = steps[d.index] if d.index < len(steps) else None
        timed = isinstance(step, spec_model.Pause) and step.duration_s is not None
        return weights.held_before_full(d) or not timed
    chosen = d.spec.blue_green
    manual = chosen is not None and not chosen.auto_promotion and not chosen.auto_promotion_s
    return status.PauseReason.BLUE_GREEN in reasons and manual


def _finished(d: draft_module.Draft, known: status.Duration) -> status.Duration:
    if d.status.abort:
        return replace(known, finished=d.now, how="Aborted")
    if not known.how and _back(d):
        fast = d.before.promote_full or d.status.promote_full
        known = replace(known, how="FastPromoted" if fast else "Promoted")
    return replace(known, finished=d.now) if _there(d) else known
