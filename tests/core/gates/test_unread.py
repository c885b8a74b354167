"""Freezes that nobody could read yet: they hold what a freeze holds, and free what it frees."""

import asyncio
import inspect
from datetime import timedelta

import pytest

from bot.core import planning
from bot.core.gates import unread
from bot.core.notices import card, listing, standing
from bot.model import facts, policy
from bot.runtime import first_reading
from tests.core.engine import test_glass_holds
from tests.core.engine.guarded import Guarded
from tests.core.engine.planted import Bug, planted
from tests.core.engine.simulation import START, Simulation
from tests.core.gates import test_holds, test_why
from tests.core.gates.test_holds import PAUSE, idle, weight


class Source:
    """A cache of the freezes that the cluster has not filled."""

    def __init__(self, problem=""):
        self.synced, self.problem, self.refusals = asyncio.Event(), problem, 0


def lost(sim, problem=""):
    """The bot starts, and gets no answer."""
    source = Source(problem)
    sim.freezes.reading = first_reading.FirstReading(
        source=source, what="x", since=sim.now, known=lambda: None
    )
    return source


class Unread(Simulation):
    """Where somebody would freeze, nobody could read the freezes yet."""

    def freeze(self, *_, problem="", **__):
        self.source = lost(self, problem)
        return self

    def answered(self):
        self.source.synced.set()
        return self

    unfreeze = answered

    def really_freeze(self, **more):
        return super().freeze(**more)


def maker(made, *, routed):
    def make(*steps, at=START, windows=(), **more):
        sim = Unread(steps=steps, routed=routed, **more)
        sim.now, sim.policy = at, policy.Effective(windows=windows)
        made.append(sim)
        return sim.settle()

    return make


@pytest.fixture(params=[False, True], ids=["basic", "routed"])
def world(request):
    made = []
    yield maker(made, routed=request.param)
    for sim in made:
        sim.close()


LIKE_A_FREEZE = {
    "deadline": (test_holds.test_deadline_takes_it_back_although_it_is_frozen,),
    "failed analysis": (test_holds.test_failed_analysis_takes_it_back_although_it_is_frozen, "Failed"),
    "way back": (test_holds.test_way_back_to_the_stable_is_free_although_it_is_frozen,),
    "rollback window": (test_holds.test_rollback_within_its_window_is_free_although_it_is_frozen,),
    "scaling": (test_holds.test_whole_rollout_grows_although_it_is_frozen,),
    "promoteFull": (test_holds.test_stock_tools_do_not_move_traffic_under_a_freeze, {"promoteFull": True}),
    "currentStepIndex": (
        test_holds.test_stock_tools_do_not_move_traffic_under_a_freeze, {"currentStepIndex": 2},
    ),
    "promotion": (test_holds.test_promotion_is_held_when_the_freeze_comes_after_the_last_step,),
    "rolling update": (test_holds.test_rolling_update_without_steps_is_held_too,),
}  # fmt: skip


@pytest.mark.parametrize("row", LIKE_A_FREEZE.values(), ids=list(LIKE_A_FREEZE))
def test_playbook_of_a_freeze_holds_while_nobody_could_read_them(world, row):
    play, *more = row
    play(world, *more)


def test_update_holds_and_goes_on_when_nothing_is_frozen(world):
    sim = world(weight(20), PAUSE)
    sim.freeze().ship("two").settle()
    assert (sim.sized(), sim.weight()) == ({"one": 5}, 0)
    assert sim.status.phase == "Paused"
    assert sim.status.message == "held: cannot read the freezes yet: no answer"
    assert sim.status.bot.held.rule == unread.RULE
    idle(sim)
    sim.wait(24 * 3600)
    assert sim.status.step_index == 0  # there is no span after which it goes on all the same
    sim.answered().settle()
    assert sim.status.step_index == 1
    assert sim.status.bot.held is None


def test_update_goes_on_holding_when_the_answer_has_a_freeze(world):
    sim = world(weight(20), PAUSE)
    sim.freeze().ship("two").settle()
    since = sim.status.bot.held.since
    sim.now += timedelta(seconds=20)
    sim.really_freeze()
    sim.answered().settle()
    assert sim.status.message == "held: freeze by dana: db incident"
    assert (sim.status.bot.held.rule, sim.status.bot.held.since) == ("freeze:incident", since)
    assert sim.sized() == {"one": 5}


def test_rollout_runs_on_when_the_cluster_refuses_to_say(world):
    sim = world(weight(20), PAUSE)
    sim.freeze(problem="may not list configmaps").ship("two").settle()
    sim.source.refusals = first_reading.LASTING - 1
    sim.settle()
    assert sim.status.step_index == 0
    sim.source.refusals = first_reading.LASTING
    sim.settle()
    assert sim.status.step_index == 1
    sim.source.refusals = 0  # now it does not answer at all: what it said stays said
    sim.ask("promote").settle()
    assert sim.available("two") == 5


