"""What is held and what is not, played on a rollout: freezes, windows, and turns after them."""

from datetime import UTC, datetime, time, timedelta

import pytest

from bot.core.gates import turns
from bot.model import policy, ports, status
from tests.core.engine.simulation import START, Simulation

PAUSE = {"pause": {}}
FRIDAY = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HOURS = policy.Window(
    name="hours",
    zone="Europe/Berlin",
    days=(0, 1, 2, 3, 4),
    start=time(9),
    end=time(17),
)


def weight(percent):
    return {"setWeight": percent}


@pytest.fixture(params=[False, True], ids=["basic", "routed"])
def world(request):
    made = []

    def make(*steps, at=START, windows=(), **more):
        sim = Simulation(steps=steps, routed=request.param, **more)
        sim.now, sim.policy = at, policy.Effective(windows=windows)
        made.append(sim)
        return sim.settle()

    yield make
    for sim in made:
        sim.close()


def idle(sim):
    writes = len(sim.cluster.writes)
    sim.once()
    assert len(sim.cluster.writes) == writes, sim.cluster.writes[writes:]


def test_update_shipped_on_friday_evening_goes_on_on_monday(world):
    sim = world(weight(20), PAUSE, at=FRIDAY, windows=(HOURS,))
    sim.ship("two").settle()
    assert sim.sized() == {"one": 5}
    assert sim.weight() == 0
    assert sim.status.phase == "Paused"
    assert sim.status.message == "held: outside hours, until Mon 2026-11-30 09:00 +01:00 (Europe/Berlin)"
    assert sim.status.pause_conditions == ()
    assert sim.timers.at == MONDAY
    idle(sim)
    sim.wait((MONDAY - FRIDAY).total_seconds() - 1)
    assert sim.sized() == {"one": 5}
    sim.wait(1)
    assert sim.status.step_index == 1
    assert sim.available("two") == 1
    assert sim.status.bot.held is None
    assert sim.weight() == (20 if sim.routed else 0)


def test_timed_pause_that_ends_at_night_goes_on_at_the_opening(world):
    begin = FRIDAY - timedelta(minutes=20)
    sim = world(weight(20), {"pause": {"duration": "1h"}}, weight(60), PAUSE,
                at=begin, windows=(HOURS,))  # fmt: skip
    sim.ship("two").settle()
    paused = sim.status.pause_conditions
    assert sim.status.step_index == 1
    sim.wait(3601)
    assert sim.status.step_index == 1
    assert sim.status.pause_conditions == paused  # the clock of the pause is what it was
    assert (sim.status.phase, sim.status.message) == ("Paused", "CanaryPauseStep")
    assert sim.timers.at == MONDAY
    idle(sim)
    sim.wait()
    assert sim.now == MONDAY
    assert sim.status.step_index == 3
    assert sim.available("two") == 3


def test_timed_pause_keeps_its_own_end_when_that_is_within_the_window(world):
    sim = world({"pause": {"duration": "1h"}}, weight(20), PAUSE,
                at=FRIDAY - timedelta(hours=3), windows=(HOURS,))  # fmt: skip
    sim.ship("two").settle()
    sim.wait(3599)
    assert sim.status.step_index == 0
    sim.wait(2)
    assert sim.status.step_index == 2


def test_freeze_in_mid_step_holds_and_an_abort_passes(world):
    sim = world(weight(20), PAUSE, weight(60), PAUSE)
    sim.ship("two").settle()
    sim.ask("promote").once()  # on the way to 60 %
    sim.stuck = {"two"}
    sim.settle()
    before = sim.weight(), sim.available("two")
    sim.freeze()
    sim.stuck = set()
    sim.settle()
    assert sim.status.step_index == 2
    if sim.routed:
        assert sim.weight() == before[0]
    assert sim.status.bot.held.rule == "freeze:incident"
    idle(sim)
    sim.wait(3600)
    assert (sim.status.phase, sim.status.step_index) == ("Paused", 2)
    sim.ask("abort", reason="worse").settle()
    assert sim.status.phase == "Degraded"
    assert sim.weight() == 0
    assert "safeAt" in sim.status.bot.abort
    assert sim.status.bot.held is None
    sim.wait(60)
    assert sim.sized() == {"one": 5}


def test_freeze_says_until_when_by_whom_and_why(world):
    sim = world(weight(20), PAUSE)
    sim.freeze(seconds=6 * 3600).ship("two").settle()
    assert sim.status.message == "held: freeze until 2026-11-23 18:00 UTC by dana: db incident"
    assert sim.status.condition("Paused").status == "True"
    assert sim.status.condition("Progressing").reason == "RolloutPaused"


