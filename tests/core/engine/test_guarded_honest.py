"""The guard of a revision is in no honest person's way: clocks, hand-overs, edits, ways back."""

from datetime import timedelta

import pytest

from bot.core import revisions, tries
from bot.model import errors, ports
from tests.core.engine.guarded import ONE, TWO, Guarded
from tests.core.engine.test_guarded import LEE, SAM, STEPS, at_gate
from tests.core.engine.test_guarded_blue_green import Ruled

WINDOW = {"rollbackWindow": {"revisions": 3}}


def ticking(sim):
    """Every look at the clock is 10 ms later, as in life."""

    def clock():
        sim.now += timedelta(milliseconds=10)
        return sim.now

    sim.reconciler.clock = clock
    return sim


def noted(sim, text):
    """All ReplicaSets with this as their guard; None: with none."""
    for rs in sim.sets():
        notes = {k: v for k, v in rs["metadata"]["annotations"].items() if k != revisions.GUARD}
        if text is not None:
            notes[revisions.GUARD] = text
        body = {**rs, "metadata": {**rs["metadata"], "annotations": notes}}
        sim.cluster.put(ports.REPLICA_SET, body)
    return sim


def made(sim, image, minute):
    """When a ReplicaSet was made: the simulation makes all of them at its start."""
    for rs in sim.sets():
        if rs["spec"]["template"]["spec"]["containers"][0]["image"] == image:
            meta = {**rs["metadata"], "creationTimestamp": f"2026-11-23T12:{minute:02}:00Z"}
            sim.cluster.put(ports.REPLICA_SET, {**rs, "metadata": meta})
    return sim


def completed_elsewhere(sim, *, warm):
    """Argo's controller went past the gate and completed the update while we were away."""
    old, new = sorted(sim.sets(), key=lambda rs: rs["spec"]["replicas"], reverse=True)
    for rs, count in ((old, 5 if warm else 0), (new, 5)):
        sim.cluster.put(ports.REPLICA_SET, {**rs, "spec": {**rs["spec"], "replicas": count}})
    for name in ("canary", "stable"):
        service = sim.cluster.objects["services", name]
        selector = {**service["spec"]["selector"], revisions.HASH: sim.status.current_hash}
        sim.cluster.put(ports.SERVICE, {**service, "spec": {"selector": selector}})
    sim.kubelet()
    return sim.write_status(
        stableRS=sim.status.current_hash, pauseConditions=None, currentStepIndex=4
    )


EDITED = {
    "fewer": [{"setWeight": 90}, {"pause": {}}],
    "one before": [{"setWeight": 10}, {"setWeight": 90}, {"pause": {}}],
    "timed": [{"setWeight": 90}, {"pause": {"duration": "1h"}}],
}


@pytest.mark.parametrize("steps", EDITED.values(), ids=list(EDITED))
def test_gate_whose_steps_are_edited_later_holds_on(steps):
    sim = at_gate()
    sim.wait(seconds=60)
    sim.patch(spec={"strategy": {"canary": {"steps": steps}}}).settle()
    sim.wait(seconds=60)
    assert sim.weight() <= 20


def test_course_comes_to_rest_as_the_clock_goes_on():
    sim = ticking(Guarded(policy=ONE, steps=STEPS, routed=True)).settle(limit=60)
    sim.ship("two").settle(limit=60)
    sim.approve(SAM).ask("abort").settle(limit=60)
    sim.ask("retry").settle(limit=60)
    sim.approve(SAM).approve(SAM)
    assert sim.stable_image() == "two"


def test_rollout_that_is_taken_over_in_mid_flight_comes_to_rest_and_opens():
    sim = at_gate().replace_block({})
    ticking(sim).settle(limit=60)
    sim.wait(seconds=60)
    sim.approve(SAM)
    sim.wait(seconds=60)
    sim.approve(LEE)
    assert sim.weight() == 60


@pytest.mark.parametrize("seconds", [3_600, -3_600])
def test_start_that_somebody_wrote_moves_nothing(seconds):
    sim = at_gate(ONE)
    at = (sim.now + timedelta(seconds=seconds)).isoformat()
    sim.replace_block({**sim.raw["status"]["rolloutBot"], "started": at})
    ticking(sim).settle(limit=60)


