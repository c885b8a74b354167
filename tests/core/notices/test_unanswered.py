"""A metrics server that does not answer: told once, over once, nothing else mistaken for it."""

import dataclasses
from datetime import timedelta

import pytest

from bot.core.notices import measured, thread, unanswered
from bot.model import policy, world
from tests.core.notices import test_notices as notices

GONE = ("Error", "http://prometheus:9090: connection refused", "")
GOOD = ("Successful", "", "[1]")
NO_DATA = ("Error", "index out of range: 0 (array length is 0)", "[]")


def scene(*taken, held=True, metric=None, **more):
    """A running analysis whose measurements came out as ``taken``, ten seconds apart."""
    measurements = [
        {
            "phase": phase,
            "message": message,
            "value": value,
            "finishedAt": f"{notices.START + timedelta(seconds=10 * n):%Y-%m-%dT%H:%M:%SZ}",
        }
        for n, (phase, message, value) in enumerate(taken, start=1)
    ]
    result = {"name": "success-rate", "phase": "Running", "measurements": measurements}
    raw = {
        "spec": {"metrics": [{"name": "success-rate", **(metric or {})}]},
        "status": {"metricResults": [{**result, **more}]},
    }
    run = world.Run(
        name="run-1", phase="Running", message="", kind="Step" if held else "Background",
        hash=notices.V2.hash, step_index=1 if held else None, terminating=False,
        created=notices.START, raw=raw,
    )  # fmt: skip
    here = notices.scene()
    seen = dataclasses.replace(here.seen, runs=(run,))
    return dataclasses.replace(here, seen=seen)


def said(here, known=()):
    return [(line.id, line.fact.text) for line in unanswered.lines(here, dict.fromkeys(known, ""))]


AWAY, BACK = "away:prometheus:9090:1", "back:prometheus:9090:1"


def test_thread_tells_once_that_a_metrics_server_does_not_answer():
    here = scene(GOOD, GONE, GONE)
    assert said(here) == [
        (
            AWAY,
            "metrics server prometheus:9090 does not answer (connection refused): "
            "checkout holds; after 5 errors in a row it goes back",
        )
    ]
    assert next(unanswered.lines(here, {})).fact.at == notices.START + timedelta(seconds=20)
    assert said(scene(*[GONE] * 4), {AWAY}) == []
    assert AWAY in [line.id for line in thread.lines(here, {})]


def test_thread_promises_no_way_back_where_the_policy_holds():
    here = scene(GOOD, GONE, GONE)
    kept = dataclasses.replace(here.seen.policy, on_metric_error=policy.OnMetricError.HOLD)
    here = dataclasses.replace(here, seen=dataclasses.replace(here.seen, policy=kept))
    ((_, text),) = said(here)
    assert text.endswith("checkout holds; after 5 errors in a row somebody must decide")


def test_card_says_who_does_not_answer_and_counts_no_error_as_a_measurement():
    counted = {"successful": 2, "error": 3, "consecutiveError": 3}
    (metric,) = measured.metrics(scene(GOOD, GOOD, GONE, GONE, GONE, **counted))
    assert metric.message == "prometheus:9090 does not answer (connection refused)"
    assert metric.taken == 2
    ((_, text),) = said(scene(GOOD, ("Error", "http://bot:secret@p:9090/x: HTTP 503", ""), GONE))
    assert "p:9090 does not answer (HTTP 503)" in text and "secret" not in text


def test_thread_tells_once_that_it_answers_again():
    here = scene(GONE, GONE, GOOD)
    assert said(here, {AWAY}) == [(BACK, "metrics server prometheus:9090 answers again")]
    assert said(here, {AWAY, BACK}) == []
    assert said(here) == []


def test_thread_tells_of_the_next_absence_too_but_not_for_ever():
    ids = [f"{what}:prometheus:9090:{n}" for n in (1, 2, 3) for what in ("away", "back")]
    here = scene(GOOD, GONE, GONE)
    assert [line for line, _ in said(here, ids[:2])] == ["away:prometheus:9090:2"]
    assert said(here, ids) == []


@pytest.mark.parametrize("taken", [(GONE,), (GOOD, GONE), (NO_DATA, NO_DATA), (GONE, NO_DATA), ()])
def test_thread_blames_no_server_for_a_hiccup_or_missing_data(taken):
    assert said(scene(*taken)) == []


def test_thread_says_that_a_background_analysis_holds_nothing_up():
    ((_, text),) = said(scene(GONE, GONE, held=False, metric={"consecutiveErrorLimit": 9}))
    assert text.endswith("checkout goes on unmeasured; after 10 errors in a row it goes back")


def test_thread_promises_no_way_back_where_the_metric_decides_nothing():
    ((_, text),) = said(scene(GONE, GONE, dryRun=True))
    assert text.endswith("checkout holds")


def test_thread_names_the_configured_server_without_its_password():
    broken = ("Error", "server_error: server error: 503", "")
    provider = {"provider": {"prometheus": {"address": "https://me:secret@metrics.shop/x"}}}
    ((_, text),) = said(scene(broken, broken, metric=provider))
    assert text.startswith("metrics server metrics.shop does not answer (server error: 503)")
