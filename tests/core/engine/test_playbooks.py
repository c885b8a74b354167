"""Whole rollouts as people meet them: what happens, and what is wanted then."""

from datetime import timedelta

import pytest

from bot.core import intake
from bot.model import ports
from tests.core.engine.simulation import START, Simulation

GATE = {"rollout-bot.io/gate-before-full": "true"}
PAUSE = {"pause": {}}


def weight(percent):
    return {"setWeight": percent}


@pytest.fixture(params=[False, True], ids=["basic", "routed"])
def world(request):
    made = []

    def make(*steps, annotations=None, **more):
        sim = Simulation(steps=steps, routed=request.param, annotations=annotations, **more)
        made.append(sim)
        return sim.settle()

    yield make
    for sim in made:
        sim.close()


@pytest.mark.row(1)
def test_first_deployment_skips_all_steps_when_nothing_is_stable(world):
    sim = world(weight(20), PAUSE, annotations=GATE)
    assert sim.status.phase == "Healthy"
    assert sim.status.step_index == 2
    assert sim.sized() == {"one": 5}
    assert sim.stable_image() == "one"


@pytest.mark.row(9, 15)
def test_rollout_waits_at_a_gate_and_goes_on_when_it_is_promoted(world):
    sim = world(weight(20), PAUSE)
    sim.ship("two").settle()
    assert (sim.status.phase, sim.status.message) == ("Paused", "CanaryPauseStep")
    assert sim.sized() == {"one": 5 if sim.routed else 4, "two": 1}
    assert sim.weight() == (20 if sim.routed else 0)
    sim.wait(3600)
    assert sim.status.phase == "Paused"
    sim.ask("promote").settle()
    assert sim.status.phase == "Healthy"
    sim.wait(60)
    assert sim.sized() == {"two": 5}


@pytest.mark.row(14)
def test_rollout_goes_on_by_itself_when_a_timed_pause_is_over(world):
    sim = world(weight(20), {"pause": {"duration": "1m"}}, weight(60), {"pause": {"duration": 5}})
    sim.ship("two").settle()
    sim.wait(30)
    assert sim.status.step_index == 1
    sim.wait(31)
    assert sim.status.step_index == 3
    sim.wait(60)
    assert sim.sized() == {"two": 5}


def test_pass_shows_what_it_handled_because_the_watch_is_silent_on_own_writes(world):
    sim = world(weight(60), PAUSE)
    sim.ship("two").settle()
    shown = []
    sim.reconciler.noticed = shown.append
    sim.ask("abort").once()
    handled = [(one.get("status") or {}).get("rolloutBot", {}).get("handled") for one in shown]
    assert [list(found) for found in handled if found] == [["i1"]]


@pytest.mark.row(34)
@pytest.mark.parametrize("how", ["intent", "kubectl"])
def test_everybody_is_on_the_stable_again_when_a_person_aborts(world, how):
    sim = world(weight(60), PAUSE)
    sim.ship("two").settle()
    if how == "intent":
        sim.ask("abort", reason="too slow")
    else:
        sim.write_status(abort=True)
    sim.settle()
    assert sim.status.phase == "Degraded"
    assert sim.status.message == "RolloutAborted: Rollout aborted update to revision 2"
    assert sim.weight() == 0
    assert sim.status.bot.abort["by"] == ("U0SAM" if how == "intent" else intake.UNKNOWN)
    assert "safeAt" in sim.status.bot.abort
    sim.wait(60)
    assert sim.sized() == {"one": 5}


@pytest.mark.row(36)
@pytest.mark.parametrize("how", ["intent", "kubectl"])
def test_update_starts_again_when_it_is_retried_after_an_abort(world, how):
    sim = world(weight(20), PAUSE)
    sim.ship("two").settle()
    sim.ask("abort").settle()
    if how == "intent":
        sim.ask("retry")
    else:
        sim.write_status(abort=None)
    sim.settle()
    assert (sim.status.phase, sim.status.step_index) == ("Paused", 1)
    assert sim.status.aborted_at is None
    assert sim.status.bot.abort == {}
    sim.write_status(abort=True).settle()
    assert sim.status.phase == "Degraded"
    sim.write_status(abort=None).settle()
    sim.ask("promote").settle()
    assert sim.status.phase == "Healthy"


