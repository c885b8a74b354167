"""Phase, message and conditions of a rollout in each of its situations (spec §4.1, §4.2)."""

from datetime import timedelta

import pytest

from bot.core import codec_status
from bot.model import errors, ports
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


def before_a_switch_by_hand():
    sim = blue_green(autoPromotionEnabled=False).settle()
    return sim.ship("two").settle()


def with_an_unclear_experiment():
    step = {"experiment": {"templates": [{"name": "a", "specRef": "canary"}]}}
    sim = canary(steps=(step,)).ship("two").settle()
    trial = next(o for (kind, _), o in sim.cluster.objects.items() if kind == "experiments")
    sim.cluster.put(ports.EXPERIMENT, {**trial, "status": {"phase": "Inconclusive"}})
    return sim.settle()


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


def just_switched():
    """Between the pass that switches the active Service and the one that promotes."""
    sim = blue_green().settle()
    before = sim.status.active
    sim.ship("two")
    while sim.status.active == before:
        sim.once()
        sim.kubelet()
    return sim


def forbidden():
    sim = canary()
    sim.cluster.before = lambda _, write: (
        errors.Forbidden("exceeded quota: sets")
        if write.ref.kind == ports.REPLICA_SET and write.verb is ports.Verb.CREATE
        else None
    )
    sim.ship("two").once()
    return sim


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
    "4-switch": (before_a_switch_by_hand, "Paused", "BlueGreenPause"),
    "4-unclear": (inconclusive, "Paused", "InconclusiveAnalysisRun"),
    "4-experiment": (with_an_unclear_experiment, "Paused", "InconclusiveExperiment"),
    "5": (before_a_restart, "Progressing", "rollout is restarting"),
    "6": (growing, "Progressing", "more replicas need to be updated"),
    "7": (becoming_available, "Progressing", "updated replicas are still becoming available"),
    "8": (before_the_switch, "Progressing", "active service cutover pending"),
    "9": (after_the_switch, "Progressing", "waiting for analysis to complete"),
    "10": (
        just_switched,
        "Progressing",
        "waiting for post-promotion verification to complete",
    ),
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


def switched():
    return blue_green(scaleDownDelaySeconds=600).settle().ship("two").settle()


def past_a_gate():
    return at_a_gate().ask("promote").settle()


def without_pods():
    sim = canary()
    sim.broken.add("one")
    return sim.settle()


def resumed():
    sim = growing().patch(spec={"paused": True}).settle()
    return sim.patch(spec={"paused": False}).settle()


def tried_again():
    sim = aborted()
    sim.stuck.update({"one", "two"})
    return sim.ask("retry").settle()


def failing():
    sim = canary()
    (rs,) = sim.sets()
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    sim.cluster.put(ports.REPLICA_SET, {**rs, "status": {**rs["status"], "conditions": [refused]}})
    sim.once()
    return sim


