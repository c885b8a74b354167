"""One-line bugs in what holds: each makes the playbook that is named beside it fail."""

import pytest

from bot.model import policy
from tests.core.engine.planted import Bug, planted
from tests.core.engine.simulation import START, Simulation
from tests.core.gates import test_holds

BUGS = {
    "freeze-holds-nothing": Bug(
        "bot.core.gates.freezes:applying", "in_force(one, now) and", "False and",
        "test_freeze_in_mid_step_holds_and_an_abort_passes",
    ),
    "freeze-holds-a-rollback": Bug(
        "bot.core.gates:exempt", "revisions.in_window(d.family, d.spec.rollback_window)", "False",
        "test_rollback_within_its_window_is_free_although_it_is_frozen",
    ),
    "weight-rises-under-a-freeze": Bug(
        "bot.core.sizing:target", "gates.present(d) is None", "True",
        "test_update_shipped_on_friday_evening_goes_on_on_monday",
    ),
    "step-ends-under-a-freeze": Bug(
        "bot.core.progress:_hold_of_end", "gates.at(d, d.index + 1)", "None",
        "test_timed_pause_that_ends_at_night_goes_on_at_the_opening",
    ),
    "held-update-runs-into-its-deadline": Bug(
        "bot.core.conditions:_held", "d.bitten is not None", "False",
        "test_held_update_does_not_run_into_its_deadline",
    ),
    "approval-is-lost": Bug(
        "bot.core.decide:_valid", "d.bitten is not None", "False",
        "test_approval_under_a_freeze_is_kept_and_counts_at_its_end",
    ),
    "everybody-goes-at-once": Bug(
        "bot.core.gates:at", "for gate in GATES", "for gate in GATES[:2]",
        "test_those_that_wait_for_longer_go_on_first",
    ),
}  # fmt: skip


def play(name):
    test = getattr(test_holds, name)
    for routed in (False, True):

        def make(*steps, at=START, windows=(), routed=routed, **more):
            sim = Simulation(steps=steps, routed=routed, **more)
            sim.now, sim.policy = at, policy.Effective(windows=windows)
            return sim.settle()

        test(make)


@pytest.mark.parametrize("bug", BUGS.values(), ids=list(BUGS))
def test_playbook_fails_when_a_bug_is_planted(bug):
    caught = False
    with planted(bug):
        try:
            play(bug.caught_by)
        except Exception:
            caught = True
    assert caught, f"{bug.caught_by} does not notice it"