@pytest.mark.row(49)
def test_update_is_aborted_when_its_deadline_passes_and_that_is_wanted(world):
    sim = world(weight(20), PAUSE)
    sim.patch(spec={"progressDeadlineAbort": True, "progressDeadlineSeconds": 60})
    sim.broken.add("two")
    sim.ship("two").settle()
    sim.wait(120)
    assert sim.status.abort
    assert sim.status.phase == "Degraded"
    assert "timed out progressing" in sim.status.bot.abort["cause"]
    sim.wait(60)
    assert sim.available("one") == 5


@pytest.mark.row(48)
def test_update_only_says_so_when_its_deadline_passes_and_recovers_later(world):
    sim = world(weight(20), PAUSE)
    sim.patch(spec={"progressDeadlineSeconds": 60})
    sim.broken.add("two")
    sim.ship("two").settle()
    sim.wait(120)
    assert sim.status.message.startswith("ProgressDeadlineExceeded: ")
    sim.broken.clear()
    sim.settle()
    assert sim.status.phase == "Paused"


@pytest.mark.row(73)
@pytest.mark.parametrize("verdict", ["Failed", "Error"])
def test_update_is_taken_back_when_its_analysis_ends_badly(world, verdict):
    sim = world(
        weight(20), PAUSE, weight(40), {"analysis": {"templates": [{"templateName": "t"}]}}
    )
    assert sim.status.phase == "Degraded"
    assert "AnalysisTemplate 't' not found" in sim.status.message
    add_template(sim)
    sim.settle()
    sim.ship("two").settle()
    sim.ask("promote").settle()
    sim.finish_run(verdict).settle()
    assert sim.status.abort
    assert sim.status.message.endswith("Step-based analysis phase error/failed: m")
    sim.wait(60)
    assert sim.sized() == {"one": 5}


@pytest.mark.row(73)
def test_update_goes_on_when_its_analysis_is_successful(world):
    sim = world(weight(20))
    add_template(sim)
    analysis = {"analysis": {"templates": [{"templateName": "t"}]}}
    sim.patch(spec={"strategy": {"canary": {"steps": [weight(20), analysis]}}})
    sim.settle()
    sim.ship("two").settle()
    assert sim.status.step_index == 1
    sim.finish_run("Successful").settle()
    assert sim.status.phase == "Healthy"


@pytest.mark.row(74)
def test_a_person_decides_when_an_analysis_is_inconclusive(world):
    sim = world(weight(20))
    add_template(sim)
    analysis = {"analysis": {"templates": [{"templateName": "t"}]}}
    sim.patch(spec={"strategy": {"canary": {"steps": [weight(20), analysis]}}})
    sim.settle()
    sim.ship("two").settle()
    sim.finish_run("Inconclusive").settle()
    assert (sim.status.phase, sim.status.message) == ("Paused", "InconclusiveAnalysisRun")
    sim.ask("promote").settle()
    assert sim.status.step_index == 1
    sim.finish_run("Successful").settle()
    assert sim.status.phase == "Healthy"


def add_template(sim):
    provider = {"prometheus": {"address": "http://prometheus.example", "query": "up"}}
    metric = {"name": "m", "count": 1, "successCondition": "true", "provider": provider}
    body = {"metadata": {"name": "t"}, "spec": {"metrics": [metric]}}
    sim.cluster.put(ports.TEMPLATE, body)


@pytest.mark.row(38)
@pytest.mark.parametrize("how", ["intent", "kubectl"])
def test_all_steps_are_skipped_when_a_person_promotes_to_full(world, how):
    sim = world(weight(20), PAUSE, weight(40), PAUSE)
    sim.ship("two").settle()
    if how == "intent":
        sim.ask("promote-full")
    else:
        sim.write_status(promoteFull=True)
    sim.settle()
    assert sim.status.phase == "Healthy"
    assert not sim.status.promote_full
    sim.wait(60)
    assert sim.sized() == {"two": 5}


