"""What analysis runs say of their metrics."""

import pytest

from bot.core.notices import measured
from bot.model import facts


def run(metric, result=None, args=()):
    base = {"name": "success-rate", "provider": {"prometheus": {"query": "q"}}}
    results = [] if result is None else [{"name": metric.get("name", "success-rate"), **result}]
    return {
        "spec": {"metrics": [{**base, **metric}], "args": list(args)},
        "status": {"metricResults": results},
    }


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ({"successCondition": "result[0] >= 0.99"}, "≥ 99 %"),
        ({"successCondition": "result >= 0.95"}, "≥ 95 %"),
        ({"successCondition": "asFloat(result) > 0.9"}, "> 90 %"),
        ({"failureCondition": "result[0] > 0.05"}, "≤ 5 %"),
        ({"failureCondition": "result[0] < 0.9"}, "≥ 90 %"),
        ({"successCondition": "len(result) == 0"}, "len(result) == 0"),
        ({"successCondition": "result[0] > 1 && result[0] < 5"}, "result[0] > 1 && result[0] < 5"),
        ({"name": "queue", "successCondition": "result[0] <= 40"}, "≤ 40"),
        ({"name": "p95-latency", "successCondition": "result[0] <= 500"}, "≤ 500"),
        (
            {
                "name": "p95-latency",
                "successCondition": "result[0] <= 0.5",
                "provider": {"prometheus": {"query": "x_seconds_bucket"}},
            },
            "≤ 500 ms",
        ),
        (
            {
                "name": "p95-latency",
                "successCondition": "result[0] <= 500",
                "provider": {"prometheus": {"query": "x_seconds_bucket * 1000"}},
            },
            "≤ 500 ms",
        ),
        (
            {
                "successCondition": "result[0] >= 95",
                "provider": {"prometheus": {"query": "100 * a / b * 100"}},
            },
            "≥ 95 %",
        ),
        ({"successCondition": "result[0] >= {{args.min}}"}, "≥ 97 %"),
        ({}, ""),
    ],
)
def test_measured_words_the_bound(metric, text):
    raw = run(metric, args=[{"name": "min", "value": "0.97"}])
    assert measured.of_run(raw)[0].bound_text == text


def test_measured_counts_a_running_metric():
    result = {
        "phase": "Running",
        "successful": 3,
        "failed": 2,
        "measurements": [{"value": "[0.97]"}, {"phase": "Error", "message": "no answer"}],
    }
    raw = run({"interval": "5s", "count": 10, "failureLimit": 3}, result)
    assert measured.of_run(raw) == (
        facts.MetricFact(
            name="success-rate",
            value_text="0.97",
            bound_text="",
            taken=5,
            wanted=10,
            failed=2,
            failure_limit=3,
            message="no answer",
        ),
    )


@pytest.mark.parametrize(
    ("metric", "wanted", "limit"),
    [
        ({}, 1, 0),
        ({"interval": "5s"}, None, 0),
        ({"count": "{{args.n}}", "failureLimit": -1}, 7, None),
        ({"count": 0, "failureLimit": "2"}, 1, 2),
    ],
)
def test_measured_reads_counts_and_limits_as_argo_does(metric, wanted, limit):
    found = measured.of_run(run(metric, args=[{"name": "n", "value": "7"}]))[0]
    assert (found.wanted, found.failure_limit) == (wanted, limit)


@pytest.mark.parametrize(
    "raw", [{}, {"spec": 3}, {"spec": {"metrics": [None, 3, {}]}, "status": []}]
)
def test_measured_takes_any_object(raw):
    for one in measured.of_run(raw):
        assert one.taken == 0


@pytest.mark.parametrize("query", ["1000 * q_seconds", "q_seconds * 1000", "1e3*q_seconds"])
def test_latency_is_in_milliseconds_when_the_query_multiplies_on_either_side(query):
    metric = {
        "name": "p95-latency",
        "successCondition": "result[0] <= 500",
        "provider": {"prometheus": {"query": query}},
    }
    assert measured.unit_of(metric, {}) == measured.Unit(text="ms")
