"""A run as a conversation: what is asked, what comes back, what the status says."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import analysis, ports
from tests.core.analysis.talking import (
    Answer,
    ARGS,
    BAD,
    ERRORS,
    GOOD,
    LIMITS,
    START,
    UNCLEAR,
    Talk,
    metric,
    outcome,
    recorded_run,
    shown,
)


@pytest.mark.parametrize(
    ("scenario", "talk", "answers"),
    [
        pytest.param(
            "analysis-limits", lambda: Talk(LIMITS), {"ok": [1, 0, 1, 0, 0, 1]}, id="limits"
        ),
        pytest.param(
            "analysis-errors",
            lambda: Talk(ERRORS),
            {"ok": ["received non 2xx response code: 500"]},
            id="errors",
        ),
        pytest.param(
            "analysis-args-and-dry-run",
            lambda: Talk(GOOD, BAD, args=ARGS, dryRun=[{"metricName": "bad"}]),
            {"good": [2], "bad": [0]},
            id="args-and-dry-run",
        ),
        pytest.param(
            "analysis-inconclusive", lambda: Talk(UNCLEAR), {"ok": [5]}, id="inconclusive"
        ),
    ],
)
def test_run_ends_as_argo_recorded_it_when_the_same_is_measured(
    scenario: str, talk: Callable[[], Talk], answers: Mapping[str, Sequence[Answer]]
) -> None:
    there = recorded_run(scenario, "app-h2-2-1")
    here = shown(talk().play(answers))
    assert here == {key: there[key] for key in here}


@pytest.mark.row(85)
def test_run_waits_ten_seconds_after_an_error_when_its_interval_is_one() -> None:
    talk = Talk(ERRORS).play({"ok": ["boom"]})
    times = [at for _, at in talk.taken]
    gaps = [(b - a).total_seconds() for a, b in zip(times, times[1:], strict=False)]
    assert all(10 <= gap < 11 for gap in gaps)
    assert len(times) == 5


# Limits: every comparison at its boundary, (what is measured, phase, measurements until then).
WIN, LOSS, DUNNO = 9, 0, 5
JUDGED = {"successCondition": "result > 7", "failureCondition": "result < 3", "interval": "1s"}


@pytest.mark.row(83, 84, 85)
@pytest.mark.parametrize(
    ("limits", "answers", "phase", "taken"),
    [
        pytest.param({"count": 3}, [WIN], "Successful", 3, id="count-reached"),
        pytest.param({"count": 1}, [WIN], "Successful", 1, id="count-of-one"),
        pytest.param({"count": 5}, [LOSS], "Failed", 1, id="failure-default-0"),
        pytest.param({"count": 5, "failureLimit": 2}, [LOSS], "Failed", 3, id="failure-above"),
        pytest.param(
            {"count": 2, "failureLimit": 2}, [LOSS], "Successful", 2, id="failure-at-limit"
        ),
        pytest.param({"count": 5}, [DUNNO], "Inconclusive", 1, id="inconclusive-default-0"),
        pytest.param(
            {"count": 5, "inconclusiveLimit": 2}, [DUNNO], "Inconclusive", 3, id="unclear-above"
        ),
        pytest.param(
            {"count": 2, "inconclusiveLimit": 2}, [DUNNO], "Successful", 2, id="unclear-at-limit"
        ),
        pytest.param({"count": 9}, ["e"], "Error", 5, id="errors-default-4"),
        pytest.param({"count": 9, "consecutiveErrorLimit": 0}, ["e"], "Error", 1, id="errors-0"),
        pytest.param(
            {"count": 1}, ["e", "e", "e", "e", WIN], "Successful", 5, id="errors-at-limit"
        ),
        pytest.param(
            {"count": 2, "consecutiveErrorLimit": 1},
            ["e", WIN, "e", WIN],
            "Successful",
            4,
            id="errors-not-in-a-row",
        ),
        pytest.param(
            {"consecutiveSuccessLimit": 2}, [WIN], "Successful", 2, id="successes-in-a-row"
        ),
        pytest.param(
            {"consecutiveSuccessLimit": 2, "failureLimit": -1},
            [WIN, LOSS, WIN, LOSS, WIN, WIN],
            "Successful",
            6,
            id="successes-start-again-after-a-failure",
        ),
        pytest.param(
            {"consecutiveSuccessLimit": 2, "failureLimit": -1},
            [WIN, "e", WIN, WIN],
            "Successful",
            4,
            id="successes-start-again-after-an-error",
        ),
        pytest.param(
            {"count": 3, "consecutiveSuccessLimit": 2, "failureLimit": 1},
            [WIN, LOSS, WIN],
            "Inconclusive",
            3,
            id="count-first-both-limits",
        ),
        pytest.param(
            {"count": 2, "consecutiveSuccessLimit": 2, "failureLimit": -1},
            [WIN, LOSS],
            "Failed",
            2,
            id="count-first-only-successes",
        ),
    ],
)
def test_metric_ends_when_its_limit_is_passed(
    limits: dict[str, Any], answers: list[Answer], phase: str, taken: int
) -> None:
    talk = Talk(metric(**{**JUDGED, **limits})).play({"ok": answers})
    assert (talk.status["phase"], len(talk.taken)) == (phase, taken)


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        pytest.param({}, 1, id="nothing-is-one"),
        pytest.param({"count": 0}, 1, id="zero-is-one"),
        pytest.param({"interval": "1s", "count": "3"}, 3, id="text"),
        pytest.param({"interval": "1s"}, 12, id="interval-alone-goes-on"),
        pytest.param({"interval": "1s", "count": 0}, 12, id="zero-with-interval-goes-on"),
    ],
)
def test_metric_is_measured_as_often_as_it_counts(fields: dict[str, Any], taken: int) -> None:
    talk = Talk(metric(**fields)).play({"ok": [1]}, most=25)
    assert min(len(talk.taken), 12) == taken
    assert (talk.status["phase"] == "Running") == (taken == 12)


@pytest.mark.row(87)
def test_delayed_metric_is_measured_when_its_delay_from_the_start_is_over() -> None:
    talk = Talk(metric(initialDelay="5s"))
    first = talk.decide()
    assert first.due == ()
    assert talk.status["startedAt"] == "2026-01-01T12:00:00Z"
    assert talk.decide().wake_at == START + timedelta(seconds=5)
    talk.now = START + timedelta(seconds=4)
    assert talk.decide().due == ()
    talk.now = START + timedelta(seconds=5, milliseconds=1)
    assert [due.metric for due in talk.decide().due] == ["ok"]


def test_metric_is_not_due_again_while_it_is_being_measured() -> None:
    talk = Talk(metric())
    assert [due.metric for due in talk.decide().due] == ["ok"]
    assert talk.decide(in_flight=frozenset({"ok"})).due == ()
    assert talk.status["phase"] == "Running"


def test_failed_metric_stops_the_others_when_they_go_on_for_ever() -> None:
    talk = Talk(metric("bad", successCondition="result > 1"), metric("slow", interval="1h")).play(
        {"bad": [0], "slow": [1]}
    )
    assert talk.status["phase"] == "Failed"
    assert talk.result("slow")["phase"] == "Successful"
    assert talk.status["runSummary"] == {"count": 2, "failed": 1, "successful": 1}


@pytest.mark.row(90)
def test_dry_run_metric_does_not_stop_the_others_when_it_fails() -> None:
    talk = Talk(
        metric("bad", successCondition="result > 1"),
        metric("good", interval="1s", count=3),
        dryRun=[{"metricName": "b.d"}],
    ).play({"bad": [0], "good": [1]})
    assert talk.status["phase"] == "Successful"
    assert talk.result("good")["count"] == 3
    assert talk.status["dryRunSummary"] == {"count": 1, "failed": 1}


@pytest.mark.row(90)
def test_run_is_successful_when_every_metric_is_dry_and_fails() -> None:
    talk = Talk(metric(successCondition="false"), dryRun=[{"metricName": ".*"}]).play({"ok": [0]})
    assert talk.status["phase"] == "Successful"
    assert talk.status["runSummary"] == {}


def test_run_is_successful_when_it_is_terminated_between_good_measurements() -> None:
    talk = Talk(metric(interval="1h")).play({"ok": [1]}, most=2)
    talk.run["spec"]["terminate"] = True
    decision = talk.decide()
    assert decision.due == ()
    assert (talk.status["phase"], talk.status["message"]) == ("Successful", "Run Terminated")


def test_run_ends_when_it_is_terminated_before_anything_was_measured() -> None:
    talk = Talk(metric(), terminate=True)
    assert talk.decide().due == ()
    assert talk.status["phase"] == "Successful"
    assert talk.status["completedAt"]


@pytest.mark.parametrize(
    ("phases", "worst"),
    [
        pytest.param([LOSS, "e", DUNNO], "Failed", id="failed-beats-error"),
        pytest.param(["e", DUNNO, WIN], "Error", id="error-beats-inconclusive"),
        pytest.param([DUNNO, WIN, WIN], "Inconclusive", id="inconclusive-beats-successful"),
    ],
)
def test_run_takes_the_worst_phase_when_its_metrics_end_together(
    phases: list[Answer], worst: str
) -> None:
    talk = Talk(*(metric(f"m{at}", **JUDGED, count=1, consecutiveErrorLimit=0) for at in range(3)))
    talk.play({f"m{at}": [answer] for at, answer in enumerate(phases)})
    assert talk.status["phase"] == worst


@pytest.mark.row(91)
@pytest.mark.parametrize(
    ("retention", "kept"),
    [
        pytest.param(None, 10, id="default-10"),
        pytest.param([{"metricName": "o", "limit": 3}], 3, id="unanchored-rule"),
        pytest.param([{"metricName": "ok", "limit": 0}], 10, id="zero-is-default"),
        pytest.param(
            [{"metricName": "ok", "limit": 2}, {"metricName": ".*", "limit": 7}],
            2,
            id="first-rule",
        ),
    ],
)
def test_measurements_are_trimmed_when_there_are_more_than_are_kept(
    retention: list[Any] | None, kept: int
) -> None:
    talk = Talk(metric(interval="1s", count=14), measurementRetention=retention)
    talk.play({"ok": [1]})
    assert len(talk.result()["measurements"]) == kept
    assert talk.result()["count"] == 14


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"metrics": []}, "no metrics specified", id="none"),
        pytest.param(
            {"metrics": [metric("a"), metric("a")]}, "metrics[1]: duplicate name 'a'", id="twice"
        ),
        *[
            pytest.param({"metrics": [metric(**fields)]}, f"metrics[0]: {text}", id=text)
            for fields, text in [
                ({"consecutiveSuccessLimit": -1}, "consecutiveSuccessLimit must be >= 0"),
                ({"failureLimit": -2}, "failureLimit must be >= 0, or -1 to be disabled"),
                (
                    {"failureLimit": -1},
                    "failureLimit and consecutiveSuccessLimit cannot both be disabled",
                ),
                ({"inconclusiveLimit": -1}, "inconclusiveLimit must be >= 0"),
                ({"consecutiveErrorLimit": -1}, "consecutiveErrorLimit must be >= 0"),
                ({"count": 2}, "interval must be specified when count > 1"),
                ({"provider": {}}, "no provider specified"),
                (
                    {"provider": {"web": {}, "prometheus": {}}},
                    "multiple providers specified",
                ),
            ]
        ],
        pytest.param(
            {"metrics": [metric()], "dryRun": [{"metricName": "other"}]},
            "dryRun[0]: Rule didn't match any metric name(s)",
            id="dry-run-matches-nothing",
        ),
        pytest.param(
            {"metrics": [metric()], "measurementRetention": [{"metricName": "x", "limit": 1}]},
            "measurementRetention[0]: Rule didn't match any metric name(s)",
            id="retention-matches-nothing",
        ),
    ],
)
def test_run_is_an_error_when_its_spec_is_invalid(spec: dict[str, Any], message: str) -> None:
    talk = Talk()
    talk.run["spec"] = spec
    talk.decide()
    assert talk.status == {"phase": "Error", "message": f"Analysis spec invalid: {message}"}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"count": 2, "failureLimit": 3}, id="failures"),
        pytest.param({"count": 2, "failureLimit": 1, "consecutiveSuccessLimit": 2}, id="sum"),
        pytest.param({"count": 2, "failureLimit": -1, "consecutiveSuccessLimit": 3}, id="wins"),
        pytest.param({"count": 2, "inconclusiveLimit": 3}, id="inconclusive"),
        pytest.param({"interval": "1d"}, id="interval-of-a-day"),
        pytest.param({"initialDelay": "soon"}, id="delay"),
        pytest.param({"failureLimit": "many"}, id="limit-in-words"),
    ],
)
def test_run_is_an_error_when_a_number_cannot_hold(fields: dict[str, Any]) -> None:
    talk = Talk(metric(**{"interval": "1s", **fields}))
    assert talk.decide().due == ()
    assert talk.status["phase"] == "Error"
    assert talk.status["message"].startswith("Analysis spec invalid: metrics[0]")


@pytest.mark.parametrize(
    ("args", "condition", "message"),
    [
        pytest.param([{"name": "a"}], "true", 'argument "a" was not supplied', id="no-value"),
        pytest.param([], "{{args.b}}", "failed to resolve {{args.b}}", id="unknown"),
    ],
)
def test_run_is_an_error_when_an_argument_has_no_value(
    args: list[Any], condition: str, message: str
) -> None:
    talk = Talk(metric(successCondition=condition), args=args)
    talk.decide()
    assert talk.status["message"] == f"Unable to resolve metric arguments: {message}"


SECRET = [{"name": "key", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]


@pytest.mark.row(79)
def test_secret_is_asked_for_when_it_was_not_read_and_hidden_in_messages() -> None:
    talk = Talk(metric(provider={"web": {"url": "u?{{ args.key }}"}}), args=SECRET)
    assert talk.decide().secrets == {("s", "k")}
    known = {("s", "k"): 'hush"'}
    (due,) = talk.decide(secrets=known).due
    assert due.config == {"url": 'u?hush"'}
    talk.decide({"ok": outcome('no route to u?hush"', START)}, secrets=known)
    assert talk.result()["measurements"][0]["message"] == "no route to u?*****"
    assert "hush" not in json.dumps(talk.status)


def test_run_is_an_error_when_its_secret_has_no_such_key() -> None:
    talk = Talk(metric(), args=SECRET)
    talk.decide(secrets={("s", "k"): None})
    said = "key 'k' does not exist in secret 's'"
    assert talk.status["message"] == f"Unable to resolve metric arguments: {said}"


@pytest.mark.parametrize("field", ["interval", "initialDelay", "count", "failureLimit"])
@pytest.mark.parametrize("secret", ["hunter2", "x" * 200 + 'z"y'], ids=["short", "long"])
def test_secret_is_hidden_when_it_makes_the_spec_invalid(field: str, secret: str) -> None:
    talk = Talk(metric(**{field: "{{args.key}}"}), args=SECRET)
    decision = talk.decide(secrets={("s", "k"): secret})
    assert talk.status["phase"] == "Error"
    told = talk.status["message"] + "".join(event.message for event in decision.events)
    assert "*****" in told
    assert secret[:6] not in told


@pytest.mark.row(79)
@pytest.mark.parametrize(
    "said", ["at /x?k=a%20b%2Fc%22", "at /x?k=a%20b/c%22", "at k=a+b%2Fc%22", 'body "a b/c\\""']
)
def test_secret_is_hidden_when_a_message_quotes_it(said: str) -> None:
    talk = Talk(metric(), args=SECRET)
    talk.decide({"ok": outcome(said, START)}, secrets={("s", "k"): 'a b/c"'})
    assert "*****" in talk.result()["message"]
    assert "b" not in talk.result()["message"].replace("body", "")


@pytest.mark.parametrize(("value", "shown"), [("tok-1", "tok-*****"), ("[1,2]", "[1,2]")])
def test_secret_is_hidden_in_a_value_that_is_no_number(value: str, shown: str) -> None:
    talk = Talk(metric(), args=SECRET)
    sample = ports.Sample(value=value, text=value)
    taken = analysis.Outcome(started=START, finished=START, sample=sample)
    talk.decide({"ok": taken}, secrets={("s", "k"): "1"})
    assert talk.result()["measurements"][0]["value"] == shown


def test_remark_on_a_measurement_stands_with_it_and_hides_secrets() -> None:
    talk = Talk(metric(), args=SECRET)
    sample = ports.Sample(value=1, text="1", notes={"warnings": '"no shard tok-9"'})
    taken = analysis.Outcome(started=START, finished=START, sample=sample)
    talk.decide({"ok": taken}, secrets={("s", "k"): "tok-9"})
    result = talk.result()
    assert result["measurements"][0]["metadata"] == {"warnings": '"no shard *****"'}
    assert "metadata" not in result


def test_longer_secret_is_hidden_whole_when_it_begins_with_another() -> None:
    args = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": "s", "key": name}}} for name in "ab"
    ]
    talk = Talk(metric(), args=args)
    known = {("s", "a"): "abc", ("s", "b"): "abcdef"}
    talk.decide({"ok": outcome("no abcdef", START)}, secrets=known)
    assert talk.result()["message"] == "no *****"


def test_run_is_an_error_when_its_numbers_are_beyond_measure() -> None:
    for fields in ({"failureLimit": "9" * 5000}, {"initialDelay": "100000000h"}):
        talk = Talk(metric(**fields))
        talk.decide()
        talk.decide()
        assert talk.status["phase"] == "Error"


@pytest.mark.row(92)
@pytest.mark.parametrize(
    ("phase", "ttl", "age", "gone"),
    [
        pytest.param("Successful", {"secondsAfterSuccess": 5}, 5.9, False, id="not-above"),
        pytest.param("Successful", {"secondsAfterSuccess": 5}, 6, True, id="above"),
        pytest.param("Failed", {"secondsAfterFailure": 5}, 6, True, id="failed"),
        pytest.param("Failed", {"secondsAfterSuccess": 5}, 99, False, id="not-its-own"),
        pytest.param("Error", {"secondsAfterFailure": 5}, 99, False, id="error-is-no-failure"),
        pytest.param("Error", {"secondsAfterCompletion": 5}, 6, True, id="error-completion"),
        pytest.param("Successful", {"secondsAfterCompletion": 5}, 6, True, id="completion"),
    ],
)
def test_finished_run_is_deleted_when_its_ttl_is_over(
    phase: str, ttl: dict[str, int], age: float, gone: bool
) -> None:
    talk = Talk(metric(), ttlStrategy=ttl)
    talk.run["status"] = {"phase": phase, "completedAt": "2026-01-01T12:00:00Z"}
    talk.now = START + timedelta(seconds=age)
    assert talk.decide().delete is gone


# Properties.
ANSWERS = st.lists(st.sampled_from([WIN, LOSS, DUNNO, "e"]), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    answers=ANSWERS,
    count=st.integers(1, 8),
    failures=st.integers(0, 8),
    unclear=st.integers(0, 8),
    errors=st.integers(0, 4),
)
def test_counts_stay_within_their_limits_whatever_is_measured(
    answers: list[Answer], count: int, failures: int, unclear: int, errors: int
) -> None:
    fields = {"failureLimit": min(failures, count), "inconclusiveLimit": min(unclear, count)}
    one = metric(**JUDGED, count=count, consecutiveErrorLimit=errors, **fields)
    talk = Talk(one).play({"ok": answers})
    result = talk.result()
    assert result.get("count", 0) <= count
    assert result.get("failed", 0) <= fields["failureLimit"] + 1
    assert result.get("inconclusive", 0) <= fields["inconclusiveLimit"] + 1
    assert result.get("consecutiveError", 0) <= errors + 1
    assert len(result["measurements"]) <= 10
    parts = sum(result.get(key, 0) for key in ("successful", "failed", "inconclusive"))
    assert parts == result.get("count", 0)


@settings(max_examples=100, deadline=None)
@given(answers=ANSWERS, passes=st.integers(1, 12))
def test_second_pass_changes_nothing_when_nothing_happened_since(
    answers: list[Answer], passes: int
) -> None:
    one = metric(**JUDGED, failureLimit=3, inconclusiveLimit=3)
    talk = Talk(one).play({"ok": answers}, most=passes)
    talk.decide()
    before = json.dumps(talk.status, sort_keys=True)
    again = talk.decide()
    assert again.status is None
    assert again.events == ()
    assert json.dumps(talk.status, sort_keys=True) == before
