"""Gates whose approvers the policy names: what opens them, and that nothing else does.

A gate is open once a record under the bot's seal says so. Where a stock tool has moved the
course past one that is shut, this pass moves it back; an abort always counts.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.core import (
    approvals,
    gate_ids,
    hurrying,
    outcomes,
    persons,
    stables,
    tally,
    tries,
    weights,
    writers,
)
from bot.core import draft as draft_module
from bot.core.notices import people
from bot.model import policy, sealed, status

KEPT = 32
ALREADY = "You have approved this already"
UNSIGNED = (
    "This approval does not bear the bot's signature and counts for nothing: approve it in Slack."
)
OLD = "This approval is of an earlier try, or its signature is not the bot's: approve it again."


def shut(d: draft_module.Draft) -> int | None:
    """The first gate that only named people open and that they have not opened."""
    if d.kept is not None:
        return d.kept.step
    named = approvals.named(d.seen.policy, d.spec)
    return next((gate for gate in named if not approvals.passed(d, gate)), None)


def guard(d: draft_module.Draft) -> None:
    """Take back what would pass a gate that is shut."""
    over = d.status.abort or d.before.abort or d.promoted or not d.status.stable_hash
    gate = None if over else shut(d)
    if gate is None:
        stables.tell(d)
        return
    undone = [*stables.undone(d), *_course(d, gate), *_pause(d, gate)]
    if not undone:
        return
    held = d.status.bot.shut
    since = held.start if held is not None and held.signed else None
    by = writers.of_status(d.seen.raw, undone, since=since) or writers.UNKNOWN
    what = ", ".join(undone)
    kept, sentence = {"at": d.now.isoformat(), "by": by, "what": what}, ""
    ours = held is not None and held.signed and held.revision == d.family.new.hash
    if "currentStepIndex" in undone and not ours:
        kept["past"] = str(gate + 1)
        sentence = f"It {past(kept)}"
    d.set_bot(kept=kept)
    sentence = sentence or f"{by} wrote {what}: the gate stays shut until its approvers open it"
    d.event("GateKept", sentence, warning=True)
    d.because("gate-kept", sentence)


def past(kept: Mapping[str, Any]) -> str:
    """What happened where its course was not ours until now; empty where it was.

    As of a rollout that is taken over in mid-flight: nobody can say that somebody wrote past it.
    """
    if not (step := kept.get("past")):
        return ""
    by = kept.get("by", writers.UNKNOWN)
    whose = "" if by == writers.UNKNOWN else f" (its step was written by {by})"
    return (
        f"was past the gate of step {step} without an approval under the bot's seal{whose}, as a "
        "rollout that is taken over in mid-flight: it is back there and waits for its approvers"
    )


def _course(d: draft_module.Draft, gate: int) -> list[str]:
    """Steps that were skipped, or all of them."""
    undone = []
    at_full = gate == weights.FULL and d.spec.blue_green is None
    if d.status.promote_full and not at_full:
        d.set(promote_full=False)
        if d.spec.blue_green is None and d.index < gate:
            hurrying.found(d)
            d.set(step_index=gate, step_run=None)  # as far as the gate it counts
        else:
            undone.append("promoteFull")
    if d.kept is not None:
        d.set(step_index=_where(d, d.kept.step))
    elif gate >= 0 and d.index > gate:
        d.set(step_index=gate, step_run=None)
        undone.append("currentStepIndex")
    if d.status.checkpoint and d.spec.blue_green is not None:
        d.set(checkpoint=False)
        undone.append("blueGreen.scaleUpPreviewCheckPoint")
    return undone


def _where(d: draft_module.Draft, step: int) -> int | None:
    total = len(d.spec.canary.steps)
    if not total or d.spec.blue_green is not None:
        return None
    return total if step == weights.FULL else min(step, total)


def _pause(d: draft_module.Draft, gate: int) -> list[str]:
    """A pause that somebody took away begins where it began."""
    held = d.status.bot.shut
    known = held if held is not None and held.signed and _is(d, held, gate) else None
    resumed = d.before.controller_pause and not d.before.pause_conditions
    if d.kept is None and not standing(d, gate):
        return []
    if known is None and not resumed:
        return []
    reason = reason_of(d)
    mine = next((p for p in d.status.pause_conditions if p.reason == reason), None)
    if mine is not None and (known is None or mine.start == known.start):
        return []
    start = known.start if known is not None else d.now.replace(microsecond=0)
    others = tuple(p for p in d.status.pause_conditions if p.reason != reason)
    pauses = (status.PauseCondition(reason=reason, start=start), *others)
    d.set(pause_conditions=pauses)
    d.before = replace(d.before, pause_conditions=pauses, controller_pause=True)
    return [] if d.kept is not None else ["pauseConditions"]


def _is(d: draft_module.Draft, held: sealed.Held, gate: int) -> bool:
    return held.revision == d.family.new.hash and held.step == gate


def standing(d: draft_module.Draft, gate: int) -> bool:
    """Whether the course has come to ``gate``."""
    if gate == weights.FULL:
        return d.spec.blue_green is not None or weights.held_before_full(d)
    return d.index == gate


def reason_of(d: draft_module.Draft) -> status.PauseReason:
    if d.spec.blue_green is not None:
        return status.PauseReason.BLUE_GREEN
    return status.PauseReason.STEP


def approve(
    d: draft_module.Draft, intent: status.Intent, gate: int, rule: policy.Approval
) -> tuple[bool, str]:
    """Count one approval; the gate opens with the last that is needed, then no words come back."""
    here = gate_ids.present_gate(d.seen.cluster, d.seen.uid, d.before)
    if not intent.signed:
        return False, OLD if intent.seal else UNSIGNED
    if not here or intent.gate != here or intent.revision != d.family.new.hash:
        return False, "This step is over; nothing was changed."
    mine = sealed.Approved(
        id=intent.id,
        revision=d.family.new.hash,
        step=gate,
        gate=here,
        actor=intent.actor,
        at=tries.at(d),
        signed=True,
    )
    before, after = tally.counted(d, here), _with(d, here, mine)
    if len(after) < rule.quorum and len(after) == len(before) and _voted(d, here, mine):
        return False, f"{ALREADY}: {tally.so_far(d, here, rule)}"
    kept = tuple(one for one in d.status.bot.approvals if one.gate == here and one.signed)
    d.set_bot(approvals=(*kept, mine)[-KEPT:])
    if len(after) < rule.quorum:
        d.outcome, so_far = status.Outcome.VOTED, tally.so_far(d, here, rule)
        return True, f"{outcomes.RECORDED}{so_far}{_not_adding(d, here, mine)}"
    how = people.way_of(intent.actor)
    d.by = (intent.actor, how)
    unlock(d, gate, tuple(one.actor for one in after), how)
    return True, ""


def _with(d: draft_module.Draft, gate: str, mine: sealed.Approved) -> tally.Votes:
    """What adds up with one more; each is counted by what the policy says of people now."""
    return tally.adding_up((*tally.recorded(d, gate), mine), d.seen.policy.people)


def _voted(d: draft_module.Draft, gate: str, mine: sealed.Approved) -> bool:
    """Whether the same person has approved already, by whichever way in."""
    known = d.seen.policy.people
    me = persons.key(mine.actor, known)
    return any(persons.key(one.actor, known) == me for one in tally.recorded(d, gate))


def _not_adding(d: draft_module.Draft, gate: str, mine: sealed.Approved) -> str:
    """What to do where approvals by two ways in may be one person's; empty where they add up."""
    apart = tally.apart(d, gate)
    if not apart:
        return ""
    strangers = tally.strangers(tally.recorded(d, gate), d.seen.policy.people)
    mend = f"To have all added up, name {strangers} under people: in the policy file."
    if any(one.id == mine.id for one in apart):
        return (
            " Somebody has approved this by another way in, and may be you, so yours does not "
            f"add up with that. {mend}"
        )
    names = ", ".join(tally.name(one.actor) for one in apart)
    return f" {names} came by another way in and may be one of them. {mend}"


