"""Each planted bug makes the playbook that is named beside it fail; without it, that passes."""

import pytest

from tests.core.engine import planted, test_playbooks
from tests.core.engine.simulation import Simulation


def play(name):
    """Run one playbook on both kinds of world."""
    function, _, argument = name.partition("[")
    test = getattr(test_playbooks, function)
    for routed in (False, True):

        def make(*steps, annotations=None, routed=routed, **more):
            made = Simulation(steps=steps, routed=routed, annotations=annotations, **more)
            return made.settle()

        test(make, *([argument.rstrip("]")] if argument else []))


@pytest.mark.parametrize("name", sorted({bug.caught_by for bug in planted.BUGS.values()}))
def test_playbook_passes_when_nothing_is_planted(name):
    play(name)


@pytest.mark.parametrize("bug", planted.BUGS.values(), ids=list(planted.BUGS))
def test_playbook_fails_when_a_bug_is_planted(bug):
    caught = False
    with planted.planted(bug):
        try:
            play(bug.caught_by)
        except Exception:
            caught = True
    assert caught, f"{bug.caught_by} does not notice it"
