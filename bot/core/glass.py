"""Break-glass: past what the policy wants, with a reason and by two persons.

One asks, another agrees; who may be either was found out before their intents were sealed.
Belongs here: that a request counts only sealed, in time, of this revision and gate, and only
with a second person's word. An agreed one opens the gate that it was asked at, and for its
revision the windows and the freezes that had begun do not hold any more.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import (
    approvals,
    gate_ids,
    gatekeeping,
    gates,
    moments,
    persons,
    tries,
    unmeasured,
)
from bot.core import draft as draft_module
from bot.core.notices import people
from bot.model import sealed, status

EXPIRES = timedelta(minutes=15)
KEPT = 8
ASK, AGREE, REFUSE = "break-glass", "glass-agree", "glass-refuse"
ANSWERS = frozenset({AGREE, REFUSE})
KINDS = ANSWERS | {ASK}
OVER = "This request is over; nothing was changed."


def take(d: draft_module.Draft, intent: status.Intent) -> tuple[bool, str]:
    """Apply one of the three intents."""
    if not intent.signed:
        return False, "This does not bear the bot's signature and counts for nothing: use Slack."
    if intent.kind == ASK:
        return _ask(d, intent)
    one = next((g for g in mine(d) if g.id == intent.gate and waits(g, d.now)), None)
    if one is None:
        return False, OVER
    if intent.kind == REFUSE:
        _answer(d, one, intent, sealed.Answer.REFUSED)
        return True, "Refused: the policy holds as before."
    return _agree(d, one, intent)


def _ask(d: draft_module.Draft, intent: status.Intent) -> tuple[bool, str]:
    if not intent.reason.strip():
        return False, "Say why: everybody will see it. Nothing was asked."
    waiting = next((one for one in mine(d) if waits(one, d.now)), None)
    if waiting is not None:
        return False, f"{_name(waiting.actor)} has asked already; agree or refuse there."
    gate = ""
    if approvals.present(d) is not None:
        gate = gate_ids.present_gate(d.seen.cluster, d.seen.uid, d.before)
    if not gate and gates.ahead(d) is None and not unmeasured.held(d):
        return False, "No policy holds it now; nothing was asked."
    one = sealed.Glass(
        id=intent.id,
        revision=d.family.new.hash,
        gate=gate,
        actor=intent.actor,
        reason=intent.reason,
        at=tries.at(d),
        until=d.now + EXPIRES,
        signed=True,
    )
    d.set_bot(glasses=(*mine(d), one)[-KEPT:])
    return True, f"Asked: a second person must agree until {moments.utc(one.until)}."


def _agree(d: draft_module.Draft, one: sealed.Glass, intent: status.Intent) -> tuple[bool, str]:
    if _same(one.actor, intent.actor, d.seen.policy.people):
        return False, "You asked for it yourself: a second person must agree. Nothing was changed."
    gate = approvals.present(d)
    here = gate_ids.present_gate(d.seen.cluster, d.seen.uid, d.before)
    if one.gate and (gate is None or one.gate != here):
        return False, OVER
    _answer(d, one, intent, sealed.Answer.AGREED)
    who = f"{_name(one.actor)} and {_name(intent.actor)}"
    d.because("break-glass", f"{who} broke the glass: {one.reason}")
    d.event("BreakGlass", f"{who} broke the glass: {one.reason}", warning=True)
    d.gated.clear()
    if one.gate and gate is not None:
        d.by = (intent.actor, ASK)
        gatekeeping.unlock(d, gate, (one.actor, intent.actor), ASK)
    return True, f"The glass is broken by {who}: it goes on in spite of the policy."


def _answer(
    d: draft_module.Draft, one: sealed.Glass, intent: status.Intent, answer: sealed.Answer
) -> None:
    done = replace(one, second=intent.actor, answer=answer, answered=d.now, seal="", signed=True)
    d.set_bot(glasses=tuple(done if g.id == one.id else g for g in mine(d)))


def mine(d: draft_module.Draft) -> tuple[sealed.Glass, ...]:
    """Those that count: sealed, and of the revision that is rolled out."""
    return tuple(
        one for one in d.status.bot.glasses if one.signed and one.revision == d.family.new.hash
    )


def waits(one: sealed.Glass, now: datetime) -> bool:
    """Whether somebody may still agree."""
    return not one.answer and now < one.until


def settle(d: draft_module.Draft) -> None:
    """Keep what counts alone, and look again when a request is over."""
    found = mine(d)
    if found != d.status.bot.glasses:
        d.set_bot(glasses=found)
    for one in found:
        d.wake(one.until if waits(one, d.now) else None)


def _same(first: str, second: str, known: persons.Known) -> bool:
    """Whether two actors may be one human: only two ids of the chat are surely two.

    Unless the policy says that both are one person's.
    """
    one, other = people.decode(first), people.decode(second)
    ids = [person.slack_id if person is not None else "" for person in (one, other)]
    return not all(ids) or persons.key(first, known) == persons.key(second, known)


def _name(actor: str) -> str:
    return actor.partition(" (")[0]
