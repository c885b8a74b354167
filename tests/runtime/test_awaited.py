"""What waits for one person and what for others, under a quorum."""

from bot.core import gate_ids
from bot.core.notices import listing, people
from bot.model import facts
from bot.runtime import authorize, awaited, permits
from tests.core.engine.guarded import Guarded
from tests.runtime import virtual

SAM, LEE, EVE = (facts.Person(name=one, slack_id=f"U0{one.upper()}") for one in ("sam", "lee", "eve"))
TWO = {"rules": [{"approval": {"approvers": ["@sam", "@lee"], "quorum": 2}}]}


class View:
    """As the scenery: one rollout."""

    def __init__(self, sim):
        self.sim = sim

    def rollout(self, key):
        return self.sim.raw

    def of(self, key):
        return self.sim.scene()


def names_of_those_who_wait(sim):
    async def story():
        row = listing.row(sim.scene())
        rights = permits.Permits(rules=authorize.Rules())
        return [
            one.name
            for one in (SAM, LEE, EVE)
            if await awaited.by(one, (row,), view=View(sim), rights=rights)
        ]

    return virtual.run(story())


def test_gate_waits_for_those_who_may_approve_it_and_have_not():
    sim = Guarded(policy=TWO, steps=({"setWeight": 20}, {"pause": {}}), routed=True).settle()
    sim.ship("two").settle()
    assert gate_ids.present_gate(sim.scene().seen.cluster, sim.scene().seen.uid, sim.status)
    assert names_of_those_who_wait(sim) == ["sam", "lee"]
    sim.approve(people.encode(SAM))
    assert names_of_those_who_wait(sim) == ["lee"]
