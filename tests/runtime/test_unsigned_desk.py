"""A person at a terminal, where nothing can be signed, at a gate whose approvers are named."""

import asyncio
from dataclasses import dataclass, field, replace

from bot.core.notices import scene as scenes
from bot.model import facts, policy
from bot.runtime import authorize, desk, orders, signatures, signing
from tests.core.engine.test_guarded import at_gate
from tests.runtime.test_glass_desk import KEY, View

APPROVAL = {"approvers": ["@sam", "user:dana"], "quorum": 2}
NAMED = {"rules": [{"approval": APPROVAL, "accessReview": True}]}


@dataclass(kw_only=True)
class Terminal(View):
    sim: object
    signer: signing.Signer = field(default_factory=signing.Signer)


class Blind(Terminal):
    """Where the policy may not be read."""

    def of(self, key):
        scene = super().of(key)
        bare = replace(scene.sheet.seen, policy=policy.Effective())
        return replace(scene, seen=bare, sheet=replace(scene.sheet, seen=bare))

    async def hand_in(self, key, rollout, intent):
        await super().hand_in(key, rollout, intent)
        mine = next(one for one in self.sim.status.bot.handled if one.id == intent.id)
        return orders.Reply(accepted=mine.accepted, sentence=mine.sentence, written=True)


def submit(sim, kind, view=Terminal, gate=""):
    view = view(sim=sim)

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
    person = facts.Person(name="dana", user="dana")
    return asyncio.run(at.submit(kind, KEY, person, gate=gate))


def test_person_at_a_terminal_is_sent_to_slack_when_the_gate_needs_signed_approvals():
    sim = at_gate(NAMED)
    reply = submit(sim, "promote")
    assert (reply.accepted, reply.sentence) == (False, signatures.AT_TERMINAL)
    assert "apply manifests/admission and set terminalApprovals: true in the policy" in reply.sentence
    assert sim.status.step_index == 1


def test_person_is_told_why_an_approval_is_refused_at_a_gate_that_still_stands():
    """The terminal cannot see the policy; somebody has given the first of two approvals."""
    sim = at_gate(NAMED).approve("sam (U0SAM)")
    reply = submit(sim, "promote", Blind, scenes.gate(sim.scene()))
    assert not reply.accepted and "This step is over" not in reply.sentence
    assert "signature" in reply.sentence or "Slack" in reply.sentence
    assert sim.status.step_index == 1


def test_person_at_a_terminal_aborts_when_the_gate_needs_signed_approvals():
    sim = at_gate(NAMED)
    assert submit(sim, "abort").accepted
    assert sim.status.abort
