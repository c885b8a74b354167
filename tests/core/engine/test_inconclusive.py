"""An analysis without a verdict: a person has it measured again, goes on without it, or aborts."""

import pytest

from tests.core.engine import planted, test_blue_green, test_playbooks
from tests.core.engine.simulation import Simulation
from tests.core.engine.test_experiments import STEP, names, verdict

ANALYSIS = {"templates": [{"templateName": "t"}]}
PAUSE = {"pause": {}}


def runs(sim):
    return sorted(name for plural, name in sim.cluster.objects if plural == "analysisruns")


@pytest.fixture
def open_step():
    """A canary whose analysis step came to no verdict."""
    sim = Simulation(steps=[{"setWeight": 20}])
    test_playbooks.add_template(sim)
    steps = [{"setWeight": 20}, {"analysis": ANALYSIS}, PAUSE]
    sim.patch(spec={"strategy": {"canary": {"steps": steps}}})
    sim.settle().ship("two").settle()
    sim.finish_run("Inconclusive").settle()
    assert sim.status.message == "InconclusiveAnalysisRun"
    yield sim
    sim.close()


@pytest.fixture
def open_background():
    """A canary that waits for an approval while its background analysis came to no verdict."""
    sim = Simulation(steps=[{"setWeight": 20}, PAUSE, {"setWeight": 60}, PAUSE])
    test_playbooks.add_template(sim)
    sim.patch(spec={"strategy": {"canary": {"analysis": ANALYSIS}}})
    sim.settle().ship("two").settle()
    sim.finish_run("Inconclusive").settle()
    assert {p.reason for p in sim.status.pause_conditions} == {
        "CanaryPauseStep",
        "InconclusiveAnalysisRun",
    }
    yield sim
    sim.close()


def test_step_is_measured_again_when_a_person_asks(open_step):
    sim = open_step
    sim.ask("measure-again").settle()
    assert (sim.status.step_index, len(runs(sim))) == (1, 2)
    assert sim.status.phase == "Progressing"
    sim.finish_run("Successful").settle()
    assert sim.status.step_index == 2


def test_step_is_passed_without_a_verdict_when_a_person_continues(open_step):
    sim = open_step
    sim.ask("continue").settle()
    assert (sim.status.step_index, sim.status.message) == (2, "CanaryPauseStep")
    assert len(runs(sim)) == 1
    assert not sim.status.abort


def test_approval_stays_open_when_the_analysis_beside_it_is_measured_again(open_background):
    sim = open_background
    start = next(p.start for p in sim.status.pause_conditions if p.reason == "CanaryPauseStep")
    sim.wait(60).ask("measure-again").settle()
    assert [(p.reason, p.start) for p in sim.status.pause_conditions] == [
        ("CanaryPauseStep", start)
    ]
    assert (sim.status.step_index, len(runs(sim))) == (1, 2)


def test_analysis_beside_the_steps_holds_no_more_when_a_person_continues(open_background):
    sim = open_background
    sim.ask("continue").settle()
    assert [p.reason for p in sim.status.pause_conditions] == ["CanaryPauseStep"]
    assert (sim.status.step_index, len(runs(sim))) == (1, 1)
    sim.ask("promote").settle()
    assert (sim.status.step_index, len(runs(sim))) == (3, 1)


def test_what_was_let_pass_counts_no_more_when_the_update_starts_again(open_background):
    sim = open_background
    sim.ask("continue").settle()
    assert len(sim.status.bot.overruled) == 1
    sim.ask("abort").settle().ask("retry").settle()
    assert sim.status.bot.overruled == ()


@pytest.mark.parametrize("kind", ["measure-again", "continue"])
def test_experiment_is_decided_by_a_person_when_it_is_inconclusive(kind):
    sim = Simulation(steps=[STEP, PAUSE]).settle().ship("app:v2").settle()
    verdict(sim, names(sim)[0], "Inconclusive")
    sim.ask(kind).settle()
    wanted = (0, names(sim)[1]) if kind == "measure-again" else (1, "")
    assert (sim.status.step_index, sim.status.experiment) == wanted
    sim.close()


@pytest.mark.parametrize("key", ["prePromotionAnalysis", "postPromotionAnalysis"])
@pytest.mark.parametrize(("kind", "count"), [("measure-again", 2), ("continue", 1)])
def test_switch_is_decided_by_a_person_when_its_analysis_is_inconclusive(key, kind, count):
    sim = test_blue_green.BlueGreen(**{key: ANALYSIS}).settle().ship("two").settle()
    sim.finish_run("Inconclusive").settle()
    sim.ask(kind).settle()
    assert len(sim.runs()) == count
    if kind == "measure-again":
        assert sim.status.phase == "Progressing"
        sim.finish_run("Successful").settle()
    assert (sim.status.phase, sim.selects("active")) == ("Healthy", "two")
    sim.close()


@pytest.mark.parametrize("kind", ["measure-again", "continue"])
def test_answer_is_refused_when_nothing_is_inconclusive(kind):
    sim = Simulation(steps=[{"setWeight": 20}, PAUSE]).settle().ship("two").settle()
    sim.ask(kind).settle()
    assert sim.status.step_index == 1
    assert [(h.accepted, h.sentence) for h in sim.status.bot.handled] == [
        (False, "No analysis is inconclusive now; nothing was changed.")
    ]
    sim.close()


def test_second_answer_is_refused_when_two_people_give_one_at_once(open_step):
    sim = open_step
    sim.ask("measure-again").ask("continue").settle()
    assert (sim.status.step_index, len(runs(sim))) == (1, 2)
    assert [h.accepted for h in sim.status.bot.handled] == [True, False]


BUGS = {
    "no-new-run": planted.Bug(
        "bot.core.analyses:_again", "d.resumed or d.again", "d.resumed", "measured_again"
    ),
    "held-for-ever": planted.Bug(
        "bot.core.analyses:_holds",
        "inconclusive.overruled(d.status, run)",
        "False",
        "holds_no_more",
    ),
}


@pytest.mark.parametrize("name", BUGS)
def test_planted_bug_is_noticed(name, open_background):
    with planted.planted(BUGS[name]), pytest.raises(AssertionError):
        if name == "no-new-run":
            test_approval_stays_open_when_the_analysis_beside_it_is_measured_again(open_background)
        else:
            test_analysis_beside_the_steps_holds_no_more_when_a_person_continues(open_background)
