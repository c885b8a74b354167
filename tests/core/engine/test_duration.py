"""``status.duration``: when an update began and ended, how, and how long people were waited for."""

import pytest

from tests.core.engine.simulation import Simulation

GATED = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {"duration": "30s"}}]


@pytest.fixture
def play():
    made = []

    def start(steps=GATED, **how):
        sim = Simulation(steps=steps, **how)
        made.append(sim)
        return sim.settle()

    yield start
    for sim in made:
        sim.close()


def clock(sim):
    return sim.raw["status"]["duration"]


def test_first_deployment_is_promoted_when_its_pods_are_there(play):
    sim = play()
    assert clock(sim) == {
        "rolloutStartedAt": "2026-11-23T12:00:00Z",
        "finishedAt": "2026-11-23T12:00:00Z",
        "completionStatus": "Promoted",
    }


def test_update_counts_only_the_wait_for_people_when_it_also_waits_for_time(play):
    sim = play()
    sim.wait(60).ship("two").settle()
    assert clock(sim) == {
        "rolloutStartedAt": "2026-11-23T12:01:00Z",
        "manualPauseStartedAt": "2026-11-23T12:01:00Z",
    }
    sim.wait(100).ask("promote").settle()
    assert clock(sim)["totalManualPauseDurationSeconds"] == 100
    assert "manualPauseStartedAt" not in clock(sim)
    sim.wait(31)
    assert clock(sim) == {
        "rolloutStartedAt": "2026-11-23T12:01:00Z",
        "totalManualPauseDurationSeconds": 100,
        "finishedAt": "2026-11-23T12:03:10Z",
        "completionStatus": "Promoted",
    }


def test_update_ends_as_aborted_and_begins_anew_when_it_is_retried(play):
    sim = play()
    sim.ship("two").settle()
    sim.wait(10).ask("abort").settle()
    assert clock(sim)["completionStatus"] == "Aborted"
    assert clock(sim)["finishedAt"] == "2026-11-23T12:00:10Z"
    sim.wait(50).ask("retry").settle()
    assert clock(sim)["rolloutStartedAt"] == "2026-11-23T12:01:00Z"
    assert "completionStatus" not in clock(sim)


def test_update_is_promoted_fast_when_a_person_skips_its_steps(play):
    sim = play()
    sim.ship("two").settle().ask("promote-full").settle()
    assert clock(sim)["completionStatus"] == "FastPromoted"


def test_update_keeps_its_clock_when_the_template_goes_back_in_mid_flight(play):
    sim = play()
    sim.wait(60).ship("two").settle()
    sim.wait(5).ship("one").settle()
    assert clock(sim)["rolloutStartedAt"] == "2026-11-23T12:01:00Z"
    assert clock(sim)["completionStatus"] in {"RolledBack", "FastRolledBack"}
    assert "finishedAt" in clock(sim)


def test_third_revision_has_a_clock_of_its_own_when_it_overtakes_the_second(play):
    sim = play()
    sim.ship("two").settle()
    sim.wait(60).ship("three").settle()
    assert clock(sim)["rolloutStartedAt"] == "2026-11-23T12:01:00Z"
    assert "totalManualPauseDurationSeconds" not in clock(sim)


def test_nothing_is_written_when_the_cluster_drops_the_block(play):
    sim = play()
    sim.ship("two").settle()
    sim.write_status(duration=None).settle()
    count = sim.cluster.calls
    sim.once()
    sim.wait(300)
    assert sim.cluster.calls == count
    assert "duration" not in sim.raw["status"]
