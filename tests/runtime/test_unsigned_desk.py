"""A person at a terminal, where nothing can be signed, at a gate whose approvers are named."""

import asyncio
from dataclasses import dataclass, field

from bot.model import facts
from bot.runtime import authorize, desk, signatures, signing
from tests.core.engine.test_guarded import at_gate
from tests.runtime.test_glass_desk import KEY, View

APPROVAL = {"approvers": ["@sam", "user:dana"], "quorum": 2}
NAMED = {"rules": [{"approval": APPROVAL, "accessReview": True}]}


@dataclass(kw_only=True)
class Terminal(View):
    sim: object
    signer: signing.Signer = field(default_factory=signing.Signer)


def submit(sim, kind):
    view = Terminal(sim=sim)

    async def may(*_, **__):
        return True

    at = desk.Desk(
        scenery=view,
        book=view,
        clock=lambda: sim.now,
        rules=authorize.Rules(default_channel="#releases"),
        members=None,
        review=may,
    )
    return asyncio.run(at.submit(kind, KEY, facts.Person(name="dana", user="dana")))


def test_person_at_a_terminal_is_sent_to_slack_when_the_gate_needs_signed_approvals():
    sim = at_gate(NAMED)
    reply = submit(sim, "promote")
    assert (reply.accepted, reply.sentence) == (False, signatures.AT_TERMINAL)
    assert "apply manifests/admission and set terminalApprovals: true in the policy" in reply.sentence
    assert sim.status.step_index == 1


def test_person_at_a_terminal_aborts_when_the_gate_needs_signed_approvals():
    sim = at_gate(NAMED)
    assert submit(sim, "abort").accepted
    assert sim.status.abort
