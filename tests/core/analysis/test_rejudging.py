"""Another controller's verdicts judged again: the same, or a difference that is named."""

import pytest

from bot.core import differing
from bot.core.analysis import rejudging


def run(measurements, *, provider="prometheus", phase="", counts=None, args=(), **metric):
    raw = {"name": "ok", "interval": "10s", "count": 5, "provider": {provider: {"query": "q"}}}
    result = {"name": "ok", "phase": phase or "Running", "measurements": measurements}
    return {
        "metadata": {"name": "app-1", "namespace": "shop"},
        "spec": {"metrics": [{**raw, **metric}], "args": list(args)},
        "status": {"phase": "Running", "metricResults": [{**result, **(counts or {})}]},
    }


def taken(phase, value=None, message=""):
    out = {"phase": phase, "startedAt": "2026-11-23T12:00:00Z"}
    if value is not None:
        out["value"] = value
    return {**out, "message": message} if message else out


BOUND = {"successCondition": "result[0] >= 0.95"}
EMPTY = taken("Error", message="reflect: slice index out of range")


@pytest.mark.parametrize(
    ("measurement", "metric"),
    [
        (taken("Successful", "[0.97]"), BOUND),
        (taken("Failed", "[0.9]"), BOUND),
        (taken("Successful", "2"), {"successCondition": "result == 2"}),
        (taken("Successful", "0.5"), {"provider": "web", "successCondition": "result < 1"}),
        (taken("Successful", "fine"), {"provider": "web", "successCondition": "result == 'fine'"}),
        (taken("Successful", '{"a":[1,2]}'), {"provider": "web", "successCondition": "result.a[1] == 2"}),
        (taken("Inconclusive", "[5]"), {"successCondition": "result[0] < 2", "failureCondition": "result[0] > 9"}),
        (taken("Error", message="connection refused"), BOUND),
        (taken("Error", message="reflect: slice index out of range"), {"successCondition": "result[1] > 0"}),
        (taken("Running"), BOUND),
        (taken("Failed", "[0.1,0.2,0…"), BOUND),
        (taken("Failed"), {"provider": "job"}),
    ],
)  # fmt: skip
def test_verdict_is_no_difference_when_both_come_to_the_same(measurement, metric):
    assert rejudging.of(run([measurement], **metric)) == ()


@pytest.mark.parametrize(
    ("measurement", "metric", "ours"),
    [
        # The listed improvements: no data, and a Job that was stopped.
        (EMPTY, BOUND, "Inconclusive"),
        (taken("Failed", "[NaN]"), BOUND, "Inconclusive"),
        (taken("Inconclusive", message="Metric Terminated"), {"provider": "job"}, "Successful"),
        # And what would be a mistake of one of the two.
        (taken("Successful", "[0.9]"), BOUND, "Failed"),
        (taken("Failed", "0.5"), {"provider": "web", "successCondition": "result < 1"}, "Successful"),
    ],
)  # fmt: skip
def test_verdict_is_told_when_it_would_be_another_one_here(measurement, metric, ours):
    found = rejudging.of(run([measurement, measurement], **metric))
    path = "analysisruns.app-1.ok.measurements"
    assert found == (differing.Difference(path=path, theirs=measurement["phase"], ours=ours),)


@pytest.mark.parametrize("measurement", [EMPTY, taken("Failed", "[NaN]")])
def test_strict_run_has_argos_verdicts(measurement):
    assert rejudging.of(run([measurement], **BOUND), strict=True) == ()


@pytest.mark.parametrize(
    ("phase", "counts", "ours"),
    [
        ("Failed", {"failed": 1, "count": 1}, "Failed"),
        ("Successful", {"successful": 5, "count": 5}, "Successful"),
        # Stopped because another metric failed.
        ("Successful", {"successful": 2, "count": 2}, "Successful"),
        ("Running", {"successful": 2, "count": 2}, "Running"),
        ("Successful", {"failed": 1, "count": 5}, "Failed"),
        ("Running", {"failed": 1, "count": 1}, "Failed"),
        ("Error", {"error": 4, "consecutiveError": 4}, "Successful"),
    ],
)
def test_metric_is_told_when_its_counts_would_come_to_something_else(phase, counts, ours):
    (difference, *more) = (
        *rejudging.of(run([taken("Successful", "[1]")], phase=phase, counts=counts, **BOUND)),
        None,
    )
    if phase == ours:
        assert difference is None
    else:
        path = "analysisruns.app-1.ok.phase"
        assert difference == differing.Difference(path=path, theirs=phase, ours=ours)
        assert more == [None]


def test_run_is_judged_without_its_secrets():
    secret = {"name": "t", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    metric = {"provider": "web", "successCondition": "result == 1"}
    found = run([taken("Failed", "1")], args=[secret], **metric)
    found["spec"]["metrics"][0]["provider"]["web"]["url"] = "https://x/{{args.t}}"
    (difference,) = rejudging.of(found)
    assert difference.ours == "Successful"


@pytest.mark.parametrize(
    "broken", [{}, {"spec": []}, {"spec": {"metrics": [{}]}}, {"status": {"metricResults": [None]}}]
)
def test_nothing_is_said_of_a_run_that_cannot_be_read(broken):
    assert rejudging.of({**run([]), **broken}) == ()
