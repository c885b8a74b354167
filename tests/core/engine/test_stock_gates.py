"""Which gate a stock tool's promote is recorded at: the one that was open, where it was told."""

import pytest

from bot.core import chronicle, gate_ids
from bot.core.notices import gate
from bot.model.records import Kind
from tests.core.engine.guarded import Guarded

PAUSE = {"pause": {}}
STEPS = ({"setWeight": 20}, PAUSE, {"setWeight": 60}, PAUSE)


def at_first_gate():
    sim = Guarded(policy={}, steps=STEPS, routed=True).settle()
    return told(sim.ship("two").settle())


def told(sim, **forged):
    """The request of the present gate stands."""
    (asked,) = [one for one in gate.notices(sim.scene(), {}) if one.fresh]
    sim.write_status(rolloutBot={"said": {asked.key: {**asked.keep, **forged}}})
    return sim.wait(seconds=60)


def present(sim):
    return gate_ids.present_gate(sim.scene().seen.cluster, sim.scene().seen.uid, sim.status)


def promoted(sim):
    """The gate of the last that a tool promoted, as the pass that saw it and a later one find it."""
    before = sim.kubectl_promote().scene()
    sim.settle()
    found = []
    for known in ((before, sim.scene()), (sim.scene(), sim.scene())):
        records = chronicle.derive(*known)
        found.append([one.gate for one in records if one.kind is Kind.PROMOTED][-1:])
    return found


def test_promote_of_a_tool_is_recorded_at_the_gate_that_it_passed():
    sim = at_first_gate()
    first = present(sim)
    assert promoted(sim) == [[first], [first]]
    second = present(told(sim))
    assert second not in {"", first}
    assert promoted(sim) == [[second], [second]]


def test_promote_of_a_tool_after_a_retry_is_recorded_at_the_gate_of_that_try():
    sim = at_first_gate()
    first = present(sim)
    sim.ask("abort").settle().wait(seconds=60).ask("retry").settle().wait(seconds=60)
    second = present(told(sim))
    assert second not in {"", first}
    assert promoted(sim)[1] == [second]


@pytest.mark.parametrize(
    "forged", [{"since": 7}, {"since": None}, {"step": "1"}, {"revision": []}], ids=str
)
def test_promote_of_a_tool_is_recorded_at_no_gate_where_none_was_told(forged):
    sim = at_first_gate()
    told(sim, **forged).write_status(rolloutBot={"said": {"gate:x": 7}})
    assert promoted(sim)[1] == [""]


def test_every_promote_of_a_tool_is_recorded_though_it_leaves_no_trace_of_itself():
    sim = at_first_gate()
    promoted(sim)
    told(sim)
    before = sim.kubectl_promote().scene()
    sim.settle()
    steps = [r.reason for r in chronicle.derive(before, sim.scene()) if r.kind is Kind.PROMOTED]
    assert steps == ["step 2", "step 4"]


def test_order_of_a_person_that_waits_for_a_paused_manifest_is_not_laid_to_a_tool():
    sim = at_first_gate()
    sim.ask("promote").settle()
    told(sim).patch(spec={"paused": True}).settle()
    sim.ask("promote").settle().wait(seconds=60)
    sim.patch(spec={"paused": False}).settle()
    records = chronicle.derive(sim.scene(), sim.scene())
    assert [one.actor for one in records if one.kind is Kind.PROMOTED] == []
