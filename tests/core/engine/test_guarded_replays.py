"""A whole earlier status put back, or another stable named: neither passes a named gate."""

import copy

import pytest

from bot.core import tries
from bot.model import ports
from tests.core.engine.guarded import ONE, TWO, Guarded
from tests.core.engine.test_guarded import LEE, SAM, STEPS


def at_gate(policy=TWO, *, steps=STEPS, routed=True, **more):
    sim = Guarded(policy=policy, steps=steps, routed=routed, **more).settle()
    sim.ship("two").settle()
    assert sim.status.pause_conditions
    return sim


def kept(sim):
    return copy.deepcopy(sim.raw["status"])


def put_back(sim, status):
    """As a PUT of ``rollouts/status`` by somebody who may."""
    sim.cluster.put(ports.ROLLOUT, {**sim.raw, "status": copy.deepcopy(status)})
    return sim


def never_above(sim, most):
    assert sim.weight() <= most


def never_at(sim, step):
    assert sim.status.step_index != step


def opened(sim):
    """The status in mid-flight behind the first gate, opened by both."""
    sim.approve(SAM).approve(LEE)
    assert (sim.weight(), sim.status.step_index) == (60, 3)
    return kept(sim)


@pytest.mark.parametrize("again", ["retry", "abort only", "at once"])
def test_status_of_the_try_before_an_abort_opens_nothing_when_it_is_put_back(again):
    sim = at_gate()
    earlier = opened(sim)
    sim.wait(seconds=60)
    if again == "at once":
        sim.write_status(abort=True).once()
    else:
        sim.ask("abort").settle()
    if again == "retry":
        sim.wait(seconds=60)
        sim.ask("retry").settle()
    sim.wait(seconds=60)
    put_back(sim, earlier).settle(check=lambda: never_above(sim, 20))
    sim.kubectl_promote().settle(check=lambda: never_above(sim, 20))
    assert (sim.weight(), sim.status.step_index) == (20, 1)
    sim.wait(seconds=60)
    sim.approve(SAM).approve(LEE)
    assert (sim.weight(), sim.status.step_index) == (60, 3)


def test_click_of_the_try_before_counts_for_nothing_when_it_is_put_back():
    sim = at_gate(ONE)
    mine = sim.intent(SAM)
    sim.put(mine)
    unread = kept(sim)
    sim.settle()
    sim.wait(seconds=60)
    sim.ask("abort").settle()
    sim.wait(seconds=60)
    sim.ask("retry").settle()
    sim.wait(seconds=60)
    put_back(sim, unread).settle(check=lambda: never_above(sim, 20))
    assert (sim.weight(), sim.status.step_index) == (20, 1)


def test_half_of_a_quorum_of_the_try_before_counts_for_nothing_when_it_is_put_back():
    sim = at_gate().approve(SAM)
    half = kept(sim)
    sim.wait(seconds=60)
    sim.ask("abort").settle()
    sim.wait(seconds=60)
    sim.ask("retry").settle()
    sim.wait(seconds=60)
    put_back(sim, half).settle()
    sim.approve(LEE)
    assert (sim.weight(), sim.status.step_index) == (20, 1)


@pytest.mark.parametrize("first", [True, False], ids=["before its first pass", "after it"])
def test_status_of_an_earlier_shipping_of_a_revision_opens_nothing_when_it_is_put_back(first):
    sim = at_gate()
    earlier = opened(sim)
    sim.wait(seconds=60)
    sim.ship("one").settle()
    sim.wait(seconds=60)
    sim.ship("two")
    if not first:
        sim.settle(check=lambda: never_above(sim, 20))
        sim.wait(seconds=60)
    put_back(sim, earlier).settle(check=lambda: never_above(sim, 20))
    sim.kubectl_promote().settle(check=lambda: never_above(sim, 20))
    assert (sim.weight(), sim.status.step_index) == (20, 1)


def test_status_under_other_steps_opens_nothing_when_both_are_put_back():
    sim = at_gate()
    earlier = opened(sim)
    sim.wait(seconds=60)
    steps = copy.deepcopy(sim.raw["spec"]["strategy"]["canary"]["steps"])
    sim.patch(spec={"strategy": {"canary": {"steps": [*steps, {"setWeight": 90}]}}}).settle()
    sim.wait(seconds=60)
    sim.patch(spec={"strategy": {"canary": {"steps": steps}}}).settle()
    sim.wait(seconds=60)
    put_back(sim, earlier).settle(check=lambda: never_above(sim, 20))
    sim.kubectl_promote().settle(check=lambda: never_above(sim, 20))
    assert (sim.weight(), sim.status.step_index) == (20, 1)


GONE = ["", "nobody", "two"]


@pytest.mark.parametrize("stable", GONE)
@pytest.mark.parametrize("block", [True, False], ids=["block left", "block gone"])
def test_no_other_stable_is_believed_at_a_named_gate(stable, block):
    sim = at_gate()
    named = sim.status.current_hash if stable == "two" else stable
    if not block:
        sim.replace_block({})
    sim.write_status(stableRS=named).settle(check=lambda: never_above(sim, 20))
    assert (sim.stable_image(), sim.weight(), sim.status.step_index) == ("one", 20, 1)