@pytest.mark.row(40)
def test_third_template_replaces_the_second_when_it_is_shipped_midway(world):
    sim = world(weight(40), PAUSE)
    sim.ship("two").settle()
    sim.ship("three").settle()
    assert (sim.status.phase, sim.status.step_index) == ("Paused", 1)
    assert sim.available("two") == 0
    assert sim.available("three") == 2
    assert sim.stable_image() == "one"


@pytest.mark.row(42)
def test_rollout_is_healthy_at_once_when_the_stable_template_is_shipped_again(world):
    sim = world(weight(40), PAUSE, annotations=GATE)
    sim.ship("two").settle()
    sim.ship("one").settle()
    assert sim.status.phase == "Healthy"
    assert sim.status.step_index == 2
    sim.wait(60)
    assert sim.sized() == {"one": 5}


@pytest.mark.row(41)
def test_update_starts_at_its_first_step_when_the_steps_change(world):
    sim = world(weight(20), PAUSE, weight(60), PAUSE)
    sim.ship("two").settle()
    sim.ask("promote").settle()
    sim.patch(spec={"strategy": {"canary": {"steps": [weight(40), PAUSE]}}}).settle()
    assert (sim.status.phase, sim.status.step_index) == ("Paused", 1)
    assert sim.available("two") == 2


@pytest.mark.row(52)
def test_both_sides_follow_when_the_rollout_is_scaled_at_a_gate(world):
    sim = world(weight(20), PAUSE)
    sim.ship("two").settle()
    sim.patch(spec={"replicas": 10}).settle()
    assert sim.status.phase == "Paused"
    assert sim.sized() == {"one": 10 if sim.routed else 8, "two": 2}


# The gate before 100 %


CASES = {
    "no-step-says-100": ([weight(40)], 40, 2),
    "first-step-is-100": ([weight(100)], 0, 0),
    "later-step-is-100": ([weight(20), weight(100), PAUSE], 20, 1),
    "timed-pause-before-the-end": ([weight(40), {"pause": {"duration": 5}}], 40, 2),
}


@pytest.mark.parametrize(("steps", "percent", "pods"), CASES.values(), ids=list(CASES))
def test_gate_before_full_holds_until_somebody_approves(world, steps, percent, pods):
    sim = world(*steps, annotations=GATE)
    sim.ship("two").settle()
    sim.wait(3600)
    assert sim.status.phase == "Paused"
    assert sim.weight() == (percent if sim.routed else 0)
    assert sim.available("two") == pods
    sim.ask("promote").settle()
    assert sim.answers() == [(True, "Approved: all traffic goes to v2.")]
    while sim.status.phase == "Paused":
        sim.ask("promote").settle()
    assert sim.status.phase == "Healthy"


def test_gate_before_full_holds_when_everything_is_skipped(world):
    sim = world(weight(20), PAUSE, weight(40), PAUSE, annotations=GATE)
    sim.ship("two").settle()
    sim.ask("promote-full").settle()
    assert sim.status.phase == "Paused"
    assert sim.available("two") < 5
    sim.ask("promote").settle()
    assert sim.status.phase == "Healthy"


def test_gate_before_full_holds_when_kubectl_moves_the_index_to_the_end(world):
    sim = world(weight(20), PAUSE, weight(40), {"pause": {"duration": 60}}, annotations=GATE)
    sim.ship("two").settle()
    sim.write_status(currentStepIndex=4, pauseConditions=None, controllerPause=False).settle()
    assert sim.status.phase == "Paused"
    assert sim.available("two") < 5


def test_gate_before_full_is_passed_by_the_approval_at_the_pause_before_the_end(world):
    sim = world(weight(50), PAUSE, annotations=GATE)
    sim.ship("two").settle()
    sim.ask("promote").settle()
    assert sim.status.phase == "Healthy"


