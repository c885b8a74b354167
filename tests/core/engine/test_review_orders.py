"""What a review found: orders that were lost, gates that could be passed, names in the way."""

from datetime import timedelta

import pytest

from bot.core import codec_spec, intake
from bot.core.hashing import hashes
from bot.model import ports
from tests.core.engine import simulation

GATE = {codec_spec.GATE: "true"}
PAUSED = {"pause": {}}
STEPS = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 100}, {"pause": {"duration": "10s"}}]


@pytest.fixture
def play():
    made = []

    def start(**how):
        sim = simulation.Simulation(**how)
        made.append(sim)
        sim.settle()
        return sim

    yield start
    for sim in made:
        sim.close()


def shipped(play, **how):
    sim = play(**how)
    sim.ship("two")
    return sim.settle()


@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize("index", [3, 4, 99])
def test_gate_holds_when_a_client_moves_the_course_past_the_step_of_100(play, routed, index):
    sim = shipped(play, steps=STEPS, routed=routed, annotations=GATE)
    sim.write_status(currentStepIndex=index, pauseConditions=None, controllerPause=None)
    sim.settle().wait(3600)
    assert sim.stable_image() == "one"
    assert sim.available("two") <= 1
    assert sim.weight() <= 20
    sim.ask("promote")
    sim.settle().wait(60)
    assert sim.stable_image() == "two"


def test_gate_asks_once_when_steps_follow_the_one_of_100(play):
    steps = [{"setWeight": 20}, {"setWeight": 100}, {"pause": {}}, {"pause": {"duration": "2s"}}]
    sim = shipped(play, steps=steps, routed=True, annotations=GATE)
    assert sim.weight() == 20
    sim.ask("promote")
    sim.settle()
    assert sim.weight() == 100
    sim.ask("promote")
    sim.settle().wait(10)
    assert sim.stable_image() == "two"


@pytest.mark.parametrize("by", ["stock", "slack"])
@pytest.mark.parametrize("gone", ["canary", "stable"])
def test_abort_reaches_the_route_when_a_service_was_deleted(play, gone, by):
    sim = shipped(play, steps=STEPS, routed=True)
    del sim.cluster.objects["services", gone]
    sim.settle()
    assert sim.weight() == 20
    if by == "stock":
        sim.write_status(abort=True)
    else:
        sim.ask("abort")
    sim.settle()
    assert sim.weight() == 0
    assert sim.status.abort
    assert sim.status.condition("InvalidSpec") is not None
    writes = len(sim.cluster.writes)
    sim.once()
    assert len(sim.cluster.writes) == writes


def test_client_negative_step_index_does_not_stop_the_rollout(play):
    sim = shipped(play, steps=STEPS)
    sim.write_status(currentStepIndex=-7)
    sim.settle()
    assert sim.status.step_index is not None
    assert sim.status.step_index >= 0


def test_promotion_is_kept_until_the_rollout_is_no_longer_paused(play):
    sim = shipped(play, steps=STEPS)
    sim.patch(spec={"paused": True}).settle()
    sim.ask("promote")
    sim.settle()
    sim.patch(spec={"paused": False}).settle()
    sim.wait(60)
    assert sim.stable_image() == "two"


def test_unknown_intent_is_refused_and_promotes_nothing(play):
    sim = shipped(play, steps=STEPS)
    sim.ask("restart")
    sim.settle()
    assert sim.answers()[-1][0] is False
    assert sim.status.step_index == 1


def _template(sim):
    metric = {"name": "m", "provider": {"prometheus": {"query": "up"}}}
    body = {"metadata": {"name": "t"}, "spec": {"metrics": [metric]}}
    sim.cluster.put(ports.TEMPLATE, body)


ANALYSIS = {"analysis": {"templates": [{"templateName": "t"}]}}


def _runs(sim):
    return {name for plural, name in sim.cluster.objects if plural == "analysisruns"}


def analyzed(play, steps):
    sim = play(steps=steps)
    _template(sim)
    sim.settle()
    sim.ship("two")
    return sim.settle()


def test_deleted_run_is_measured_anew(play):
    sim = analyzed(play, [{"setWeight": 20}, ANALYSIS])
    (name,) = _runs(sim)
    del sim.cluster.objects["analysisruns", name]
    sim.settle()
    assert _runs(sim)
    sim.finish_run("Successful").settle()
    assert sim.stable_image() == "two"


def test_second_analysis_is_run_when_a_client_skips_the_first(play):
    sim = analyzed(play, [ANALYSIS, ANALYSIS])
    sim.write_status(currentStepIndex=1)
    sim.settle()
    assert any(name.endswith("-1") for name in _runs(sim))


def test_run_takes_another_name_when_a_stranger_has_its_own(play):
    sim = play(steps=[{"setWeight": 20}, ANALYSIS])
    _template(sim)
    sim.settle()
    template = {**sim.raw["spec"]["template"]}
    template["spec"] = {"containers": [{"name": "app", "image": "two"}]}
    foreign = f"app-{hashes.of_template(template)}-2-1"
    sim.cluster.put(ports.RUN, {"metadata": {"name": foreign}, "spec": {}})
    sim.ship("two")
    sim.settle()
    assert f"{foreign}.1" in _runs(sim)


@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize("by", ["stock", "slack"])
def test_abort_takes_effect_when_the_steps_have_become_invalid(play, routed, by):
    sim = shipped(play, steps=STEPS, routed=routed)
    broken = [{"setWeight": 101}, *STEPS[1:]]
    sim.patch(spec={"strategy": {"canary": {"steps": broken}}}).settle()
    assert sim.available("two") == 1
    if by == "stock":
        sim.write_status(abort=True)
    else:
        sim.ask("abort")
    sim.settle()
    assert sim.weight() == 0
    assert sim.status.abort
    sim.wait(60)
    assert sim.sized() == {"one": 5}
    assert "setWeight" in sim.status.message
    sim.patch(spec={"strategy": {"canary": {"steps": STEPS}}}).settle()
    assert sim.status.condition("InvalidSpec") is None


def test_approval_of_a_pause_does_not_open_the_gate_that_took_its_place(play):
    sim = shipped(play, steps=[{"setWeight": 20}, {"pause": {}}, PAUSED], annotations=GATE)
    old = intake.present_gate("test", sim.raw["metadata"]["uid"], sim.status)
    sim.now += timedelta(seconds=30)
    sim.ask("promote-full")
    sim.settle()
    sim.ask("promote", gate=old)
    sim.settle()
    assert sim.answers()[-1][0] is False
    assert sim.stable_image() == "one"
    sim.ask("promote")
    sim.settle()
    assert sim.stable_image() == "two"


def test_gate_holds_again_after_an_abort_that_a_client_wiped_out(play):
    steps = [{"setWeight": 20}, {"setWeight": 100}, {"pause": {}}]
    sim = shipped(play, steps=steps, annotations=GATE)
    sim.ask("promote")
    sim.settle()
    sim.ask("abort")
    sim.settle()
    sim.write_status(abort=None, abortedAt=None)
    sim.settle()
    assert sim.status.phase == "Paused"
    assert sim.available("two") == 1