@pytest.mark.parametrize(
    "stable, routed",
    [("", True), ("nobody", True), ("nobody", False)],
    ids=["none", "nobody", "by pods alone"],
)
def test_no_other_stable_is_believed_as_an_update_begins(stable, routed):
    sim = Guarded(policy=TWO, steps=STEPS, routed=routed).settle()
    sim.ship("two").write_status(stableRS=stable)
    sim.settle()
    assert (sim.stable_image(), sim.status.step_index) == ("one", 1)
    assert sim.sized()["two"] == 1


def test_revision_that_never_passed_its_gate_is_not_believed_to_be_the_stable():
    sim = at_gate()
    bad = sim.status.current_hash
    sim.ask("abort").settle()
    sim.wait(seconds=60)
    sim.ship("one").settle()
    sim.wait(seconds=600)
    sim.write_status(stableRS=bad).settle(check=lambda: never_above(sim, 0))
    assert (sim.stable_image(), sim.weight()) == ("one", 0)


def test_guard_goes_when_the_revision_is_the_stable_and_nothing_is_written_when_idle():
    sim = at_gate(ONE)
    assert sorted(guarded(sim)) == ["two"]
    sim.approve(SAM).settle()
    sim.approve(SAM).settle()
    sim.wait(seconds=600)
    sim.settle()
    assert (sim.stable_image(), guarded(sim)) == ("two", [])
    version = sim.cluster.version
    sim.settle()
    assert sim.cluster.version == version


def test_nothing_is_guarded_where_no_gate_is_named():
    sim = Guarded(policy={"rules": []}, steps=STEPS, routed=True).settle()
    sim.ship("two").settle()
    assert guarded(sim) == []


def test_clock_that_runs_behind_that_of_the_bot_before_keeps_no_gate_shut():
    sim = at_gate(ONE)
    sim.ask("abort").settle()
    sim.wait(seconds=60)
    sim.ask("retry").settle()
    sim.now = sim.now.replace(year=2025)
    sim.put(sim.intent(SAM, at=sim.now.replace(year=2026, day=30))).settle()
    assert (sim.weight(), sim.status.step_index) == (60, 3)


def test_guard_that_nobody_can_read_counts_as_none():
    sim = at_gate(ONE)
    for rs in sim.sets():
        notes = {**rs["metadata"]["annotations"], tries.GUARD: "{"}
        body = {**rs, "metadata": {**rs["metadata"], "annotations": notes}}
        sim.cluster.put(ports.REPLICA_SET, body)
    sim.settle()
    sim.approve(SAM)
    assert sim.weight() == 60


def guarded(sim):
    return [
        rs["spec"]["template"]["spec"]["containers"][0]["image"]
        for rs in sim.sets()
        if tries.GUARD in rs["metadata"].get("annotations", {})
    ]


def unguarded(sim):
    """As the bot before this one left the ReplicaSets, or somebody who may write them."""
    for rs in sim.sets():
        notes = {k: v for k, v in rs["metadata"]["annotations"].items() if k != tries.GUARD}
        body = {**rs, "metadata": {**rs["metadata"], "annotations": notes}}
        sim.cluster.put(ports.REPLICA_SET, body)
    return sim


def test_pass_of_the_try_before_counts_for_nothing_without_a_guard():
    sim = at_gate()
    passes = opened(sim)["rolloutBot"]["passes"]
    sim.ask("abort").settle()
    sim.wait(seconds=60)
    sim.ask("retry").settle()
    block = {**sim.raw["status"]["rolloutBot"], "passes": passes}
    unguarded(sim).replace_block(block).kubectl_promote()
    sim.settle(check=lambda: never_at(sim, 2))
    assert (sim.weight(), sim.status.step_index) == (20, 1)


def test_seal_alone_keeps_the_stable_without_a_guard():
    sim = unguarded(at_gate())
    sim.write_status(stableRS=sim.status.current_hash)
    sim.settle(check=lambda: never_above(sim, 20))
    assert (sim.stable_image(), sim.status.step_index) == ("one", 1)


def test_seal_alone_keeps_the_stable_before_the_gate_without_a_guard():
    steps = ({"setWeight": 20}, {"pause": {"duration": "1h"}}, {"setWeight": 60}, {"pause": {}})
    sim = Guarded(policy=ONE, steps=steps, routed=True).settle()
    sim.ship("two").settle()
    unguarded(sim).write_status(stableRS=sim.status.current_hash)
    sim.settle(check=lambda: never_above(sim, 20))
    assert (sim.stable_image(), sim.status.step_index) == ("one", 1)


def test_update_that_another_controller_completed_is_not_taken_back_when_the_former_is_gone():
    sim = at_gate(ONE)
    sim.replace_block({})
    old, new = sorted(sim.sets(), key=lambda rs: rs["spec"]["replicas"], reverse=True)
    for rs, count in ((old, 0), (new, 5)):
        sim.cluster.put(ports.REPLICA_SET, {**rs, "spec": {**rs["spec"], "replicas": count}})
    sim.kubelet()
    sim.write_status(stableRS=sim.status.current_hash, pauseConditions=None, currentStepIndex=4)
    sim.settle()
    assert (sim.stable_image(), guarded(sim)) == ("two", [])


def test_somebody_who_names_another_stable_is_told_of():
    sim = at_gate()
    sim.ask("abort").settle()
    sim.write_status(stableRS=sim.status.current_hash).settle()
    told = [text for _, reason, text in sim.events if reason == "StableKept"]
    assert len(told) == 1 and "wrote stableRS" in told[0]