def test_gate_before_full_does_not_hold_an_abort(world):
    sim = world(weight(50), annotations=GATE)
    sim.ship("two").settle()
    sim.ask("abort").settle()
    sim.wait(60)
    assert sim.sized() == {"one": 5}


def test_gate_before_full_holds_the_next_revision_too(world):
    sim = world(weight(50), annotations=GATE)
    sim.ship("two").settle()
    sim.ask("promote").settle()
    sim.wait(60)
    sim.ship("three").settle()
    assert sim.status.phase == "Paused"


def test_gate_before_full_holds_again_when_the_approved_update_is_retried(world):
    sim = world(weight(40), annotations=GATE)
    sim.ship("two").settle()
    sim.stuck.add("two")
    sim.ask("promote").settle()
    assert sim.status.phase == "Progressing"
    sim.ask("abort").settle()
    sim.stuck.clear()
    sim.ask("retry").settle()
    assert sim.status.phase == "Paused"
    assert sim.available("two") == 2


def test_gate_before_full_holds_when_a_timed_pause_before_the_end_is_skipped(world):
    sim = world(weight(40), {"pause": {"duration": 60}}, annotations=GATE)
    sim.ship("two").settle()
    sim.ask("promote").settle()
    assert (sim.status.phase, sim.status.step_index) == ("Paused", 2)
    assert sim.available("two") == 2


# What people asked


def test_intent_changes_nothing_when_another_revision_rolls_out(world):
    sim = world(weight(20), PAUSE)
    sim.ship("two").settle()
    sim.ask("promote", revision="another").settle()
    assert sim.status.phase == "Paused"
    assert sim.answers() == [(False, "Another revision is rolling out now; nothing was changed.")]


def test_intent_changes_nothing_when_its_step_gate_or_time_is_over(world):
    sim = world(weight(20), PAUSE)
    sim.ship("two").settle()
    sim.ask("promote", step=0)
    sim.ask("promote", gate="0123456789abcdef")
    sim.ask("promote", expires=START)
    sim.now += timedelta(seconds=1)
    sim.settle()
    assert sim.status.phase == "Paused"
    assert [accepted for accepted, _ in sim.answers()] == [False, False, False]


def test_one_gate_is_passed_when_two_people_promote_at_once(world):
    sim = world(weight(20), PAUSE, weight(40), PAUSE)
    sim.ship("two").settle()
    sim.ask("promote")
    sim.ask("promote", actor="U0LEE")
    sim.settle()
    assert sim.status.step_index == 3
    assert sim.answers()[1] == (False, "Somebody else has just promoted it.")


def test_abort_wins_when_it_comes_with_a_promotion(world):
    for order in (("promote", "abort"), ("abort", "promote")):
        sim = world(weight(20), PAUSE)
        sim.ship("two").settle()
        for kind in order:
            sim.ask(kind)
        sim.settle()
        assert sim.status.abort


@pytest.mark.row(17)
def test_gate_opens_once_when_kubectl_clears_the_pause(world):
    sim = world(weight(20), PAUSE, weight(40), PAUSE)
    sim.ship("two").settle()
    sim.write_status(pauseConditions=None).settle()
    assert (sim.status.phase, sim.status.step_index) == ("Paused", 3)


# Ruling 7


def test_object_is_left_alone_when_it_uses_what_is_not_supported(world):
    sim = world(weight(20), PAUSE)
    before, pods = sim.status, sim.sized()
    sim.events.clear()
    sim.patch(spec={"strategy": {"canary": {"trafficRouting": {"alb": {"ingress": "x"}}}}}).ship(
        "two"
    ).settle()
    sentence = "spec.strategy.canary.trafficRouting.alb is not supported yet"
    assert sim.events == [("Warning", "NotSupported", sentence)]
    assert sim.sized() == pods
    assert (sim.status.phase, sim.status.conditions) == (before.phase, before.conditions)
    sim.settle()
    assert len(sim.events) == 1