def test_held_update_does_not_run_into_its_deadline(world):
    sim = world(weight(20), PAUSE, progressDeadlineSeconds=60)
    sim.patch(spec={"progressDeadlineSeconds": 60, "progressDeadlineAbort": True})
    sim.settle()
    sim.freeze(seconds=3600).ship("two").settle()
    sim.wait(3599)
    assert sim.status.phase == "Paused"
    sim.wait(1)
    assert sim.status.step_index == 1
    assert not sim.status.abort


def test_deadline_takes_it_back_although_it_is_frozen(world):
    sim = world(weight(40), PAUSE)
    sim.patch(spec={"progressDeadlineSeconds": 60, "progressDeadlineAbort": True}).settle()
    sim.broken = {"two"}
    sim.ship("two").settle()
    sim.freeze().settle()
    sim.wait(120)
    assert sim.status.abort
    assert sim.weight() == 0


@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_failed_analysis_takes_it_back_although_it_is_frozen(world, phase):
    analysis = {"analysis": {"templates": [{"templateName": "rate"}]}}
    sim = world()
    sim.cluster.put(
        ports.TEMPLATE,
        {
            "metadata": {"name": "rate"},
            "spec": {"metrics": [{"name": "m", "provider": {"web": {"url": "http://x"}}}]},
        },
    )
    strategy = {"canary": {"steps": [weight(20), analysis, PAUSE]}}
    sim.patch(spec={"strategy": strategy}).settle()
    sim.ship("two").settle()
    assert sim.status.step_run is not None
    sim.freeze()
    sim.finish_run(phase).settle()
    assert sim.status.abort


def test_way_back_to_the_stable_is_free_although_it_is_frozen(world):
    sim = world(weight(60), PAUSE)
    sim.ship("two").settle()
    sim.freeze().ship("one").settle()
    sim.wait(60)
    assert sim.status.phase == "Healthy"
    assert sim.sized() == {"one": 5}


def test_rollback_within_its_window_is_free_although_it_is_frozen(world):
    sim = world(weight(60), PAUSE)
    sim.patch(spec={"rollbackWindow": {"revisions": 3}}).settle()
    sim.now += timedelta(seconds=60)
    sim.ship("two").settle()
    two = next(rs for rs in sim.sets() if "two" in str(rs["spec"]["template"]))
    sim.cluster.put(
        ports.REPLICA_SET,
        {**two, "metadata": {**two["metadata"], "creationTimestamp": "2026-11-23T12:05:00Z"}},
    )
    sim.ask("promote").settle()
    sim.wait(60)
    assert sim.stable_image() == "two"
    sim.freeze().ship("one").settle()
    sim.wait(60)
    assert sim.stable_image() == "one"
    assert sim.sized() == {"one": 5}


def test_first_deployment_is_free_although_it_is_frozen(world):
    sim = Simulation(steps=[weight(20), PAUSE])
    sim.freeze().settle()
    assert sim.sized() == {"one": 5}
    assert sim.status.phase == "Healthy"
    sim.close()


def test_whole_rollout_grows_although_it_is_frozen(world):
    sim = world(weight(40), PAUSE)
    sim.ship("two").settle()
    sim.freeze()
    sim.patch(spec={"replicas": 10}).settle()
    assert sim.status.step_index == 1
    found = sim.sized()
    assert found == {"one": 10 if sim.routed else 6, "two": 4}


def test_approval_under_a_freeze_is_kept_and_counts_at_its_end(world):
    sim = world(weight(20), PAUSE, weight(60), PAUSE)
    sim.ship("two").settle()
    sim.freeze(seconds=600)
    sim.ask("promote").settle()
    accepted, sentence = sim.answers()[-1]
    assert accepted
    assert sentence.startswith("Approved, and held: freeze until 2026-11-23 12:10 UTC by dana: db incident.")
    assert (sim.status.phase, sim.status.step_index) == ("Paused", 1)
    idle(sim)
    sim.wait(600)
    assert sim.status.step_index == 3
    assert sim.status.bot.opened.by == "U0SAM"


@pytest.mark.parametrize("kind", ["promote", "promote-full"])
def test_skip_is_refused_under_a_freeze(world, kind):
    sim = world(weight(20), PAUSE)
    sim.freeze().ship("two").settle()
    sim.ask(kind).settle()
    accepted, sentence = sim.answers()[-1]
    assert not accepted
    assert sentence == (
        "Nothing was changed: freeze by dana: db incident. "
        "It goes on after /rollout unfreeze incident."
    )
    assert sim.sized() == {"one": 5}


@pytest.mark.parametrize("body", [{"promoteFull": True}, {"currentStepIndex": 2}])
def test_stock_tools_do_not_move_traffic_under_a_freeze(world, body):
    sim = world(weight(20), PAUSE, weight(60), PAUSE)
    sim.ship("two").settle()
    sim.freeze()
    sim.write_status(**body).settle()
    assert sim.available("two") == 1
    assert sim.weight() == (20 if sim.routed else 0)
    idle(sim)
    sim.unfreeze().settle()
    assert sim.available("two") >= 3


