"""What people asked: our own intents, and what stock tools write (spec §2.18).

Both end as the same changes of the draft. A refused intent is answered with a sentence.
"""

from dataclasses import replace
from datetime import timedelta

from bot.core import (
    approvals,
    explaining,
    gate_ids,
    gatekeeping,
    gates,
    glass,
    hurrying,
    inconclusive,
    outcomes,
    stock_writes,
    unmeasured,
    weights,
    writers,
)
from bot.core import draft as draft_module
from bot.core.notices import people
from bot.model import spec as spec_model
from bot.model import status as status_model

KEPT = timedelta(minutes=10)
UNKNOWN = "kubectl (no name known)"
STEPS_SKIPPED = "All steps that are left are skipped."
_KINDS = (
    frozenset({"abort", "retry", "promote", "promote-full", explaining.KIND})
    | inconclusive.KINDS
    | glass.KINDS
)


gate_id, present_gate = gate_ids.gate_id, gate_ids.present_gate


def take(d: draft_module.Draft) -> None:
    """Apply every decision that is in the object and not yet in the rollout's course."""
    _stock(d)
    for asked in d.status.bot.intents:
        gate = gate_ids.known(asked.gate, d.seen.cluster, d.seen.uid, d.before)
        intent, d.outcome = replace(asked, gate=gate), status_model.Outcome.DONE
        accepted, sentence = _refusal(d, intent) or _apply(d, intent)
        _answer(d, intent, sentence, accepted=accepted)
    fresh = tuple(h for h in d.status.bot.handled if d.now - h.at < KEPT)
    d.set_bot(intents=(), handled=fresh[-32:])


def _stock(d: draft_module.Draft) -> None:
    """Writes of kubectl, Argo CD and the like."""
    if d.before.controller_pause and not d.before.pause_conditions and not d.before.abort:
        d.resumed, d.by = True, (UNKNOWN, "kubectl")
        d.by = (UNKNOWN, writers.how(d.seen.raw, *writers.COURSE, since=d.now - writers.JUST))
    if d.status.promote_full and not d.promoted:
        hurrying.found(d)
    if d.before.abort and d.before.aborted_at is None:
        d.abort("")
        how = writers.how(d.seen.raw, writers.ABORT, since=d.now - writers.JUST)
        d.set_bot(abort={**d.status.bot.abort, "by": UNKNOWN, "how": how})
        d.because("abort-asked", f"somebody asked for an abort with {how}")
    if not d.before.abort and d.before.aborted_at is not None:
        _retry(d)
        stock_writes.retried(d)
    step = d.spec.canary.steps[d.index] if not d.finished else None
    moved = not d.status.abort and not isinstance(step, spec_model.Analysis)
    if d.status.step_run is not None and moved:
        d.set(step_run=None)  # somebody moved the course past the step of this run


def _retry(d: draft_module.Draft) -> None:
    d.set(
        abort=False,
        aborted_at=None,
        step_run=None,
        background_run=None,
        pre_run=None,
        post_run=None,
        pause_conditions=(),
        step_index=0 if d.spec.canary.steps else None,
    )
    d.set_bot(abort={}, opened=None, hurried=None, overruled=(), started=d.now)
    gatekeeping.forget(d)
    d.because("retry", "the update starts again from its first step")


def _refusal(d: draft_module.Draft, intent: status_model.Intent) -> tuple[bool, str] | None:
    """Why an intent cannot count any more, or None."""
    if intent.expires is not None and d.now > intent.expires:
        return False, "This request came too late and was not carried out."
    if intent.revision and intent.revision != d.family.new.hash:
        return False, "Another revision is rolling out now; nothing was changed."
    gate = present_gate(d.seen.cluster, d.seen.uid, d.before)
    if intent.gate and intent.gate != gate and intent.kind not in glass.ANSWERS:
        return False, "This step is over; nothing was changed."
    return None


