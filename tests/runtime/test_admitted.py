"""Approvals from a terminal at a named gate, where the policy says that the cluster vouches."""

from dataclasses import replace

import pytest

from bot.core import gate_ids
from bot.core.notices import people
from bot.model import facts
from tests.core.engine.guarded import Guarded
from tests.core.engine.test_guarded import LEE, SAM, STEPS, started
from tests.runtime.test_unsigned_desk import submit

ANNA, BEN = "anna (terminal)", "ben (terminal)"


def policy(**approval):
    named = {"approvers": ["group:ops", "user:ben", "@sam", "@lee"], **approval}
    rule = {"approval": named, "accessReview": True, "terminalApprovals": True}
    return {"groups": {"ops": {"members": ["user:anna", "user:dana"]}}, "rules": [rule]}


def at_gate(rules):
    sim = Guarded(policy=rules, steps=STEPS, routed=True).settle()
    sim.ship("two").settle()
    assert sim.status.pause_conditions
    return sim


def ask(sim, actor=ANNA, *, gate=None, **more):
    """As a terminal writes it: with no seal, for the gate as it is known within the cluster."""
    here = gate_ids.local(sim.raw["metadata"]["uid"], sim.status) if gate is None else gate
    made = replace(sim.intent(actor, gate=here, **more), seal="", signed=False)
    return sim.put(made).settle()


def shut(sim):
    return (sim.weight(), sim.status.step_index) == (20, 1)


def test_gate_opens_to_somebody_whom_the_policy_names_at_a_terminal():
    sim = ask(at_gate(policy()))
    assert (sim.weight(), sim.status.step_index) == (60, 3)
    assert sim.answers()[-1] == (True, "Approved: v2 goes on.")
    (one,) = sim.status.bot.passes
    assert (one.by, one.how) == ((ANNA,), "terminal")


def test_whole_way_from_the_terminal_opens_the_gate():
    sim = at_gate(policy())
    reply = submit(sim, "promote")
    assert (reply.accepted, sim.status.step_index) == (True, 3), reply
    assert [one.actor for one in sim.status.bot.handled] == ["dana (terminal)"]


@pytest.mark.parametrize(
    "actor", ["eve (terminal)", "anna", "anna (U0ANNA)", "sam (terminal)", " (terminal)"]
)
def test_gate_stays_shut_to_anybody_else(actor):
    assert shut(ask(at_gate(policy()), actor))


def test_gate_stays_shut_where_the_policy_does_not_say_that_the_cluster_vouches():
    rules = policy()
    del rules["rules"][0]["terminalApprovals"]
    sim = ask(at_gate(rules))
    assert shut(sim)
    assert "approve it in Slack" in sim.answers()[-1][1]


def test_approval_of_a_terminal_counts_for_the_gate_that_was_seen_and_no_other():
    sim = at_gate(policy())
    old = gate_ids.local(sim.raw["metadata"]["uid"], sim.status)
    ask(sim)
    assert sim.status.step_index == 3
    ask(sim, gate=old)
    ask(sim, gate="")
    assert sim.status.step_index == 3
    assert not sim.answers()[-1][0]
    ask(sim, BEN)
    assert sim.stable_image() == "two"


def test_two_at_terminals_make_a_quorum_and_one_of_each_way_does_not():
    sim = at_gate(policy(quorum=2))
    ask(sim)
    assert shut(sim)
    sim.approve(SAM)
    assert shut(sim)
    assert "and may be you" in sim.answers()[-1][1]
    ask(sim, BEN)
    assert sim.status.step_index == 3
    mixed = at_gate(policy(quorum=2)).approve(SAM)
    assert shut(ask(mixed))
    assert mixed.approve(LEE).status.step_index == 3


@pytest.mark.parametrize(
    ("shipper", "opens"),
    [
        (facts.Person(name="ben", user="ben"), True),
        (facts.Person(name="anna", user="anna"), False),
        (facts.Person(name="ann", slack_id="U0ANN"), False),
        (facts.Person(name="ben"), False),
        (None, False),
    ],
    ids=["another user", "herself", "somebody of Slack", "a bare name", "nobody"],
)
def test_four_eyes_want_a_shipper_who_is_surely_another(shipper, opens):
    sim = at_gate(policy(fourEyes=True))
    if shipper is not None:
        signature = people.signature(sim.scene().sheet.spec.template, shipper)
        sim.write_raw({"metadata": {"annotations": {people.SET_BY: signature}}}).settle()
    assert shut(ask(sim)) is not opens


def test_abort_and_the_start_of_the_pause_are_as_ever():
    sim = at_gate(policy())
    since = started(sim)
    sim.kubectl_promote().settle()
    assert shut(sim) and started(sim) == since
    assert submit(sim, "abort").accepted and sim.status.abort