def hurry(d: draft_module.Draft) -> tuple[bool, str] | None:
    """To skip all steps passes no gate that only named people open; None: there is none."""
    gate = shut(d)
    if gate is None:
        return None
    if d.kept is not None or d.spec.blue_green is not None or standing(d, gate):
        return False, "Its gate is opened by its approvers alone; nothing was skipped."
    if gate == weights.FULL:
        return None  # it holds all the same
    d.set(step_index=gate, step_run=None, pause_conditions=())
    return True, "All steps up to the next gate are skipped; it waits for its approvers."


def begins(d: draft_module.Draft) -> bool:
    """Whether the present step is a gate that is shut, though its pause has not begun."""
    gate = shut(d)
    return gate is not None and gate >= 0 and gate == d.index


def forget(d: draft_module.Draft) -> None:
    """Another try begins: what was approved and passed was of the one before."""
    d.kept = None
    d.set_bot(approvals=(), passes=(), shut=None, glasses=())


def unlock(d: draft_module.Draft, gate: int, by: tuple[str, ...], how: str) -> None:
    """The gate is open: the course goes on from it in this pass."""
    record(d, gate, by, how)
    kept, d.kept = d.kept, None
    d.set_bot(approvals=(), shut=None)
    reason = reason_of(d)
    d.set(pause_conditions=tuple(p for p in d.status.pause_conditions if p.reason != reason))
    d.resumed = True
    if kept is not None:
        # Other steps were set while it held: they begin now, at their first.
        d.resumed = False
        d.set(step_index=0 if d.spec.canary.steps else None)
    elif gate == weights.FULL and d.spec.blue_green is None:
        who, means = d.by
        opened = status.Opened(revision=d.family.new.hash, step=gate, by=who, how=means, at=d.now)
        d.set_bot(opened=opened, full_gate_since=None)
        d.resumed = False


