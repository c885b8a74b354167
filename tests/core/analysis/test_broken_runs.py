"""AnalysisRuns that say nothing that could be measured: an error in words, never an exception."""

from datetime import UTC, datetime

import pytest

from bot.core.analysis import runs

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "spec", ["", "abc", [], 7, {"metrics": 7}, {"metrics": "abc"}, {"args": 7}]
)
def test_run_is_an_error_in_words_when_its_spec_is_no_spec(spec):
    result = {"name": "m", "phase": "Running", "measurements": [{"phase": "Running"}]}
    decision = runs.decide_run(
        {"metadata": {"name": "r"}, "spec": spec, "status": {"metricResults": [result]}},
        now=NOW,
        outcomes={},
        in_flight=frozenset(),
        secrets={},
    )
    assert decision.status["phase"] == "Error"
    assert "must be" in decision.status["message"]
