"""Somebody who may not read policy or freezes: what holds a rollout is told as status has it."""

from dataclasses import replace

import pytest

from bot.core import codec_spec, codec_status, decide
from bot.core.notices import card, listing, plan
from bot.core.notices import scene as scenes
from bot.model import facts, policy
from tests.core.engine.simulation import Simulation
from tests.core.gates.test_holds import FRIDAY, HOURS, PAUSE, weight

TIMED = {"pause": {"duration": "10m"}}


def looked_at(sim, *, partial, freezes=False):
    """As at a terminal that sees no policy, and the freezes or not."""
    spec, status = codec_spec.decode(sim.raw), codec_status.decode(sim.raw["status"])
    seen = sim.reconciler.reader.see(sim.raw, spec)
    kept = seen.freezes if freezes else ()
    seen = replace(seen, policy=policy.Effective(), freezes=kept, partial=partial)
    reasons = decide.decide(spec, status, seen, (), sim.now).reasons
    return scenes.build(spec=spec, status=status, seen=seen, reasons=reasons, now=sim.now)


def night():
    sim = Simulation(steps=[weight(20), PAUSE]).settle()
    sim.now, sim.policy = FRIDAY, policy.Effective(windows=(HOURS,))
    return sim.ship("two").settle()


def frozen():
    return Simulation(steps=[weight(20), PAUSE]).settle().freeze(seconds=3600).ship("two").settle()


def pause_that_ends_at_night():
    sim = Simulation(steps=[weight(20), TIMED, weight(60), PAUSE]).settle()
    sim.ship("two").settle()
    sim.freeze()
    sim.wait(601)
    assert sim.status.message == "CanaryPauseStep"  # not what holds it
    return sim


@pytest.mark.parametrize(
    ("play", "said"),
    [
        (night, "outside hours, until Mon 2026-11-30 09:00 +01:00 (Europe/Berlin)"),
        (frozen, "freeze until 2026-11-23 13:00 UTC by dana: db incident"),
        (pause_that_ends_at_night, "the freeze incident"),
    ],
)
def test_held_rollout_is_shown_as_held_where_the_rules_may_not_be_read(play, said):
    sim = play()
    scene = looked_at(sim, partial=True)
    row = listing.row(scene)
    assert (row.news, row.next_at) == (facts.News.HOLDS, None)
    assert row.what.endswith(f": {said}")
    assert card.card(scene).because == said
    first, second = listing.why(scene).sentences
    assert said in first and " It has been so since " in first
    assert second == "What ends it is not known here: the policy or the freezes may not be read."
    # Whoever reads all of it goes by that alone: what status says may be over.
    assert listing.row(looked_at(sim, partial=False)).news is not facts.News.HOLDS


def test_rollout_that_nothing_holds_moves_where_the_rules_may_not_be_read():
    sim = Simulation(steps=[weight(20), TIMED, weight(60), PAUSE]).settle().ship("two").settle()
    scene = looked_at(sim, partial=True)
    assert listing.row(scene).news is facts.News.MOVES
    assert card.card(scene).next_what


def test_freeze_that_can_be_read_is_told_in_full_where_the_policy_may_not_be():
    _, frees = listing.why(looked_at(frozen(), partial=True, freezes=True)).sentences
    assert frees == "It goes on at 2026-11-23 13:00 UTC, or after /rollout unfreeze incident."


def test_plan_is_the_same_where_the_rules_may_not_be_read():
    sim = pause_that_ends_at_night()
    there, here = (plan.plan(looked_at(sim, partial=one)) for one in (False, True))
    assert there.stages == here.stages
