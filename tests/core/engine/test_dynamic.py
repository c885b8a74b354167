"""Canaries whose stable gives up pods, thresholds and least pods (spec §2.7, §2.11, §2.14)."""

import pytest

from tests.core.engine import simulation

PAUSE = {"pause": {}}
STEPS = [{"setWeight": 40}, PAUSE, {"setWeight": 80}, PAUSE]


@pytest.fixture
def play():
    made = []

    def start(*steps, **how):
        sim = simulation.Simulation(steps=steps or STEPS, routed=True, **{"replicas": 10, **how})
        made.append(sim)
        return sim.settle()

    yield start
    for sim in made:
        sim.close()


def capacity(sim):
    """Each side has the pods that its traffic needs, in every state on the way."""
    weight, ready = sim.weight(), {k: sim.available(k) for k in ("one", "two")}
    if not sim.routed or sim.stable_image() not in {"one", "two"}:
        return
    if sim.stable_image() == "one":
        assert ready["two"] * 10 >= weight - 9
        assert ready["one"] * 10 >= 100 - weight - 9


@pytest.mark.row(26)
def test_stable_gives_up_pods_as_the_canary_takes_over(play):
    sim = play(dynamicStableScale=True)
    sim.ship("two")
    sim.settle(check=lambda: capacity(sim))
    assert (sim.weight(), sim.sized()) == (40, {"one": 6, "two": 4})
    sim.ask("promote")
    sim.settle(check=lambda: capacity(sim))
    assert (sim.weight(), sim.sized()) == (80, {"one": 2, "two": 8})
    sim.ask("promote")
    sim.settle(check=lambda: capacity(sim))
    assert sim.stable_image() == "two"
    assert sim.sized() == {"two": 10}


@pytest.mark.row(27)
@pytest.mark.parametrize("delay", [None, 30])
def test_weight_only_falls_as_stable_pods_come_back_after_an_abort(play, delay):
    more = {} if delay is None else {"abortScaleDownDelaySeconds": delay}
    sim = play(dynamicStableScale=True, **more)
    sim.ship("two")
    sim.settle()
    sim.ask("promote")
    sim.settle()
    seen = [sim.weight()]

    def check():
        capacity(sim)
        assert sim.weight() <= seen[-1]
        seen.append(sim.weight())

    sim.stuck.add("one")
    sim.ask("abort")
    sim.settle(check=check)
    assert sim.weight() == 80
    sim.stuck.clear()
    sim.settle(check=check)
    assert sim.weight() == 0
    sim.wait(60, check=check)
    assert sim.sized() == {"one": 10}


def test_traffic_comes_back_with_the_pods_when_the_old_template_is_applied(play):
    sim = play(dynamicStableScale=True)
    sim.ship("two")
    sim.settle()
    sim.ask("promote")
    sim.settle()
    sim.stuck.add("one")
    sim.ship("one")
    sim.settle()
    assert sim.weight() == 80
    assert sim.available("two") == 8
    sim.stuck.clear()
    sim.settle()
    assert sim.weight() == 0
    assert sim.sized() == {"one": 10}
    assert sim.status.phase == "Healthy"


def test_weight_follows_the_pods_when_a_dynamic_canary_is_fully_promoted(play):
    sim = play(dynamicStableScale=True)
    sim.ship("two")
    sim.settle()
    sim.write_status(promoteFull=True)
    sim.settle(check=lambda: capacity(sim))
    assert sim.stable_image() == "two"
    assert sim.sized() == {"two": 10}


@pytest.mark.row(28)
def test_canary_has_its_least_pods_when_the_weight_is_small(play):
    sim = play({"setWeight": 1}, PAUSE, minPodsPerReplicaSet=2)
    sim.ship("two")
    sim.settle()
    assert sim.sized() == {"one": 10, "two": 2}


@pytest.mark.row(29, 30)
@pytest.mark.parametrize(
    ("kind", "value", "goes_on"),
    [("Percent", 70, True), ("Percent", 80, False), ("Pod", 3, True), ("Pod", 4, False)],
)
def test_step_goes_on_when_enough_pods_are_available(play, kind, value, goes_on):
    sim = play({"setWeight": 40}, PAUSE, replicaProgressThreshold={"type": kind, "value": value})
    sim.ship("two")
    sim.stuck.add("two")
    sim.settle()
    (canary,) = (rs for rs in sim.sets() if simulation._image(rs) == "two")
    canary["status"] = {"replicas": 4, "readyReplicas": 3, "availableReplicas": 3}
    sim.settle()
    assert (sim.status.phase == "Paused") is goes_on
    assert sim.weight() == (40 if goes_on else 0)


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ({"scaleDownDelaySeconds": 5}, "dynamicStableScale cannot be used with scaleDownDelay"),
        ({"trafficRouting": None}, "dynamicStableScale can only be used with traffic routing"),
    ],
)
def test_rollout_is_degraded_when_dynamic_does_not_fit(play, how, text):
    sim = play()
    sim.patch(spec={"strategy": {"canary": {"dynamicStableScale": True, **how}}}).settle()
    assert text in sim.status.message
