"""What the gate and the thread say of a gate that a policy speaks of."""

from datetime import timedelta

from bot.core.notices import approving
from tests.core.engine import guarded
from tests.core.engine.guarded import TWO, Guarded

STEPS = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60})
TIMED = {
    "rules": [
        {
            "approval": {
                "approvers": ["@sam", "@lee"],
                "expires": "4h",
                "onTimeout": "abort",
                "escalations": [{"after": "30m", "to": "thread"}, {"after": "1h", "to": "@lee"}],
            }
        }
    ]
}


def at_gate(policy):
    sim = Guarded(policy=policy, steps=STEPS, routed=True).settle()
    sim.ship("two").settle()
    return sim


def said(sim):
    return [line.fact.text for line in approving.lines(sim.scene())]


def test_gate_says_how_many_have_approved():
    sim = at_gate(TWO)
    for so_far in ("2 must approve", "1 of 2 approved: sam"):
        found = approving.facts_of(sim.scene())
        assert (found["approvers"], found["quorum"]) == ("@sam, @lee", so_far)
        sim.approve("sam (U0SAM)")


def test_gate_says_until_when_and_what_then():
    sim = at_gate(TIMED)
    found = approving.facts_of(sim.scene())
    start = sim.status.pause_conditions[0].start
    assert (found["until"], found["then"]) == (start + timedelta(hours=4), "it is aborted")


def test_thread_reminds_once_at_each_time_and_of_nothing_before():
    sim = at_gate(TIMED)
    sim.wait(seconds=1_799)
    assert said(sim) == []
    sim.wait(seconds=2)
    assert said(sim) == ["still waits for approval, 30 min by now"]
    sim.wait(seconds=1_800)
    assert said(sim)[1:] == ["still waits for approval, 1 h by now: @lee"]
    ids = [line.id for line in approving.lines(sim.scene())]
    assert len(set(ids)) == 2
    sim.approve("lee (U0LEE)")
    assert said(sim) == []


def test_thread_says_who_wrote_past_a_gate():
    sim = at_gate(TWO)
    entries = [guarded.wrote(sim, "argocd-server", "promoteFull")]
    sim.write_raw({"metadata": {"managedFields": entries}, "status": {"promoteFull": True}})
    sim.settle()
    assert said(sim) == [
        "Argo CD wrote promoteFull: taken back, only its approvers open this gate"
    ]


def test_thread_says_so_each_time_when_there_are_two_within_a_second():
    sim = at_gate(TWO)
    ids = []
    for field, value in (("promoteFull", True), ("currentStepIndex", 2)):
        sim.wait(seconds=0.3)
        sim.write_raw({"status": {field: value}}).settle()
        ids += [line.id for line in approving.lines(sim.scene())]
    assert len(set(ids)) == 2, ids
