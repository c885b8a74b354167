"""The Home tab at a gate that several must approve: it waits for those who have not yet."""

import asyncio

import pytest

from bot.model import facts
from bot.runtime import authorize, desk
from handlers import home
from tests.core.engine.test_guarded import at_gate
from tests.runtime.test_glass_desk import View
from tests.runtime.test_people import ANNA_T, SAM, SAM_T, approve, rules

LEE = facts.Person(name="lee", slack_id="U0LEE")
ME = facts.Person(name="sam", slack_id="U0SAM")


class Stage(View):
    cluster = "test"

    def all(self):
        return [self.sim.scene()]


def waits(sim, person):
    view = Stage(sim)
    at = desk.Desk(
        scenery=view, book=view, clock=lambda: sim.now, rules=authorize.Rules(), members=None
    )
    tab = home.Home(desk=at, who=None, publish=None)
    return [row.rollout.name for row in asyncio.run(tab.facts(person)).waiting]


@pytest.mark.parametrize("by", [SAM, SAM_T, "renamed (U0SAM)"])
def test_gate_waits_for_the_others_when_one_has_approved_it_by_whichever_way(by):
    sim = at_gate(rules())
    assert waits(sim, ME) == waits(sim, LEE) == ["app"]
    approve(sim, by)
    assert (waits(sim, ME), waits(sim, LEE)) == ([], ["app"])


def test_gate_waits_for_whoever_approved_an_earlier_one():
    sim = approve(at_gate(rules()), SAM, ANNA_T)
    assert sim.status.step_index == 3
    assert waits(sim, ME) == ["app"]