def test_abort_passes_and_first_deployment_too(world):
    sim = world(weight(20), PAUSE, weight(60), PAUSE)
    sim.ship("two").settle()
    sim.freeze().ask("promote").settle()
    assert sim.status.step_index == 1
    sim.ask("abort", reason="worse").settle()
    assert (sim.status.phase, sim.weight()) == ("Degraded", 0)
    new = Unread(steps=[weight(20), PAUSE])
    new.freeze().settle()
    assert new.status.phase == "Healthy"
    new.close()


def test_approval_is_kept_and_counts_once_it_is_known(world):
    sim = world(weight(20), PAUSE, weight(60), PAUSE)
    sim.ship("two").settle()
    sim.freeze().ask("promote").settle()
    accepted, sentence = sim.answers()[-1]
    assert accepted
    assert sentence.startswith("Approved, and held: cannot read the freezes yet: no answer.")
    sim.answered().settle()
    assert sim.status.step_index == 3


def test_skip_is_refused_with_what_would_free_it(world):
    sim = world(weight(20), PAUSE)
    sim.freeze().ship("two").settle()
    sim.ask("promote-full").settle()
    accepted, sentence = sim.answers()[-1]
    assert not accepted
    assert sentence == f"Nothing was changed: cannot read the freezes yet: no answer. {unread.FREES}"


def test_broken_glass_passes_what_was_not_known_then_and_no_later_start():
    sim = Guarded(policy={"rules": [{"breakGlass": test_glass_holds.GLASS}]},
                  steps=test_glass_holds.STEPS, routed=True).settle()  # fmt: skip
    lost(sim)
    sim.ship("two").settle()
    assert sim.weight() == 0
    sim.now += timedelta(seconds=1)
    test_glass_holds.answer(test_glass_holds.ask(sim))
    assert sim.weight() == 20
    sim.now += timedelta(seconds=1)
    lost(sim)  # a bot that starts anew: somebody may have frozen since
    sim.wait(seconds=61).settle()
    assert (sim.weight(), sim.status.bot.held.rule) == (20, unread.RULE)
    sim.close()


def test_why_card_and_plan_say_it(world):
    sim = world(weight(20), PAUSE)
    sim.freeze(problem="503: list configmaps:\n" + "x" * 900).ship("two").settle()
    scene = test_why.explained(sim)
    said = listing.why(scene).sentences
    assert said[0].startswith("app v2 holds at 0 %: cannot read the freezes yet: 503: list configmaps: xx")
    assert said[1] == unread.FREES
    assert len(said[0]) < 300
    assert standing.news(scene) is facts.News.HOLDS
    assert card.card(scene).because == test_why.explained_hold(scene)
    assert [stage.at for stage in planning.of(scene.sheet)] == [None] * 3
    assert planning.of(scene.sheet)[0].held.startswith("cannot read the freezes yet: 503")


def test_card_says_it_before_it_holds_anything(world):
    sim = world(weight(20), PAUSE)
    sim.ship("two").settle()
    sim.freeze()
    assert card.card(test_why.explained(sim)).warnings[0] == "cannot read the freezes yet: no answer"
    sim.answered()
    assert card.card(test_why.explained(sim)).warnings == ()


def played(name):
    test = globals()[name]
    if "world" not in inspect.signature(test).parameters:
        return test()
    for routed in (False, True):
        test(maker([], routed=routed))


BUGS = {
    "what-is-not-known-holds-nothing": Bug(
        "bot.core.gates:at", "for gate in GATES", "for gate in GATES[1:]",
        "test_update_holds_and_goes_on_when_nothing_is_frozen",
    ),
    "silence-is-an-answer": Bug(
        "bot.runtime.first_reading:FirstReading", "self.source.refusals >= LASTING", "True",
        "test_update_holds_and_goes_on_when_nothing_is_frozen",
    ),
    "one-refusal-is-an-answer": Bug(
        "bot.runtime.first_reading:FirstReading", ">= LASTING", ">= 1",
        "test_rollout_runs_on_when_the_cluster_refuses_to_say",
    ),
    "glass-of-an-earlier-start-passes": Bug(
        "bot.core.gates.unread:of", "passed > found.since", "True",
        "test_broken_glass_passes_what_was_not_known_then_and_no_later_start",
    ),
    "plan-knows-the-times": Bug(
        "bot.core.planning:_hold", "seen.freezes_unread is not None", "False",
        "test_why_card_and_plan_say_it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("bug", BUGS.values(), ids=list(BUGS))
def test_playbook_fails_when_a_bug_is_planted(bug):
    caught = False
    with planted(bug):
        try:
            played(bug.caught_by)
        except Exception:
            caught = True
    assert caught, f"{bug.caught_by} does not notice it"
