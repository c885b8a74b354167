"""The card of an Experiment of its own, word for word."""

import dataclasses

import pytest

from bot.model import messages as m
from bot.render import rendering
from tests.render import examples as ex
from tests.render.limits import problems
from tests.render.reading import lines, read

RUNNING = m.TrialFacts(
    cluster="prod-eu",
    namespace="shop",
    name="pricing",
    phase="Running",
    sides=(
        m.TrialSide(name="baseline", ready=3, wanted=3),
        m.TrialSide(name="candidate", ready=2, wanted=3),
    ),
    rows=(
        m.TrialRow(template="baseline", metric=ex.SUCCESS),
        m.TrialRow(template="candidate", metric=dataclasses.replace(ex.FAILED, failed=0)),
        m.TrialRow(template="", metric=dataclasses.replace(ex.LATENCY, wanted=None)),
    ),
    until=ex.at(14, 40),
)
RUNNING = dataclasses.replace(
    RUNNING,
    rows=tuple(
        dataclasses.replace(
            row, metric=dataclasses.replace(row.metric, verdict=m.Verdict.RUNNING)
        )
        for row in RUNNING.rows
    ),
)


def test_card_of_a_running_experiment_says_until_when_with_its_pods_and_values():
    message = rendering.render(RUNNING)
    assert not problems(message)
    assert lines(message) == [
        "experiment pricing runs in prod-eu until 14:40",
        "baseline · 3 of 3 pods ready",
        "candidate · 2 of 3 pods ready",
        "baseline · success-rate 99.6 % (≥ 99 %) · 12 of 20 taken",
        "candidate · success-rate 92.1 % (≥ 99 %) · 9 taken",
        "all templates · p95-latency 212 ms (≤ 500 ms) · 12 taken",
    ]
    assert read(message.text) == "experiment pricing runs in prod-eu until 14:40"


def test_card_of_an_experiment_that_is_over_ends_with_each_templates_verdicts():
    verdicts = (m.Verdict.SUCCESSFUL, m.Verdict.FAILED, m.Verdict.RUNNING)
    over = dataclasses.replace(
        RUNNING,
        phase="Failed",
        over=True,
        because="Metric success-rate of candidate <!channel> failed",
        until=None,
        rows=tuple(
            dataclasses.replace(row, metric=dataclasses.replace(row.metric, verdict=verdict))
            for row, verdict in zip(RUNNING.rows, verdicts, strict=True)
        ),
    )
    message = rendering.render(over)
    assert not problems(message)
    assert lines(message) == [
        "experiment pricing is over: failed in prod-eu",
        "Metric success-rate of candidate <!channel> failed",
        "baseline · success-rate 99.6 % (≥ 99 %) · ✓ passed",
        "candidate · success-rate 92.1 % (≥ 99 %) · ✗ failed",
        "all templates · p95-latency 212 ms (≤ 500 ms) · no verdict",
    ]
    assert "<!channel>" not in message.text


def test_card_of_an_experiment_that_measures_nothing_says_so():
    found = lines(rendering.render(dataclasses.replace(RUNNING, rows=())))
    assert found[-1] == "nothing is measured"


@pytest.mark.parametrize(
    ("over", "said"),
    [(False, "nothing measured yet"), (True, "nothing was measured")],
)
def test_card_of_an_experiment_whose_analyses_have_not_begun_says_so(over, said):
    begun = dataclasses.replace(RUNNING, rows=(), analyses=2, over=over)
    assert lines(rendering.render(begun))[-1] == said


def test_card_cuts_a_table_that_is_too_long_and_says_how_much_is_left_out():
    many = dataclasses.replace(RUNNING, rows=RUNNING.rows * 20)
    assert lines(rendering.render(many))[-1] == "and 36 more"
