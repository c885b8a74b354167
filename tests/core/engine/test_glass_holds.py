"""Break-glass where no gate holds: windows, a metric that is wanted, and freezes that are lifted."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core import glass
from bot.core.gates import freezes
from tests.core.engine.guarded import Guarded

SAM, LEE = "sam (U0SAM)", "lee (U0LEE)"
GLASS = {"who": ["@lee"], "second": ["@sam"]}
STEPS = ({"setWeight": 20}, {"pause": {"duration": "1m"}}, {"setWeight": 60}, {"pause": {}})
SATURDAY = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
HOURS = {"name": "hours", "zone": "UTC", "days": ["mon-fri"], "from": "09:00", "to": "17:00"}
RULES = {
    "a window": {"windows": [HOURS], "breakGlass": GLASS},
    "a metric that is wanted": {"requireAnalysis": True, "breakGlass": GLASS},
    "both": {"windows": [HOURS], "requireAnalysis": True, "breakGlass": GLASS},
}


def held(rule, *, freeze=""):
    sim = Guarded(policy={"rules": [rule]}, steps=STEPS, routed=True).settle()
    sim.now = SATURDAY
    if freeze:
        sim.freeze(freeze)
    return sim.ship("two").settle()


def ask(sim, actor=LEE):
    sim.put(sim.intent(actor, kind=glass.ASK, gate="", reason="orders fail")).settle()
    return sim


def answer(sim, actor=SAM, kind=glass.AGREE):
    one = sim.status.bot.glasses[-1]
    return sim.put(sim.intent(actor, kind=kind, gate=one.id)).settle()


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_what_the_policy_holds_goes_on_once_a_second_person_agrees(rule):
    sim = held(rule)
    assert (sim.weight(), sim.status.phase) == (0, "Paused")
    ask(sim)
    assert (sim.weight(), len(sim.status.bot.glasses)) == (0, 1)
    answer(sim)
    assert sim.weight() == 20
    sim.wait(seconds=61).settle()
    assert sim.weight() == 60


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_it_holds_on_where_the_second_person_refuses_or_is_the_first(rule):
    sim = ask(held(rule))
    answer(sim, LEE)
    assert sim.weight() == 0
    answer(sim, kind=glass.REFUSE)
    sim.settle()
    assert (sim.weight(), sim.status.phase) == (0, "Paused")


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_next_revision_is_held_again(rule):
    sim = answer(ask(held(rule)))
    assert sim.weight() == 20
    sim.ship("three").settle()
    assert sim.weight() == 0
    assert sim.status.phase == "Paused"


def test_abort_passes_whatever_was_broken_and_is_not_undone_by_it():
    sim = answer(ask(held(RULES["both"])))
    sim.write_status(abort=True).settle()
    assert (sim.weight(), sim.status.phase) == (0, "Degraded")
    sim.settle()
    assert sim.status.bot.glasses == ()


def test_window_and_freeze_are_passed_together_and_a_later_freeze_is_not():
    sim = held(RULES["a window"], freeze="f1")
    sim.now += timedelta(seconds=1)
    answer(ask(sim))
    assert sim.weight() == 20
    sim.now += timedelta(seconds=10)
    sim.freeze("f2")
    sim.wait(seconds=61).settle()
    assert (sim.weight(), sim.status.bot.held.rule) == (20, "freeze:f2")


def test_freeze_that_was_lifted_for_one_revision_holds_the_next():
    sim = Guarded(policy={"rules": []}, steps=STEPS, routed=True).settle()
    sim.ship("two").once()
    revision = sim.scene().hash
    sim.freeze("f1", lifted_for=(freezes.lifted("shop/app", revision),)).settle()
    assert sim.weight() == 20
    sim.ship("three").settle()
    assert (sim.weight(), sim.status.bot.held.rule) == (0, "freeze:f1")


def test_nothing_is_asked_where_nothing_holds():
    sim = Guarded(policy={"rules": [{"breakGlass": GLASS}]}, steps=STEPS, routed=True).settle()
    sim.ship("two").settle()
    ask(sim)
    assert sim.status.bot.glasses == ()
    assert sim.answers()[-1] == (False, "No policy holds it now; nothing was asked.")
