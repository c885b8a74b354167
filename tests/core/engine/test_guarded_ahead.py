"""A named gate that has not been reached yet: nobody writes past it either."""

import pytest

from tests.core.engine.guarded import ONE, Guarded

SAM = "sam (U0SAM)"
LATE = (
    {"setWeight": 20},
    {"pause": {"duration": "1h"}},
    {"setWeight": 60},
    {"pause": {}},
    {"setWeight": 80},
)


@pytest.mark.parametrize("aborted", [False, True])
def test_stable_that_somebody_wrote_before_the_gate_is_taken_back_and_told(aborted):
    sim = Guarded(policy=ONE, steps=LATE, routed=True).settle()
    sim.ship("two").settle()
    if aborted:
        sim.ask("abort").settle()
    weight = sim.weight()
    assert weight == (0 if aborted else 20)
    sim.write_status(stableRS=sim.status.current_hash)
    sim.settle(check=lambda: _never_above(sim, weight))
    assert (sim.stable_image(), sim.weight()) == ("one", weight)
    if not aborted:
        assert "stableRS" in sim.status.bot.kept["what"]


def test_step_that_somebody_wrote_past_a_gate_still_ahead_is_told_as_that():
    sim = Guarded(policy=ONE, steps=LATE, routed=True).settle()
    sim.ship("two").settle()
    sim.write_status(currentStepIndex=4)
    sim.settle(check=lambda: _never_above(sim, 60))
    kept = sim.status.bot.kept
    assert (sim.status.step_index, kept["what"], kept.get("past")) == (3, "currentStepIndex", None)


def test_update_under_a_named_gate_that_is_ahead_writes_nothing_when_idle():
    sim = Guarded(policy=ONE, steps=LATE, routed=True).settle()
    sim.ship("two").settle()
    version = sim.raw["metadata"]["resourceVersion"]
    sim.settle()
    assert sim.raw["metadata"]["resourceVersion"] == version
    sim.wait()
    sim.approve(SAM)
    sim.settle()
    assert (sim.stable_image(), sim.status.bot.shut) == ("two", None)


def _never_above(sim, most):
    assert sim.weight() <= most
