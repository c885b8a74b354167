"""A whole earlier status put back, or another stable named: neither passes a named gate."""

import copy
from datetime import timedelta

import pytest

from bot.core import revisions
from bot.model import errors, ports
from tests.core.engine.guarded import ONE, TWO, Guarded
from tests.core.engine.test_guarded import LEE, SAM, STEPS, at_gate
from tests.core.engine.test_guarded_blue_green import Ruled
from tests.core.engine.test_guarded_honest import WINDOW, made


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


def tried_again(sim):
    """Aborted and retried, a minute apart."""
    sim.wait(seconds=60)
    sim.ask("abort").settle()
    sim.wait(seconds=60)
    sim.ask("retry").settle()
    sim.wait(seconds=60)


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
    for _ in range(2):
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
    tried_again(sim)
    put_back(sim, unread).settle(check=lambda: never_above(sim, 20))
    assert (sim.weight(), sim.status.step_index) == (20, 1)


def test_half_of_a_quorum_of_the_try_before_counts_for_nothing_when_it_is_put_back():
    sim = at_gate().approve(SAM)
    half = kept(sim)
    tried_again(sim)
    put_back(sim, half).settle()
    sim.approve(LEE)
    assert (sim.weight(), sim.status.step_index) == (20, 1)


@pytest.mark.parametrize("first", [True, False], ids=["before its first pass", "after it"])
def test_status_of_an_earlier_shipping_of_a_revision_opens_nothing_when_it_is_put_back(first):
    sim = at_gate()
    earlier = opened(sim)
    sim.wait(seconds=60)
    sim.ship("one").settle()
    sim.wait(seconds=5)  # its pods are still warm
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
    "stable, routed, mark",
    [("", True, True), ("nobody", True, True), ("nobody", True, False), ("nobody", False, True)],
    ids=["none", "nobody", "nobody, no mark", "by pods alone"],
)
def test_no_other_stable_is_believed_as_an_update_begins(stable, routed, mark):
    sim = Guarded(policy=TWO, steps=STEPS, routed=routed).settle()
    if not mark:
        without(sim, revisions.STABLE)
    sim.ship("two").write_status(stableRS=stable)
    sim.settle()
    assert (sim.stable_image(), sim.status.step_index) == ("one", 1)
    assert sim.sized()["two"] == 1


MARK = pytest.mark.parametrize("mark", [True, False], ids=["marked", "no mark"])


@MARK
def test_revision_that_never_passed_its_gate_is_not_believed_to_be_the_stable(mark):
    sim = at_gate()
    bad = sim.status.current_hash
    sim.ask("abort").settle()
    sim.wait(seconds=60)
    sim.ship("one").settle()
    sim.wait(seconds=600)
    if not mark:
        without(sim, revisions.STABLE)
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


def guarded(sim):
    return [
        rs["spec"]["template"]["spec"]["containers"][0]["image"]
        for rs in sim.sets()
        if revisions.GUARD in rs["metadata"].get("annotations", {})
    ]


def unguarded(sim):
    """As the bot before this one left the ReplicaSets, or somebody who may write them."""
    return without(sim, revisions.GUARD, revisions.STABLE)


def without(sim, *marks):
    for rs in sim.sets():
        notes = {k: v for k, v in rs["metadata"]["annotations"].items() if k not in marks}
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


def test_somebody_who_names_another_stable_is_told_of():
    sim = at_gate()
    sim.ask("abort").settle()
    sim.write_status(stableRS=sim.status.current_hash).settle()
    told = [text for _, reason, text in sim.events if reason == "StableKept"]
    assert len(told) == 1 and "wrote stableRS" in told[0]


def test_abort_whose_time_somebody_wrote_ends_the_try_all_the_same():
    sim = at_gate(ONE).approve(SAM)
    earlier = kept(sim)
    sim.wait(seconds=60)
    sim.write_status(abort=True, abortedAt="2020-01-01T00:00:00Z").settle()
    sim.wait(seconds=60)
    put_back(sim, earlier).settle(check=lambda: never_above(sim, 20))


def test_vote_of_the_try_before_is_not_shown_when_it_is_put_back():
    sim = at_gate().approve(SAM)
    half = kept(sim)
    tried_again(sim)
    put_back(sim, half).settle()
    assert sim.status.bot.approvals == ()


