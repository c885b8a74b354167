"""What the controller counts on its way, and what a scrape of its port returns."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import aiohttp
import pytest
from prometheus_client import parser

from bot import settings
from bot.adapters import meter as meters
from bot.runtime import queue, tasks
from bot.wiring import counting, loads, servers
from tests.wiring import objects

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def made(clock):
    return counting.Counting(
        meter=meters.Meter(), caches=objects.caches(), clock=clock, leading=lambda: True
    )


async def _nothing(_key):
    """Work that is done at once."""


@pytest.mark.row(118)
async def test_queue_has_the_series_of_client_go():
    meter = meters.Meter()
    made = queue.Queue(work=_nothing)
    loads.count(meter, {"Rollouts": made})
    made.add("shop/web")
    got = values(meter)
    mine = (("name", "Rollouts"),)
    assert got["workqueue_depth", mine] == 1
    assert got["workqueue_adds_total", mine] == 1
    assert got["workqueue_unfinished_work_seconds", mine] == 0
    assert got["workqueue_longest_running_processor_seconds", mine] == 0
    serving = tasks.spawn(made.run(), name="queue")
    while made.load.depth:
        await asyncio.sleep(0)
    await tasks.cancel(serving)
    got = values(meter)
    assert got["workqueue_queue_duration_seconds_count", mine] == 1
    assert got["workqueue_work_duration_seconds_count", mine] == 1
    least = (("le", "1e-08"), *mine)
    assert got["workqueue_work_duration_seconds_bucket", least] == 0


def values(meter):
    page = meter.snapshot().text().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parser.text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(made, family, /, **labels):
    return values(made.meter).get((family, tuple(sorted(labels.items()))))


async def test_pass_is_timed_and_its_failure_counted(made):
    async def work(key):
        if key == "shop/bad":
            raise ValueError

    timed = made.timed("rollout_reconcile", work)
    await timed("shop/good")
    with pytest.raises(ValueError):
        await timed("shop/bad")
    for name, failed in (("good", None), ("bad", 1)):
        me = {"namespace": "shop", "name": name}
        assert value(made, "rollout_reconcile_count", **me) == 1
        assert value(made, "rollout_reconcile_error", **me) == failed


def test_events_of_rollouts_are_counted_and_passed_on(made):
    posted = []
    to = SimpleNamespace(post=lambda **event: posted.append(event["reason"]))
    told = counting.Events(to=to, meter=made.meter)
    for kind in ("Rollout", "AnalysisRun"):
        obj = {"kind": kind, "metadata": {"namespace": "shop", "name": "web"}}
        told.post(obj=obj, type="Normal", reason="RolloutPaused", message="")
    assert posted == ["RolloutPaused"] * 2
    labels = {"namespace": "shop", "name": "web", "type": "Normal", "reason": "RolloutPaused"}
    assert value(made, "rollout_events_total", **labels) == 1


def state(seconds, **status):
    steps = [{"setWeight": 10}, {"pause": {}}]
    return {
        "metadata": {"uid": "u", "namespace": "shop", "name": "web"},
        "spec": {"strategy": {"canary": {"steps": steps}}},
        "status": {
            "currentStepIndex": 1,
            "currentPodHash": "b",
            "rolloutBot": {"started": START.isoformat()},
            **status,
        },
    }


def test_course_is_measured_without_the_time_that_people_kept_it_waiting(made, clock):
    pause = {"reason": "CanaryPauseStep", "startTime": (START + timedelta(seconds=10)).isoformat()}
    going, held = state(0), state(0, pauseConditions=[pause])
    kinds = ("Completed", "Healthy")
    done = state(0, conditions=[{"type": kind, "status": "True"} for kind in kinds])
    for second, old, new in ((10, going, held), (50, held, going), (60, going, done)):
        clock.at = START + timedelta(seconds=second)
        made.course(old, new)
    how = {"status": "Promoted"}
    assert value(made, "rollout_duration_seconds_sum", **how) == 60
    assert value(made, "rollout_progression_duration_seconds_sum", **how) == 20
    assert value(made, "rollout_manual_pause_duration_seconds_sum", **how) == 40
    made.course(done, done)
    made.course(going, done)
    assert value(made, "rollout_duration_seconds_count", **how) == 1


def test_message_is_counted_when_it_stands_and_when_it_is_refused(made, clock):
    told = SimpleNamespace(seen=SimpleNamespace(namespace="shop", name="web"), at=START)
    clock.at = START + timedelta(seconds=2)
    made.sent(told, "gate", True)
    made.sent(told, "gate", False)
    me = {"namespace": "shop", "name": "web"}
    for name in ("notification_send_success", "notification_send_error"):
        assert value(made, name, **me, type="slack", reason="gate") == 1
    assert value(made, "notification_send_sum", **me) == 4


async def test_series_of_a_deleted_rollout_stay_for_a_last_scrape(made, monkeypatch):
    monkeypatch.setattr(counting, "FORGOTTEN_AFTER_S", 0.0)
    me = {"namespace": "default", "name": "gone"}
    made.meter.count("rollout_reconcile_error", **me)
    listen = made.changed("rollout_", made.caches.rollouts)
    listen({"metadata": me}, None)
    assert value(made, "rollout_reconcile_error", **me) == 1
    await objects.turn()
    assert value(made, "rollout_reconcile_error", **me) is None


async def test_port_serves_what_was_counted_and_what_is_so(made):
    made.meter.gauges.append(made.gauges)
    made.meter.count("rollout_reconcile_error", namespace="default", name="myapp")
    chosen = settings.Settings(metrics_port=0, healthz_port=0)
    web = servers.Servers(chosen, ready=lambda: "", meter=made.meter)
    await web.start()
    try:
        address = f"http://127.0.0.1:{web.metrics_port}/metrics"
        async with aiohttp.ClientSession() as session, session.get(address) as answer:
            page = await answer.text()
    finally:
        await web.stop()
    assert 'rollout_reconcile_error{name="myapp",namespace="default"} 1.0' in page
    assert "rollout_bot_leading 1.0" in page
    names = {family.name for family in parser.text_string_to_metric_families(page)}
    assert names >= {"rollout_info", "analysis_run_info", "argo_rollouts_info"}