PROGRESSED = ("True", "NewReplicaSetAvailable")
# Two of the reasons in §4.2 rest nowhere: NewReplicaSetCreated and FoundNewReplicaSet are of the
# pass that makes or finds the ReplicaSet, and the same pass writes ReplicaSetUpdated over them.
SITUATIONS = {
    "settled": (
        canary,
        {"Available": "True", "Completed": "True", "Healthy": "True", "Paused": None},
        PROGRESSED,
        "has successfully progressed.",
    ),
    "old-pods-wait": (
        delayed,
        {"Available": "True", "Completed": "True", "Healthy": "False"},
        ("True", "ReplicaSetUpdated"),
        "is progressing.",
    ),
    "old-pods-wait-blue-green": (
        switched,
        {"Available": "True", "Completed": "True", "Healthy": "True"},
        PROGRESSED,
        "has successfully progressed.",
    ),
    "paused": (
        at_a_gate,
        {"Completed": "False", "Healthy": "False", "Paused": "True"},
        ("Unknown", "RolloutPaused"),
        "Rollout is paused",
    ),
    "paused-before-the-switch": (
        before_a_switch_by_hand,
        {"Available": "True", "Completed": "False", "Healthy": "False", "Paused": "True"},
        ("Unknown", "RolloutPaused"),
        "Rollout is paused",
    ),
    "paused-unclear": (
        inconclusive,
        {"Completed": "False", "Healthy": "False", "Paused": "True"},
        ("Unknown", "RolloutPaused"),
        "Rollout is paused",
    ),
    "past-a-gate": (
        past_a_gate,
        {"Completed": "True", "Healthy": "True", "Paused": "False"},
        PROGRESSED,
        "has successfully progressed.",
    ),
    "resumed": (
        resumed,
        {"Available": "False", "Completed": "False", "Paused": "False"},
        ("Unknown", "RolloutResumed"),
        "Rollout is resumed",
    ),
    "late": (
        late,
        {"Completed": "False"},
        ("False", "ProgressDeadlineExceeded"),
        "has timed out progressing.",
    ),
    # What was paused stays marked so, for as long as it is aborted.
    "aborted": (
        aborted,
        {"Completed": "False", "Paused": "True"},
        ("False", "RolloutAborted"),
        "Rollout aborted update to revision 2",
    ),
    "tried-again": (
        tried_again,
        {"Completed": "False", "Paused": "False"},
        ("Unknown", "RolloutRetry"),
        "Retrying Rollout after abort",
    ),
    "without-pods": (
        without_pods,
        {"Available": "False", "Completed": "True", "Healthy": "False"},
        ("True", "ReplicaSetNotAvailable"),
        "Replicas are not available",
    ),
    "failing": (
        failing,
        {"ReplicaFailure": "True", "Completed": "True"},
        PROGRESSED,
        "has successfully progressed.",
    ),
    "forbidden": (
        forbidden,
        {"Available": "True"},
        ("False", "ReplicaSetCreateError"),
        ": exceeded quota: sets",
    ),
}


@pytest.mark.row(72)
@pytest.mark.parametrize(
    ("come", "wanted", "progressing", "text"), SITUATIONS.values(), ids=list(SITUATIONS)
)
def test_conditions_are_those_of_the_situation(come, wanted, progressing, text):
    sim = come()
    found = {c.type: c.status for c in sim.status.conditions}
    assert {kind: found.get(kind) for kind in wanted} == wanted
    moving = sim.status.condition("Progressing")
    assert (moving.status, moving.reason) == progressing
    assert moving.message.endswith(text)
    sim.close()


def test_invalid_rollout_has_no_other_condition_when_it_never_ran():
    sim = invalid()
    assert [(c.type, c.status, c.reason) for c in sim.status.conditions] == [
        ("InvalidSpec", "True", "InvalidSpec")
    ]
    assert sim.events == []
    sim.close()


def test_rollout_says_once_that_its_pods_are_forbidden_and_goes_on_when_they_are_not():
    sim = forbidden()
    assert (sim.status.phase, sim.status.message) == (
        "Progressing",
        "more replicas need to be updated",
    )
    assert sim.sized() == {"one": 5}
    said = len(sim.cluster.writes)
    for _ in range(3):
        assert isinstance(sim.once(), errors.RevisionRefused), "the queue tries again"
    assert len(sim.cluster.writes) == said
    text = sim.status.condition("Progressing").message
    assert text.startswith('Failed to create new replica set "app-')
    assert sim.events.count(("Warning", "ReplicaSetCreateError", text)) == 1
    sim.cluster.before = lambda *_: None
    sim.settle()
    assert sim.status.message == "CanaryPauseStep"
    sim.close()


@pytest.mark.parametrize("refusal", [errors.Forbidden, errors.Refused])
def test_traffic_goes_back_when_it_is_aborted_while_the_third_revision_cannot_be(refusal):
    sim = canary(routed=True).ship("two").settle()
    assert sim.weight() == 40
    sim.cluster.before = lambda _, write: (
        refusal("no more sets")
        if write.ref.kind == ports.REPLICA_SET and write.verb is ports.Verb.CREATE
        else None
    )
    sim.ship("three").once()
    sim.write_status(abort=True)
    for _ in range(6):
        sim.once()
        sim.kubelet()
    assert (sim.weight(), sim.status.phase) == (0, "Degraded")
    written = len(sim.cluster.writes)
    for _ in range(3):
        assert sim.once() is not None, "tried again, and nothing else is written"
    assert len(sim.cluster.writes) == written
    sim.close()