def record(d: draft_module.Draft, gate: int, by: tuple[str, ...], how: str) -> None:
    """Write down, to be sealed, that a gate of this revision was passed."""
    mine = d.family.new.hash
    others = (p for p in d.status.bot.passes if p.revision == mine and p.step != gate and p.signed)
    passed = sealed.Passed(revision=mine, step=gate, by=by, how=how, at=tries.at(d), signed=True)
    d.set_bot(passes=(*others, passed)[-KEPT:])
    approvals.prepare(d)


def stay(d: draft_module.Draft) -> None:
    """Hold where it is though the steps are others now."""
    if d.kept is None:
        return
    reason = reason_of(d)
    if not any(pause.reason == reason for pause in d.status.pause_conditions):
        pause = status.PauseCondition(reason=reason, start=d.kept.start)
        d.set(pause_conditions=(pause, *d.status.pause_conditions))
    d.because("gate-kept", "its steps were changed while a gate held: the gate holds on")


def settle(d: draft_module.Draft) -> None:
    """Remember the gate that holds now, so that whatever is written it holds from when it did."""
    gate = None if d.kept is not None else approvals.present(replace(d, before=d.status))
    if d.kept is not None:
        return
    if gate is None or not approvals.rule(d, gate).named:
        stables.keep(d, shut=shut(d) is not None)
        return
    reason = reason_of(d)
    pause = next((p for p in d.status.pause_conditions if p.reason == reason), None)
    held = d.status.bot.shut
    if pause is None or (
        held is not None and held.signed and _is(d, held, gate) and held.start == pause.start
    ):
        return
    d.set_bot(
        shut=sealed.Held(
            revision=d.family.new.hash,
            step=gate,
            start=pause.start,
            steps=d.status.step_hash,
            weight=weights.of_size(d) if d.spec.blue_green is None else 0,
            stable=d.status.stable_hash,
            signed=True,
        )
    )