def test_revision_that_never_passed_is_not_believed_once_its_former_stable_is_gone():
    sim = at_gate(ONE)
    bad = sim.status.current_hash
    sim.ask("abort").settle()
    sim.wait(seconds=60)
    sim.ship("three").settle()
    sim.approve(SAM).approve(SAM)
    sim.wait(seconds=600)
    sim.write_status(stableRS=bad, currentStepIndex=0, pauseConditions=None).settle()
    assert (sim.stable_image(), sim.sized()) == ("three", {"three": 5})


@MARK
def test_stable_without_pods_is_kept_while_its_service_leads_to_it(mark):
    full = ({"setWeight": 100}, {"pause": {}})
    sim = at_gate(ONE, steps=full, dynamicStableScale=True)
    sim.wait(seconds=600)
    assert sim.sized() == {"two": 5}
    if not mark:
        without(sim, revisions.STABLE)
    sim.replace_block({}).write_status(stableRS=sim.status.current_hash).settle()
    assert (sim.stable_image(), sim.status.step_index) == ("one", 1)


def test_no_revision_of_long_ago_is_believed_while_another_is_under_way():
    sim = at_gate(ONE)
    old = sim.status.stable_hash
    sim.approve(SAM).approve(SAM)
    sim.wait(seconds=600)
    sim.ship("three").settle()
    sim.replace_block({}).write_status(stableRS=old).settle()
    assert (sim.stable_image(), sim.weight()) == ("two", 20)


def test_window_brings_no_revision_back_that_never_passed_its_gate():
    sim = Guarded(policy=ONE, steps=STEPS, routed=True).patch(spec=WINDOW).settle()
    sim.now += timedelta(minutes=1)
    sim.ship("two").once()
    made(sim, "two", 1).settle()
    sim.ask("abort").settle()
    sim.wait(seconds=240)
    sim.ship("three").once()
    made(sim, "three", 5).settle()
    sim.approve(SAM).approve(SAM)
    sim.wait(seconds=600)
    assert sim.stable_image() == "three"
    sim.ship("two").settle(check=lambda: never_above(sim, 20))
    assert (sim.stable_image(), sim.status.step_index) == ("three", 1)


@pytest.mark.parametrize("how", ["put back", "taken back", "shipped again"])
def test_preview_that_is_still_warm_is_no_way_round_its_gate(how):
    sim = Ruled(policy=TWO, autoPromotionEnabled=False).settle().ship("two").settle()
    sim.wait(seconds=60)
    before = kept(sim)
    sim.write_status(abort=True).settle()
    sim.now += timedelta(seconds=10)
    if how == "put back":
        put_back(sim, before)
    elif how == "taken back":
        sim.write_status(abort=None, abortedAt=None)
    else:
        sim.ship("one").settle()
        sim.now += timedelta(seconds=5)
        sim.ship("two")
    sim.settle()
    assert sim.selects("active") == "one"


@pytest.mark.parametrize("what", ["retry", "ship", "steps"])
def test_earlier_status_opens_nothing_though_the_bot_is_killed_anywhere(what):
    for at in range(1, 9):
        for side in ("before", "after"):
            sim = at_gate()
            earlier = opened(sim)
            sim.wait(seconds=60)
            _begin_again(sim, what)
            nth, lost = sim.cluster.calls + at, errors.Unavailable("x")
            setattr(sim.cluster, side, lambda n, w, nth=nth: lost if n == nth else None)
            sim.once()
            setattr(sim.cluster, side, lambda n, w: None)
            sim.now += timedelta(seconds=1)
            put_back(sim, earlier).settle()
            sim.kubectl_promote().settle()
            assert (sim.weight(), sim.status.step_index) == (20, 1), (at, side)
            sim.close()


def _begin_again(sim, what):
    if what == "retry":
        sim.ask("abort").settle()
        sim.wait(seconds=60)
        sim.ask("retry")
    elif what == "ship":
        sim.ship("one").settle()
        sim.wait(seconds=60)
        sim.ship("two")
    else:
        steps = sim.raw["spec"]["strategy"]["canary"]["steps"]
        sim.patch(spec={"strategy": {"canary": {"steps": [*steps, {"setWeight": 90}]}}}).settle()
        sim.wait(seconds=60)
        sim.patch(spec={"strategy": {"canary": {"steps": steps}}})
