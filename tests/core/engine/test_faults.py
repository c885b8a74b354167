"""A call may fail anywhere, an answer may be lost: the end is the same, no decision is lost."""

from datetime import timedelta

import pytest

from bot.model import errors, ports
from tests.core.engine.simulation import Simulation

STEPS = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}})
FAULTS = {
    "409": errors.Conflict("stale"),
    "404": errors.NotFound("gone"),
    "429": errors.Unavailable("busy", retry_after_s=1),
    "403": errors.Forbidden("not allowed"),
    "422": errors.Refused("no"),
}


def calm(sim):
    status = sim.status
    return (
        status.phase,
        status.message,
        status.step_index,
        status.abort,
        sim.stable_image(),
        sim.sized(),
        sim.weight(),
        [accepted for accepted, _ in sim.answers()],
    )


def play(act, *, routed, before=None, after=None):
    """Up to the second gate, then ``act`` with faults, then rest."""
    sim = Simulation(steps=STEPS, routed=routed)
    sim.settle().ship("two").settle()
    start = sim.cluster.calls
    if before:
        sim.cluster.before = lambda number, write: before(number - start, write)
    if after:
        sim.cluster.after = lambda number, write: after(number - start, write)
    act(sim)
    sim.settle()
    sim.wait(120)
    sim.close()
    return calm(sim), sim.cluster.calls - start


ACTS = {
    "promote": lambda sim: sim.ask("promote"),
    "kubectl-promote": lambda sim: sim.write_status(pauseConditions=None),
    "abort": lambda sim: sim.ask("abort"),
    "kubectl-abort": lambda sim: sim.write_status(abort=True),
    "promote-full": lambda sim: sim.ask("promote-full"),
    "kubectl-promote-full": lambda sim: sim.write_status(promoteFull=True),
    "ship": lambda sim: sim.ship("three"),
}


@pytest.mark.row(128)
@pytest.mark.parametrize("routed", [False, True], ids=["basic", "routed"])
@pytest.mark.parametrize("act", ACTS.values(), ids=list(ACTS))
def test_rollout_comes_to_the_same_end_when_any_call_fails(act, routed):
    wanted, calls = play(act, routed=routed)
    faults = list(FAULTS.values())
    for at in range(1, calls + 1):
        fault = faults[at % len(faults)]  # each call meets one, each one some calls
        got, _ = play(
            act, routed=routed, before=lambda n, _w, a=at, f=fault: f if n == a else None
        )
        assert got == wanted, f"call {at}: {fault}"


@pytest.mark.row(128)
@pytest.mark.parametrize("routed", [False, True], ids=["basic", "routed"])
@pytest.mark.parametrize("act", ACTS.values(), ids=list(ACTS))
def test_rollout_comes_to_the_same_end_when_any_answer_is_lost(act, routed):
    wanted, calls = play(act, routed=routed)
    lost = errors.Unavailable("timeout")
    for at in range(1, calls + 1):
        got, _ = play(act, routed=routed, after=lambda n, _w, a=at: lost if n == a else None)
        assert got == wanted, f"answer {at}"


@pytest.mark.parametrize("routed", [False, True], ids=["basic", "routed"])
@pytest.mark.parametrize("act", ACTS.values(), ids=list(ACTS))
def test_decision_is_kept_when_it_comes_between_any_two_writes(act, routed):
    """Somebody decides while a pass is writing: that pass must not write over it."""
    _, calls = play(lambda sim: sim.patch(spec={"replicas": 7}), routed=routed)
    sim = Simulation(steps=STEPS, routed=routed).settle().ship("two").settle()
    sim.patch(spec={"replicas": 7}).settle()
    act(sim)
    sim.settle().wait(120)
    wanted = calm(sim)
    for at in range(1, calls + 1):
        sim = Simulation(steps=STEPS, routed=routed).settle().ship("two").settle()
        when = sim.cluster.calls + at

        def decide(number, write, sim=sim, when=when):
            if number == when:
                act(sim)

        sim.cluster.before = decide
        sim.patch(spec={"replicas": 7}).settle()
        sim.wait(120)
        sim.close()
        assert calm(sim) == wanted, f"before call {at}"


def test_abort_says_so_and_keeps_trying_when_the_router_refuses():
    sim = Simulation(steps=STEPS, routed=True).settle().ship("two").settle()
    sim.ask("abort")
    sim.cluster.before = lambda n, w: (
        errors.Refused("the webhook says no") if w.ref.kind.plural == "ingresses" else None
    )
    for _ in range(3):
        error = sim.once()
        assert isinstance(error, errors.Unavailable)
    assert sim.status.abort
    assert sim.status.phase == "Degraded"
    assert sim.status.bot.abort["trouble"] == "the webhook says no"
    assert "safeAt" not in sim.status.bot.abort
    assert ("Warning", "TrafficRoutingError", "the webhook says no") in sim.events
    assert sim.told.bot.abort["trouble"] == "the webhook says no"
    assert sim.weight() == sim.status.weights.canary == 20
    sim.cluster.before = lambda n, w: None
    sim.settle()
    assert sim.weight() == sim.status.weights.canary == 0
    assert "safeAt" in sim.status.bot.abort
    assert "trouble" not in sim.status.bot.abort
    assert "trouble" not in sim.told.bot.abort


@pytest.mark.row(35)
def test_canary_service_leads_to_the_stable_when_the_router_refuses_an_abort():
    sim = Simulation(steps=STEPS, routed=True).settle().ship("two").settle()
    sim.cluster.before = lambda n, w: (
        errors.Refused("no") if w.ref.kind.plural == "ingresses" else None
    )
    sim.ask("abort")
    for _ in range(5):
        sim.once()
        sim.kubelet()
    service = sim.cluster.objects["services", "canary"]
    assert service["spec"]["selector"]["rollouts-pod-template-hash"] == sim.status.stable_hash
    assert sim.weight() == 20


def test_rollout_says_so_once_when_its_replica_set_may_not_be_made():
    sim = Simulation(steps=STEPS).settle().ship("two")
    sim.cluster.before = lambda n, w: (
        errors.Forbidden("exceeded quota: pods") if w.verb is ports.Verb.CREATE else None
    )
    for _ in range(3):
        assert isinstance(sim.once(), errors.Forbidden)
    told = sim.status.condition("Progressing")
    assert (told.status, told.reason) == ("False", "ReplicaSetCreateError")
    assert told.message.startswith('Failed to create new replica set "app-')
    assert told.message.endswith('": exceeded quota: pods')
    assert (sim.status.phase, sim.status.message) == (
        "Progressing",
        "more replicas need to be updated",
    )
    assert sim.events.count(("Warning", "ReplicaSetCreateError", told.message)) == 1
    sim.now += timedelta(seconds=700)
    sim.once()
    assert sim.status.phase == "Progressing"
    sim.cluster.before = lambda n, w: None
    sim.settle()
    assert sim.status.phase == "Paused"
    assert sim.status.condition("Progressing").reason == "RolloutPaused"
