"""Measurements that go on by themselves: begun, followed, stopped, found again after a restart."""

from datetime import timedelta
from typing import Any

import pytest

from bot.model import analysis, ports
from tests.core.analysis.talking import START, Talk, metric, outcome

STATE = {"job-name": "uid.check.1", "job-namespace": "shop"}
BEGUN = analysis.Outcome(started=START, finished=None, state=STATE)


def job(name: str = "check", **fields: Any) -> dict[str, Any]:
    return metric(name, **{"provider": {"job": {"spec": {}}}, **fields})


def ended(phase: str, message: str = "") -> analysis.Outcome:
    later = START + timedelta(seconds=5)
    ending = ports.Ending(phase=phase, message=message)
    return analysis.Outcome(started=START, finished=later, ending=ending, state=STATE)


def begun(*metrics: dict[str, Any], **spec: Any) -> Talk:
    talk = Talk(*(metrics or (job(),)), **spec)
    (due,) = talk.decide().due
    assert (due.provider, due.number, due.state) == ("job", 1, None)
    talk.decide({"check": BEGUN}, in_flight=frozenset({"check"}))
    return talk


def test_run_is_running_with_the_state_in_the_measurement_when_a_check_has_begun() -> None:
    talk = begun()
    (taken,) = talk.result("check")["measurements"]
    assert (talk.status["phase"], talk.result("check")["phase"]) == ("Running", "Running")
    assert taken == {"phase": "Running", "startedAt": "2026-01-01T12:00:00Z", "metadata": STATE}
    assert "count" not in talk.result("check")


@pytest.mark.parametrize("phase", ["Successful", "Failed", "Inconclusive"])
def test_run_ends_as_the_check_when_it_ends(phase: str) -> None:
    talk = begun()
    talk.decide({"check": ended(phase)})
    (taken,) = talk.result("check")["measurements"]
    assert talk.status["phase"] == talk.result("check")["phase"] == taken["phase"] == phase
    assert taken["finishedAt"] == "2026-01-01T12:00:05Z"
    assert taken["metadata"] == STATE
    assert "value" not in taken


def test_run_writes_one_measurement_when_the_check_ends_before_its_beginning_was_written() -> None:
    talk = Talk(job())
    talk.decide({"check": ended("Successful")})
    assert len(talk.result("check")["measurements"]) == 1
    assert talk.status["phase"] == "Successful"


def test_run_asks_for_the_same_check_when_the_bot_starts_again() -> None:
    talk = begun()
    decision = talk.decide()
    (due,) = decision.due
    assert due.state == STATE
    assert decision.status is None


def test_run_counts_errors_and_verdicts_when_it_numbers_the_next_check() -> None:
    talk = begun(job(interval="1s", count=5, failureLimit=3))
    talk.decide({"check": ended("Failed")})
    talk.now += timedelta(seconds=30)
    (due,) = talk.decide().due
    assert due.number == 2
    talk.decide({"check": outcome("no such namespace", talk.now)})
    talk.now += timedelta(seconds=30)
    (due,) = talk.decide().due
    assert (due.number, due.state) == (3, None)


def test_run_stops_the_check_and_waits_for_it_when_it_is_terminated() -> None:
    talk = begun()
    talk.run["spec"]["terminate"] = True
    decision = talk.decide(in_flight=frozenset({"check"}))
    (stop,) = decision.stop
    assert (stop.metric, stop.state, decision.due) == ("check", STATE, ())
    assert talk.status["phase"] == "Running"
    talk.decide({"check": ended("Successful", "Metric Terminated")})
    assert (talk.status["phase"], talk.status["message"]) == ("Successful", "Run Terminated")
    assert talk.result("check")["measurements"][0]["message"] == "Metric Terminated"


def test_run_waits_for_a_check_being_begun_when_it_is_terminated() -> None:
    talk = Talk(job())
    talk.decide()
    talk.run["spec"]["terminate"] = True
    decision = talk.decide(in_flight=frozenset({"check"}))
    assert decision.stop == ()
    assert talk.status["phase"] == "Running"
    decision = talk.decide({"check": BEGUN}, in_flight=frozenset({"check"}))
    assert [due.state for due in decision.stop] == [STATE]


def test_run_stops_the_check_when_another_metric_has_failed_and_the_bot_was_restarted() -> None:
    talk = Talk(job(), metric("other", successCondition="result > 7"))
    talk.decide()
    talk.decide({"check": BEGUN, "other": outcome(0, START)})
    decision = talk.decide()
    assert [due.metric for due in decision.stop] == ["check"]
    assert talk.status["phase"] == "Running"
    talk.decide({"check": ended("Successful", "Metric Terminated")})
    assert talk.status["phase"] == "Failed"


def test_check_is_stopped_when_the_run_breaks_under_it() -> None:
    secret = {"secretKeyRef": {"name": "s", "key": "k"}}
    talk = Talk(job(), args=[{"name": "key", "valueFrom": secret}])
    talk.decide({"check": BEGUN}, secrets={("s", "k"): "x"})
    decision = talk.decide(secrets={("s", "k"): None})
    assert talk.status["phase"] == "Error"
    assert [(due.provider, due.state) for due in decision.stop] == [("job", STATE)]


def test_run_starts_nothing_when_it_is_terminated_before_the_first_check() -> None:
    talk = Talk(job(), terminate=True)
    decision = talk.decide()
    assert (decision.due, decision.stop) == ((), ())
    assert talk.status["phase"] == "Successful"
