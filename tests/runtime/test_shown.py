"""How often a message is edited: for news at once, for figures now and then."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.core.notices import material
from bot.model import facts, messages
from bot.runtime import shown
from tests.render import examples
from tests.runtime import stage as stages
from tests.runtime import virtual

WAIT = {"pause": {"duration": "300s"}}
STEPS = [{"setWeight": 25}, WAIT, {"setWeight": 50}, WAIT, {"setWeight": 75}, WAIT]


async def good(failed_at=None):
    """A good release of 16 minutes that is measured every ten seconds."""
    stage = stages.Stage(STEPS)
    stage.start()
    stage.settle()
    await asyncio.sleep(30)
    stage.ship("app:v2")
    stage.settle()
    await asyncio.sleep(1)
    values = []
    for tick in range(100):
        values.append(0.5 if tick == failed_at else 0.99 + 0.0001 * (tick % 7))
        stage.runs = [stages.run_object(stage, phase="Running", values=tuple(values), limit=3)]
        stage.settle(4)
        await asyncio.sleep(10)
    return stage


def test_card_of_a_good_release_costs_few_edits(monkeypatch):
    few = virtual.run(good()).chat.edits
    monkeypatch.setattr(shown, "REFRESH", timedelta(0))
    every = virtual.run(good()).chat.edits
    assert len(every) >= 90
    assert len(few) <= 10
    assert few[-1][1] == every[-1][1]
    assert "done" in few[-1][1]


def test_card_shows_a_failed_measurement_at_once():
    stage = virtual.run(good(failed_at=5))
    began = stage.chat.edits[0][2]
    assert any((at - began).total_seconds() == 50 for _, _, at in stage.chat.edits)


def measured(**more):
    metric = facts.MetricFact(name="m", value_text="1 %", bound_text="> 0 %", taken=3)
    return replace(examples.card(), metrics=(replace(metric, **more),))


def test_material_is_what_people_must_see():
    before = material.of(measured())
    assert material.of(measured(value_text="2 %", taken=9)) == before
    for change in (
        {"failed": 1}, {"taken": 0}, {"verdict": facts.Verdict.ERROR}, {"inconclusive": 1},
        {"message": "no answer"},
    ):  # fmt: skip
        assert material.of(measured(**change)) != before, change


def test_material_counts_no_some_or_all_pods_but_every_one_in_trouble():
    def card(ready, trouble=""):
        pods = messages.PodsFact(ready=ready, wanted=5, trouble=trouble)
        return material.of(replace(examples.card(), canary_pods=pods))

    assert card(1) == card(4)
    assert len({repr(card(n)) for n in (0, 1, 5)}) == 3
    assert card(1, "x") != card(4, "x")