def test_promotion_is_held_when_the_freeze_comes_after_the_last_step(world):
    sim = world(weight(20), PAUSE)
    sim.ship("two").settle()
    sim.ask("promote").once()
    sim.freeze().settle()
    assert sim.stable_image() == "one"
    assert sim.status.phase == "Paused"
    idle(sim)
    sim.unfreeze().settle()
    assert sim.stable_image() == "two"


def test_rolling_update_without_steps_is_held_too(world):
    sim = world()
    sim.freeze().ship("two").settle()
    assert sim.sized() == {"one": 5}
    sim.unfreeze().settle()
    sim.wait(60)
    assert sim.sized() == {"two": 5}


def test_freeze_of_another_scope_holds_nothing(world):
    sim = world(weight(20), PAUSE)
    sim.freeze("other", namespace="pay*").freeze("name", namespace="shop", name="cart")
    sim.ship("two").settle()
    assert sim.status.step_index == 1


def test_rollout_for_which_a_freeze_was_lifted_goes_on(world):
    sim = world(weight(20), PAUSE)
    sim.freeze(lifted_for=("shop/app",)).ship("two").settle()
    assert sim.status.step_index == 1


def test_window_of_one_step_holds_before_that_step_only(world):
    late = policy.Window(
        name="last", zone="UTC", days=(0,), start=time(14), end=time(15), steps=(2,)
    )
    sim = world(weight(20), {"pause": {"duration": 60}}, weight(60), PAUSE, windows=(late,))
    sim.ship("two").settle()
    assert sim.status.step_index == 1
    sim.wait(3600)
    assert sim.status.step_index == 1
    assert sim.timers.at == START.replace(hour=14)
    sim.wait()
    assert sim.status.step_index == 3


# -- what waited goes on in order -----------------------------------------------------------


def others(sim, *entries):
    """Other rollouts of the cluster that wait in the same line."""
    for name, block in entries:
        sim.cluster.objects["rollouts", name] = {
            "metadata": {"name": name, "namespace": "shop", "uid": name},
            "status": {"rolloutBot": block},
        }


def waits(minutes, **more):
    return {"held": {"since": (START - timedelta(minutes=minutes)).isoformat(),
                     "rule": "freeze:incident", **more}}  # fmt: skip


def test_those_that_wait_for_longer_go_on_first(world):
    sim = world(weight(20), PAUSE)
    sim.freeze().ship("two").settle()
    others(sim, *((f"r{n}", waits(n + 1)) for n in range(7)))
    sim.now += timedelta(hours=1)
    freed = sim.now
    sim.unfreeze().settle()
    assert sim.status.message == "held: the hold is over; 7 that wait for longer go on first"
    assert sim.timers.at == freed + 2 * turns.EVERY
    idle(sim)
    sim._build()  # a restart changes nothing
    sim.once()
    assert sim.timers.at == freed + 2 * turns.EVERY
    for name in ("r0", "r1", "r2", "r3", "r4", "r5"):  # they have gone on meanwhile
        went = {"since": (START - timedelta(minutes=3)).isoformat(), "at": freed.isoformat()}
        others(sim, (name, {"wentOn": went}))
    sim.settle()
    assert sim.status.step_index == 0
    sim.wait(2 * turns.EVERY.total_seconds())
    assert sim.status.step_index == 1
    assert sim.status.bot.went_on == status.WentOn(since=START, at=sim.now)


def test_turns_are_counted_from_the_end_of_the_hold_when_the_bot_was_away(world):
    sim = world(weight(20), PAUSE)
    sim.freeze(seconds=600).ship("two").settle()
    until = (START + timedelta(seconds=600)).isoformat()
    others(sim, *((f"r{n}", waits(1, until=until)) for n in range(7)))
    sim.now += timedelta(seconds=605)
    sim.settle()
    assert sim.timers.at == START + timedelta(seconds=600) + 2 * turns.EVERY


def test_those_that_something_else_holds_take_no_turn(world):
    sim = world(weight(20), PAUSE)
    sim.freeze("other", namespace="pay").freeze().ship("two").settle()
    others(sim, *((f"r{n}", waits(5, rule="freeze:other")) for n in range(9)))
    others(sim, *((f"w{n}", waits(5, rule="window:x", until="2030-01-01T00:00:00+00:00"))
                  for n in range(9)))  # fmt: skip
    sim.unfreeze().settle()
    assert sim.status.step_index == 1


def test_those_that_came_later_wait_for_nobody_before_them(world):
    sim = world(weight(20), PAUSE)
    sim.freeze().ship("two").settle()
    others(sim, *((f"r{n}", waits(-5)) for n in range(9)))
    sim.unfreeze().settle()
    assert sim.status.step_index == 1
