"""Phase, message and conditions of a rollout in each of its situations (spec §4.1, §4.2)."""

from datetime import timedelta

import pytest

from bot.core import codec_status
from bot.model import ports
from tests.core.engine import simulation

STEPS = ({"setWeight": 40}, {"pause": {}})
ANALYSIS = {"templates": [{"templateName": "t"}]}


def add_template(sim):
    metric = {"name": "m", "provider": {"web": {"url": "http://m.example"}}}
    sim.cluster.put(ports.TEMPLATE, {"metadata": {"name": "t"}, "spec": {"metrics": [metric]}})


def canary(*, routed=False, steps=STEPS, **spec):
    sim = simulation.Simulation(steps=steps, routed=routed)
    return sim.patch(spec=spec).settle()


def blue_green(**chosen):
    sim = simulation.Simulation()
    for name in ("active", "preview"):
        body = {"metadata": {"name": name}, "spec": {"selector": {"app": "app"}}}
        sim.cluster.put(ports.SERVICE, body)
    add_template(sim)
    strategy = {"activeService": "active", "previewService": "preview", **chosen}
    return sim.patch(spec={"strategy": {"canary": None, "blueGreen": strategy}})


def invalid():
    return canary(steps=({"setWeight": 101},))


def aborted():
    return canary().ship("two").settle().ask("abort").settle()


def late():
    sim = canary(progressDeadlineSeconds=30)
    sim.broken.add("two")
    return sim.ship("two").settle().wait(60)


def paused_by_hand():
    return canary().patch(spec={"paused": True}).settle()


def at_a_gate():
    return canary().ship("two").settle()


def inconclusive():
    sim = blue_green(prePromotionAnalysis=ANALYSIS).settle().ship("two").settle()
    return sim.finish_run("Inconclusive").settle()


def before_a_restart():
    sim = canary()
    later = codec_status.stamp(sim.now + timedelta(hours=1))
    return sim.patch(spec={"restartAt": later}).settle()


def growing():
    sim = canary(steps=())
    sim.stuck.add("two")
    return sim.ship("two").settle()


def becoming_available():
    sim = simulation.Simulation(steps=STEPS)
    sim.broken.add("one")
    return sim.settle()


def before_the_switch():
    return blue_green(prePromotionAnalysis=ANALYSIS).settle().ship("two").settle()


def after_the_switch():
    return blue_green(postPromotionAnalysis=ANALYSIS).settle().ship("two").settle()


def with_old_pods():
    """One pod of each: the canary's is all that is wanted, and the stable's is one too many."""
    sim = canary(steps=({"setWeight": 50}, {"analysis": ANALYSIS}), replicas=1)
    add_template(sim)
    return sim.settle().ship("two").settle()


def before_the_last_step():
    sim = canary(routed=True, steps=({"setWeight": 100}, {"analysis": ANALYSIS}))
    add_template(sim)
    return sim.settle().ship("two").settle()


TABLE = {
    "1": (invalid, "Degraded", 'InvalidSpec: The Rollout "app" is invalid: '),
    "2-abort": (aborted, "Degraded", "RolloutAborted: Rollout aborted update to revision 2"),
    "2-late": (late, "Degraded", "ProgressDeadlineExceeded: ReplicaSet "),
    "3": (paused_by_hand, "Paused", "manually paused"),
    "4-step": (at_a_gate, "Paused", "CanaryPauseStep"),
    "4-unclear": (inconclusive, "Paused", "InconclusiveAnalysisRun"),
    "5": (before_a_restart, "Progressing", "rollout is restarting"),
    "6": (growing, "Progressing", "more replicas need to be updated"),
    "7": (becoming_available, "Progressing", "updated replicas are still becoming available"),
    "8": (before_the_switch, "Progressing", "active service cutover pending"),
    "9": (after_the_switch, "Progressing", "waiting for analysis to complete"),
    "11": (with_old_pods, "Progressing", "old replicas are pending termination"),
    "12": (before_the_last_step, "Progressing", "waiting for all steps to complete"),
    "13": (canary, "Healthy", ""),
}


@pytest.mark.row(71)
@pytest.mark.parametrize(("come", "phase", "message"), TABLE.values(), ids=list(TABLE))
def test_phase_is_that_of_the_first_row_that_holds(come, phase, message):
    sim = come()
    assert sim.status.phase == phase
    assert sim.status.message.startswith(message)
    assert bool(sim.status.message) == bool(message)
    sim.close()


def delayed():
    sim = canary(routed=True).ship("two").settle()
    return sim.ask("promote").settle()


PROGRESSED = ("True", "NewReplicaSetAvailable")
SITUATIONS = {
    "settled": (canary, {"Available": "True", "Completed": "True", "Healthy": "True"}, PROGRESSED),
    "old-pods-wait": (
        delayed,
        {"Available": "True", "Completed": "True", "Healthy": "False"},
        ("True", "ReplicaSetUpdated"),
    ),
    "paused": (
        at_a_gate,
        {"Completed": "False", "Healthy": "False", "Paused": "True"},
        ("Unknown", "RolloutPaused"),
    ),
    "late": (late, {"Completed": "False"}, ("False", "ProgressDeadlineExceeded")),
    # What was paused stays marked so, for as long as it is aborted.
    "aborted": (
        aborted,
        {"Completed": "False", "Paused": "True"},
        ("False", "RolloutAborted"),
    ),
}


@pytest.mark.row(72)
@pytest.mark.parametrize(
    ("come", "wanted", "progressing"), SITUATIONS.values(), ids=list(SITUATIONS)
)
def test_conditions_are_those_of_the_situation(come, wanted, progressing):
    sim = come()
    found = {c.type: c.status for c in sim.status.conditions}
    assert {kind: found.get(kind) for kind in wanted} == wanted
    moving = sim.status.condition("Progressing")
    assert (moving.status, moving.reason) == progressing
    sim.close()