@pytest.mark.parametrize("votes", [1, 2])
def test_what_the_bot_before_recorded_counts_on(votes):
    sim = at_gate()
    sim.wait(seconds=60)
    for person in (SAM, LEE)[:votes]:
        sim.approve(person)
    ticking(noted(sim, None)).settle(limit=60)
    if votes == 1:
        sim.approve(LEE)
    assert (sim.weight(), sim.status.step_index) == (60, 3)


def test_bot_whose_clock_runs_behind_that_of_the_bot_before_opens_the_gate():
    sim = at_gate(ONE)
    sim.ask("abort").settle()
    sim.wait(seconds=60)
    sim.ask("retry").settle()
    sim.now -= timedelta(seconds=30)
    ticking(sim).settle(limit=60)
    sim.put(sim.intent(SAM, at=tries.stamp(sim.scene().sheet, sim.now))).settle()
    assert (sim.weight(), sim.status.step_index) == (60, 3)


@pytest.mark.parametrize("block", [True, False], ids=["block left", "block gone"])
def test_update_that_another_controller_completed_stays_when_the_former_is_gone(block):
    sim = at_gate(ONE)
    if not block:
        sim.replace_block({})
    completed_elsewhere(sim, warm=False)
    sim.now += timedelta(days=1)
    sim.settle()
    assert sim.stable_image() == "two"
    assert not any(revisions.GUARD in rs["metadata"]["annotations"] for rs in sim.sets())


def test_update_that_another_controller_completed_is_back_at_its_gate_while_the_former_is_warm():
    sim = completed_elsewhere(at_gate(ONE), warm=True)
    sim.settle()
    assert (sim.stable_image(), sim.status.step_index) == ("one", 1)


def test_annotation_of_the_rollout_itself_is_no_guard_and_comes_to_rest():
    sim = Guarded(policy=ONE, steps=STEPS, routed=True, annotations={revisions.GUARD: "x"})
    sim.settle(limit=60).ship("two").settle(limit=60)
    assert sim.status.step_index == 1


ODD = {
    "no number": '{"since":"2026-11-23T12:00:00+00:00","revision":Infinity,"stable":"x"}',
    "deep": "[" * 900,
    "long": "[" * 100_000,
    "empty": "{}",
}


@pytest.mark.parametrize("text", ODD.values(), ids=list(ODD))
def test_guard_that_nobody_can_read_stops_no_abort(text):
    sim = noted(at_gate(ONE), text).write_status(abort=True).settle()
    assert (sim.weight(), sim.status.phase) == (0, "Degraded")


@pytest.mark.parametrize("blue_green", [False, True])
def test_abort_is_saved_though_its_guard_is_refused(blue_green):
    if blue_green:
        sim = Ruled(policy=ONE, autoPromotionEnabled=False).settle().ship("two").settle()
    else:
        sim = at_gate(ONE)
    sim.wait(seconds=60)
    refused = errors.Refused("no")

    def before(number, write):
        marked = write.ref.kind is ports.REPLICA_SET and revisions.GUARD in str(write.body)
        return refused if marked and "spec" not in write.body else None

    sim.cluster.before = before
    sim.ask("abort")
    problems = [sim.once() for _ in range(3)]
    assert sim.status.abort and sim.status.bot.abort["at"]
    assert "no" in str(problems[0]), "another pass tries again, later"


def test_rollback_within_the_window_passes_no_gate():
    sim = Guarded(policy=ONE, steps=STEPS, routed=True).patch(spec=WINDOW).settle()
    sim.now += timedelta(minutes=5)
    sim.ship("two").once()
    made(sim, "two", 5).settle()
    sim.approve(SAM).approve(SAM)
    sim.wait(seconds=600)
    assert sim.stable_image() == "two"
    sim.ship("one").settle()
    assert sim.stable_image() == "one"


def test_fast_rollback_of_a_blue_green_passes_no_gate():
    sim = Ruled(policy=ONE, autoPromotionEnabled=False).settle().ship("two").settle()
    sim.approve(SAM)
    assert sim.selects("active") == "two"
    sim.now += timedelta(seconds=5)
    sim.ship("one").settle()
    assert sim.selects("active") == "one"
