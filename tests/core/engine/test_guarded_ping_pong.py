"""Which Service is the stable's turn is under no seal: whoever writes it gives nobody the canary."""

import pytest

from bot.model import errors, ports
from tests.core.engine import simulation
from tests.core.engine.guarded import ONE, Guarded
from tests.core.engine.test_guarded import SAM
from tests.core.engine.test_guarded_traffic import ready, weights
from tests.core.engine.test_ping_pong import BY_TURNS, routed, selected, take_turns

STEPS = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}]


def by_turns(**more):
    return take_turns(Guarded(policy=ONE, steps=STEPS, **{**BY_TURNS, **more})).settle()


def share(sim, image):
    """What of the traffic reaches a revision, by whichever Service."""
    mine = {simulation._hash(rs) for rs in sim.sets() if simulation._image(rs) == image}
    return sum(weight for name, weight in routed(sim).items() if selected(sim, name) in mine)


def turned(sim):
    """The other turn than the one that is."""
    known = sim.raw["status"]["canary"]["stablePingPong"]
    return {"stablePingPong": "ping" if known == "pong" else "pong"}


def watched(sim, image, most=20):
    """Looks after every single write, for the moment between two of them too."""

    def check(*_):
        assert share(sim, image) <= most

    sim.cluster.after = check
    return check


CASES = ["at the gate", "with weights", "with an abort", "aborted", "as it is shipped", "shipped after an abort"]


@pytest.mark.parametrize("case", CASES)
def test_turn_that_somebody_writes_gives_the_canary_no_more_than_its_gate(case):
    for dynamic in (False, True):
        written(by_turns(dynamicStableScale=dynamic), case)


def written(sim, case):
    image = "two"
    if case != "as it is shipped":
        sim.ship("two").settle()
    if case in {"aborted", "shipped after an abort"}:
        sim.ask("abort").settle()
    if case in {"as it is shipped", "shipped after an abort"}:
        image = "three"
        sim.ship(image)
    check = watched(sim, image)
    more = weights(sim, 100)["canary"] if case == "with weights" else {}
    abort = {"abort": True} if case == "with an abort" else {}
    sim.write_status(canary={**more, **turned(sim)}, **abort).settle(check=check)
    sim.kubectl_promote().settle(check=check)
    sim.wait(seconds=600, check=check)
    assert (sim.stable_image(), share(sim, "one")) == ("one", 100 - share(sim, image))


def test_abort_gives_no_more_whatever_turn_and_weight_are_written_beside_it():
    sim = by_turns(dynamicStableScale=True)
    sim.ship("two").settle()
    ready(sim, "one", 2)
    check = watched(sim, "two")
    more = weights(sim, 80)["canary"]
    sim.write_status(abort=True, canary={**more, **turned(sim)}).settle(check=check)
    assert routed(sim) == {"ping": 80, "pong": 20}
    sim.stuck.clear()
    sim.settle(check=check)
    assert (share(sim, "two"), share(sim, "one")) == (0, 100)


def test_somebody_who_writes_the_turn_is_told_of():
    sim = by_turns()
    sim.ship("two").settle()
    sim.write_status(canary=turned(sim)).settle()
    told = [text for _, reason, text in sim.events if reason == "GateKept"]
    assert len(told) == 1 and "wrote canary.stablePingPong" in told[0]


@pytest.mark.parametrize("nth", range(1, 9))
def test_turn_that_somebody_writes_gives_no_more_though_any_write_is_refused(nth):
    sim = by_turns()
    sim.ship("two").settle()
    check, first = watched(sim, "two"), sim.cluster.calls
    lost = errors.Unavailable("x")
    sim.cluster.before = lambda n, w: lost if n == first + nth else None
    sim.write_status(canary=turned(sim)).settle(check=check)
    assert (share(sim, "two"), share(sim, "one")) == (20, 80)


def test_route_that_refuses_leaves_no_more_with_the_canary_when_the_turn_is_written():
    sim = by_turns()
    sim.ship("two").settle()
    check = watched(sim, "two")
    refused = errors.Refused("no")
    sim.cluster.before = lambda n, w: refused if w.ref.kind is ports.VIRTUAL_SERVICE else None
    sim.write_status(canary=turned(sim))
    for _ in range(5):
        sim.once()
        sim.kubelet()
        check()
    assert share(sim, "one") == 80


def test_update_is_promoted_after_somebody_has_written_the_turn():
    sim = by_turns()
    sim.ship("two").settle()
    sim.write_status(canary=turned(sim)).settle()
    sim.approve(SAM).approve(SAM)
    sim.wait(seconds=600)
    assert (sim.stable_image(), share(sim, "two")) == ("two", 100)


def test_neither_stable_nor_turn_is_believed_between_updates():
    sim = by_turns()
    old = sim.status.stable_hash
    sim.ship("two").settle()
    sim.approve(SAM).approve(SAM)
    sim.wait(seconds=600)
    assert sim.stable_image() == "two"
    check = watched(sim, "one", 0)
    sim.write_status(stableRS=old, canary=turned(sim))
    sim.once()
    sim.settle(check=check)
    assert (sim.stable_image(), share(sim, "two")) == ("two", 100)


def test_next_revision_does_not_inherit_the_turn_of_the_one_before():
    sim = by_turns()
    sim.ship("two").settle()
    sim.approve(SAM)
    assert share(sim, "two") == 60
    check = watched(sim, "three")
    sim.ship("three").settle(check=check)
    assert (share(sim, "three"), share(sim, "one")) == (20, 80)


def test_nobody_is_told_of_when_the_stables_service_is_applied_anew_after_an_abort():
    sim = by_turns()
    sim.ship("two").settle().ask("abort").settle()
    turn = sim.status.stable_ping_pong
    sim.cluster.objects["services", turn]["spec"]["selector"] = {"app": "app"}
    sim.once()
    sim.settle()
    assert sim.status.stable_ping_pong == turn
    assert not [reason for _, reason, _ in sim.events if reason == "GateKept"]
    assert share(sim, "one") == 100