def _apply(d: draft_module.Draft, intent: status_model.Intent) -> tuple[bool, str]:
    if intent.kind not in _KINDS:
        return False, f"This version does not know {intent.kind}; nothing was changed."
    if d.promoted:
        return False, f"Nothing to {intent.kind}: this revision is already the stable one."
    if intent.kind == "abort":
        return _abort(d, intent)
    if intent.kind == explaining.KIND:
        return explaining.take(d, intent)
    if intent.kind == "retry":
        if not d.status.abort:
            return False, "Nothing to retry: the update was not aborted."
        _retry(d)
        return True, "Started again from the first step."
    if d.status.abort:
        return False, "The update was aborted; retry starts it again."
    if intent.kind in glass.KINDS:
        return glass.take(d, intent)
    if unmeasured.held(d):
        return False, unmeasured.SENTENCE
    hold = gates.ahead(d)
    if hold is not None and intent.kind in {"promote-full", inconclusive.CONTINUE}:
        return False, f"Nothing was changed: {hold.sentence}. {hold.frees}"
    if intent.kind in inconclusive.KINDS:
        return inconclusive.answer(d, intent)
    if intent.kind == "promote-full":
        if (answer := gatekeeping.hurry(d)) is not None:
            return answer
        d.set(promote_full=True)
        hurrying.asked(d, intent.actor, people.way_of(intent.actor))
        return True, STEPS_SKIPPED
    return _promote(d, intent)


def _abort(d: draft_module.Draft, intent: status_model.Intent) -> tuple[bool, str]:
    if d.status.abort:
        return False, "It is aborted already."
    d.abort("")
    d.set_bot(abort={**d.status.bot.abort, "by": intent.actor, "reason": intent.reason})
    return True, "All traffic goes back to the stable revision."


def _promote(d: draft_module.Draft, intent: status_model.Intent) -> tuple[bool, str]:
    if intent.step is not None and intent.step != d.before.step_index:
        return False, "This step is over; nothing was changed."
    if d.resumed:
        return False, "Somebody else has just promoted it."
    gate = approvals.present(d)
    if gate is not None and (rule := approvals.rule(d, gate)).named:
        words = _passed(d)
        accepted, sentence = gatekeeping.approve(d, intent, gate, rule)
        return accepted, sentence or words
    if gatekeeping.begins(d):
        return False, "The gate here has only just begun; nothing was changed. Try again."
    d.by = (intent.actor, "slack")
    if d.status.pause_conditions:
        d.set(pause_conditions=())
        d.resumed = True
        return True, _passed(d)
    if d.finished or weights.held_before_full(d):
        return False, "No step is left to pass; it finishes when its pods are ready."
    if (hold := gates.ahead(d)) is not None:
        return False, f"Nothing was changed: {hold.sentence}. {hold.frees}"
    d.set(step_index=d.index + 1, step_run=None)
    d.outcome = status_model.Outcome.SKIPPED
    return True, outcomes.STEP_SKIPPED


def _passed(d: draft_module.Draft) -> str:
    d.outcome = status_model.Outcome.OPENED
    if weights.held_before_full(d) and gates.ahead(d) is None:
        return f"{outcomes.APPROVED}: all traffic goes to v{d.family.new.revision}."
    if (hold := gates.ahead(d)) is not None:
        return f"{outcomes.APPROVED}, and held: {hold.sentence}. {hold.frees}"
    return f"{outcomes.APPROVED}: v{d.family.new.revision} goes on."


def _answer(
    d: draft_module.Draft, intent: status_model.Intent, sentence: str, *, accepted: bool
) -> None:
    handled = status_model.Handled(
        id=intent.id,
        kind=intent.kind,
        accepted=accepted,
        sentence=sentence,
        actor=intent.actor,
        at=d.now,
        outcome=d.outcome if accepted else status_model.Outcome.UNKNOWN,
    )
    bot = d.status.bot
    d.status = replace(d.status, bot=replace(bot, handled=(*bot.handled, handled)))
    d.because("intent", f"{intent.kind} by {intent.actor or 'somebody'}: {sentence}")
