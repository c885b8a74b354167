"""What an accepted request came to is kept as a kind, and read of blocks that have only words."""

import copy

import pytest

from bot.core import chronicle, outcomes
from bot.core.notices import thread
from bot.model import status as model
from bot.model.records import Kind
from bot.model.status import Outcome
from tests.core.engine.guarded import TWO, Guarded

PAUSE = {"pause": {}}
SAM, LEE = "sam (U0SAM)", "lee (U0LEE)"
KINDS = {Kind.VOTED, Kind.APPROVED, Kind.PROMOTED, Kind.RETRIED}


def at_gate(policy, *, held=True):
    step = PAUSE if held else {"setCanaryScale": {"weight": 40}}
    sim = Guarded(policy=policy, steps=({"setWeight": 20}, step, PAUSE), routed=True).settle()
    if not held:
        sim.stuck.add("two")
    return sim.ship("two").settle().wait(seconds=60)


def again(sim):
    sim.ask("abort").settle().ask("retry").settle()
    return sim


CASES = {
    "voted": (lambda: at_gate(TWO).approve(SAM), Outcome.VOTED, Kind.VOTED),
    "opened": (lambda: at_gate(TWO).approve(SAM).approve(LEE), Outcome.OPENED, Kind.APPROVED),
    "nobody named": (lambda: at_gate({}).approve(SAM), Outcome.OPENED, Kind.APPROVED),
    "skipped": (lambda: at_gate({}, held=False).approve(SAM), Outcome.SKIPPED, Kind.PROMOTED),
    "full": (lambda: at_gate({}).ask("promote-full").settle(), Outcome.DONE, Kind.PROMOTED),
    "retried": (lambda: again(at_gate({})), Outcome.DONE, Kind.RETRIED),
}


def reworded(sim, change):
    """The block with every answer changed, as if another bot had written it."""
    block = copy.deepcopy(sim.raw["status"]["rolloutBot"])
    for one in block["handled"].values():
        change(one)
    return sim.replace_block(block)


def found(sim):
    """Without those that the status tells besides the answer."""
    told = chronicle.derive(sim.scene(), sim.scene())
    return [(one.kind, one.id) for one in told if one.kind in KINDS]


@pytest.mark.parametrize("case", CASES)
def test_record_and_thread_are_told_by_the_kind_and_not_by_the_words(case):
    start, outcome, kind = CASES[case]
    sim = start()
    assert sim.status.bot.handled[-1].outcome == outcome
    before, lines = found(sim), [x.fact.kind for x in thread.lines(sim.scene(), {})]
    assert kind in [one for one, _ in before]
    reworded(sim, lambda one: one.update(sentence="Said in other words."))
    assert found(sim) == before
    assert [x.fact.kind for x in thread.lines(sim.scene(), {})] == lines


@pytest.mark.parametrize("outcome", [None, "of tomorrow"])
@pytest.mark.parametrize("case", CASES)
def test_block_of_another_version_makes_the_same_records(case, outcome):
    sim = CASES[case][0]()
    before = found(sim)
    reworded(sim, lambda one: one.pop("outcome") if outcome is None else one.update(outcome=outcome))
    assert found(sim) == before
    sim.settle().ask("nonsense").settle()
    kept = sim.status.bot.handled[0]
    assert kept.outcome == (outcome or ""), "what another version wrote is left as it is"


def test_refused_request_came_to_nothing():
    sim = at_gate({}).ask("retry").settle()
    (one,) = sim.status.bot.handled
    assert (one.accepted, one.outcome) == (False, Outcome.UNKNOWN)


@pytest.mark.parametrize("kind", ["abort", "explain", "promote-full"])
def test_words_of_a_gate_say_nothing_of_another_request(kind):
    one = model.Handled(id="i", kind=kind, accepted=True, sentence="Approved: x", actor="", at=None)
    assert outcomes.of(one) is Outcome.DONE
