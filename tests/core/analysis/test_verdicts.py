"""Judging one sample: conditions, and data that is not there (spec §5.6, ruling 3)."""

from typing import Any

import pytest

from bot.core.analysis import verdicts
from bot.model import analysis, ports
from tests.core.analysis.talking import (
    START,
    Talk,
    metric,
    outcome,
)


@pytest.mark.row(88, 89)
@pytest.mark.parametrize(
    ("value", "success", "failure", "phase"),
    [
        pytest.param(1, "", "", "Successful", id="no-condition"),
        pytest.param(1, "result >= 1", "", "Successful", id="success-true"),
        pytest.param(0, "result >= 1", "", "Failed", id="success-false"),
        pytest.param(1, "", "result >= 1", "Failed", id="failure-true"),
        pytest.param(0, "", "result >= 1", "Successful", id="failure-false"),
        pytest.param(5, "result > 7", "result < 3", "Inconclusive", id="neither"),
        pytest.param(5, "result > 3", "result < 7", "Failed", id="both"),
        pytest.param(9, "result > 7", "result < 3", "Successful", id="only-success"),
        pytest.param(1, "result + 1", "", "Error", id="no-boolean"),
    ],
)
def test_sample_is_judged_when_conditions_are_given(
    value: Any, success: str, failure: str, phase: str
) -> None:
    talk = Talk(metric(successCondition=success, failureCondition=failure, interval="1s"))
    talk.decide({"ok": outcome(value, START)})
    assert talk.result()["measurements"][0]["phase"] == phase


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([], id="empty"),
        pytest.param([float("nan")], id="nan"),
        pytest.param([float("inf")], id="infinity"),
        pytest.param([1.0, float("-inf")], id="one-of-several"),
    ],
)
def test_sample_is_inconclusive_when_it_holds_no_usable_number(value: Any) -> None:
    sample = ports.Sample(value=value, shape="[]float64", text="x")
    given_now = analysis.Outcome(started=START, finished=START, sample=sample)
    talk = Talk(metric(successCondition="result[0] > 0.9"))
    talk.decide({"ok": given_now})
    assert talk.status["phase"] == "Inconclusive"
    assert verdicts.NO_DATA in talk.status["message"]


@pytest.mark.parametrize(
    ("value", "condition", "phase"),
    [
        pytest.param(
            [float("nan")], "len(result) > 0 && result[0] > 0.9", "Inconclusive", id="len-of-nan"
        ),
        pytest.param(
            [float("nan")], "len(result) == 0 || result[0] < 5", "Inconclusive", id="or-len-of-nan"
        ),
        pytest.param(
            [], "isNaN(result[0]) || result[0] < 5", "Inconclusive", id="is-nan-of-nothing"
        ),
        pytest.param(
            [float("inf")],
            "!isNaN(result[0]) && result[0] > 1",
            "Inconclusive",
            id="is-nan-of-infinity",
        ),
        pytest.param((), "result[0] > 1", "Inconclusive", id="empty-tuple"),
        pytest.param(
            [float("nan")], "isNaN(result[0]) || result[0] < 5", "Successful", id="nan-is-asked"
        ),
        pytest.param(
            [float("inf")], "isInf(result[0]) || result[0] < 5", "Successful", id="inf-is-asked"
        ),
        pytest.param([], "len(result) == 0 || result[0] < 5", "Successful", id="len-is-asked"),
        pytest.param(
            [], "len(result) > 0 && result[0] > 1", "Failed", id="len-is-asked-and-wrong"
        ),
    ],
)
def test_missing_data_is_judged_only_when_the_condition_asks_for_its_kind(
    value: Any, condition: str, phase: str
) -> None:
    sample = ports.Sample(value=value, shape="[]float64", text="x")
    talk = Talk(metric(successCondition=condition))
    talk.decide({"ok": analysis.Outcome(started=START, finished=START, sample=sample)})
    assert talk.status["phase"] == phase


def test_empty_sample_is_argos_error_when_strict() -> None:
    sample = ports.Sample(value=[], shape="[]float64", text="[]")
    given_now = analysis.Outcome(started=START, finished=START, sample=sample)
    talk = Talk(metric(successCondition="result[0] > 0.9"))
    talk.decide({"ok": given_now}, strict=True)
    (taken,) = talk.result()["measurements"]
    assert (taken["phase"], taken["message"]) == ("Error", "reflect: slice index out of range")
    assert "value" not in taken


NO_ROW = ports.Sample(value=None, text="null", lacking="no results returned from NRQL query")
EMPTY_ROW = ports.Sample(value={"rate": None}, text='{"rate":null}')


@pytest.mark.parametrize(
    ("sample", "condition", "strict", "phase"),
    [
        (NO_ROW, "result.rate > 0.9", False, "Inconclusive"),
        (NO_ROW, "result.rate > 0.9", True, "Error"),
        (NO_ROW, "", False, "Inconclusive"),
        (NO_ROW, "", True, "Error"),
        (NO_ROW, "isNil(result)", False, "Successful"),
        (EMPTY_ROW, "result.rate > 0.9", False, "Inconclusive"),
        (EMPTY_ROW, "result.rate > 0.9", True, "Error"),
        (EMPTY_ROW, "(result.rate ?? 1.0) > 0.9", False, "Successful"),
    ],
)
def test_row_with_nothing_in_it_is_no_data(
    sample: ports.Sample, condition: str, strict: bool, phase: str
) -> None:
    talk = Talk(metric(successCondition=condition))
    given_now = analysis.Outcome(started=START, finished=START, sample=sample)
    talk.decide({"ok": given_now}, strict=strict)
    (taken,) = talk.result()["measurements"]
    assert taken["phase"] == phase
