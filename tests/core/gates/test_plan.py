"""The plan of an update, before it starts and on its way: weights, pods, earliest times."""

from datetime import timedelta

import pytest

from bot.core import codec_spec, codec_status, planning
from bot.core.notices import scene as scenes
from bot.model import policy
from tests.core.engine.simulation import START, Simulation
from tests.core.gates.test_holds import FRIDAY, HOURS, MONDAY, PAUSE, weight

HOUR = timedelta(hours=1)
STEPS = (weight(20), {"pause": {"duration": "1h"}}, weight(50), PAUSE)


@pytest.fixture
def make():
    made = []

    def build(*steps, at=START, windows=(), **more):
        sim = Simulation(steps=steps, **more)
        sim.now, sim.policy = at, policy.Effective(windows=windows)
        made.append(sim)
        return sim.settle()

    yield build
    for sim in made:
        sim.close()


def scene(sim):
    spec = codec_spec.decode(sim.raw)
    return scenes.build(
        spec=spec,
        status=codec_status.decode(sim.raw["status"]),
        seen=sim.reconciler.reader.see(sim.raw, spec),
        reasons=(),
        now=sim.now,
    )


def plan(sim):
    found = planning.of(scene(sim).sheet)
    return [(s.text, s.weight, s.canary, s.stable, s.at) for s in found]


@pytest.mark.parametrize("routed", [False, True])
def test_next_version_is_planned_before_anybody_ships_it(make, routed):
    sim = make(*STEPS, routed=routed, replicas=10)
    rest = 10 if routed else 8
    half = 10 if routed else 5
    assert plan(sim) == [
        ("20 %", 20, 2, rest, START),
        ("1 h", 20, 2, rest, START),
        ("50 %", 50, 5, half, START + HOUR),
        ("approval", 50, 5, half, START + HOUR),
        ("all users: it is the stable then", 100, 10, rest and (10 if routed else 0), None),
    ]


@pytest.mark.parametrize("routed", [False, True])
def test_plan_ends_with_all_users_when_an_approval_is_asked_for_before_that(make, routed):
    steps = (weight(20), {"pause": {"duration": "1h"}})
    sim = make(*steps, routed=routed, replicas=10)
    sim.patch(metadata={"annotations": {"rollout-bot.io/gate-before-full": "true"}}).settle()
    (*_, asked, last) = plan(sim)
    assert asked[:3] == ("approval", 20, 2)
    assert last[:3] == ("all users: it is the stable then", 100, 10)


def test_plan_counts_the_window_that_a_pause_ends_out_of(make):
    begin = FRIDAY - timedelta(minutes=20)
    sim = make(*STEPS, at=begin, windows=(HOURS,))
    found = planning.of(scene(sim).sheet)
    assert [one.at for one in found] == [begin, begin, MONDAY, MONDAY, None]
    assert found[2].held == "outside hours, until Mon 2026-11-30 09:00 +01:00 (Europe/Berlin)"


def test_plan_of_an_update_goes_on_from_its_present_step_and_clock(make):
    sim = make(*STEPS)
    sim.ship("two").settle()
    sim.wait(600)
    assert [(text, at) for text, _, _, _, at in plan(sim)] == [
        ("1 h", START + timedelta(seconds=600)),
        ("50 %", START + HOUR),
        ("approval", START + HOUR),
        ("all users: it is the stable then", None),
    ]


def test_plan_has_no_times_after_a_freeze_without_an_end(make):
    sim = make(*STEPS)
    sim.freeze(seconds=7200)
    assert [one[4] for one in plan(sim)][:3] == [START + 2 * HOUR] * 2 + [START + 3 * HOUR]
    sim.freeze("stop")
    assert {one[4] for one in plan(sim)} == {None}


def test_plan_is_what_the_rollout_then_goes_through(make):
    """The pods and weights of the plan, step by step, are those that come about."""
    sim = make(weight(20), {"pause": {"duration": 60}}, weight(60), {"pause": {"duration": 60}},
               replicas=10)  # fmt: skip
    planned = [(s.weight, s.canary, s.stable) for s in planning.of(scene(sim).sheet)]
    sim.ship("two").settle()
    seen = []
    for _ in range(3):
        sized = sim.sized()
        seen.append((sized.get("two", 0), sized.get("one", 0)))
        sim.wait(61)
    assert [(canary, stable) for _, canary, stable in planned][1::2] == seen[:2]
    assert planned[-1] == (100, 10, 0) and seen[2] == (10, 0)


def test_gate_before_full_is_a_stage_of_the_plan(make):
    sim = make(weight(20), annotations={"rollout-bot.io/gate-before-full": "true"})
    assert [one[0] for one in plan(sim)] == [
        "20 %",
        "approval",
        "all users: it is the stable then",
    ]
    assert [one[4] for one in plan(sim)] == [START, START, None]
