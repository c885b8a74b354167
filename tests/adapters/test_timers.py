import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from apscheduler import events

from bot.adapters import timers as timers_module
from tests.adapters.kubernetes.scripted import until


def soon(seconds: float = 0.0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.fixture
async def woken() -> list[str]:
    return []


@pytest.fixture
async def timers(woken: list[str]) -> AsyncIterator[timers_module.Timers]:
    made = timers_module.Timers(woken=woken.append)
    made.start()
    yield made
    made.stop()
    await asyncio.sleep(0)


async def test_timers_wake_a_key_once_when_its_instant_has_passed(timers, woken):
    timers.set("shop/web", soon(0.01))
    timers.set("shop/api", soon(-3600))
    await until(lambda: len(woken) == 2)
    assert sorted(woken) == ["shop/api", "shop/web"]


async def test_timers_keep_one_instant_a_key_when_set_again(timers, woken):
    timers.set("shop/web", soon(0.02))
    timers.set("shop/web", soon(3600))
    timers.set("shop/last", soon(0.03))
    await until(lambda: woken)
    assert woken == ["shop/last"]
    timers.set("shop/web", soon())
    await until(lambda: len(woken) == 2)
    assert woken == ["shop/last", "shop/web"]


async def test_timers_fire_again_when_the_same_instant_is_set_after_it_fired(timers, woken):
    at = soon()
    timers.set("shop/web", at)
    await until(lambda: len(woken) == 1)
    timers.set("shop/web", at)
    await until(lambda: len(woken) == 2)


async def test_timers_leave_the_job_alone_when_the_same_instant_is_set(timers):
    at = soon(3600)
    timers.set("shop/web", at)
    added = []
    timers._scheduler.add_listener(
        added.append, events.EVENT_JOB_ADDED | events.EVENT_JOB_MODIFIED
    )
    timers.set("shop/web", at.astimezone(timezone(timedelta(hours=2))))
    assert added == []


async def test_timers_stay_silent_when_canceled(timers, woken):
    timers.set("shop/web", soon(0.01))
    timers.cancel("shop/web")
    timers.cancel("shop/never")
    timers.set("shop/last", soon(0.02))
    await until(lambda: woken)
    assert woken == ["shop/last"]


async def test_timers_wake_when_the_loop_was_busy_beyond_the_default_grace(woken):
    made = timers_module.Timers(woken=woken.append)
    made.set("shop/web", soon(-5))  # before the start: late by five seconds when it begins
    made.start()
    await until(lambda: woken)
    made.stop()
    await asyncio.sleep(0)


async def test_timers_wake_all_when_a_key_is_set_again_while_it_fires(woken):
    made: timers_module.Timers

    def wake(key: str) -> None:
        woken.append(key)
        if len(woken) < 20:
            made.set(key, soon())

    made = timers_module.Timers(woken=wake)
    made.start()
    made.set("shop/web", soon())
    await until(lambda: len(woken) == 20)
    made.stop()
    await asyncio.sleep(0)


async def test_timers_go_on_when_waking_fails(caplog, woken):
    def wake(key: str) -> None:
        woken.append(key)
        raise RuntimeError("bug")

    made = timers_module.Timers(woken=wake)
    made.start()
    made.set("a", soon())
    made.set("b", soon())
    await until(lambda: len(woken) == 2)
    made.stop()
    await asyncio.sleep(0)
    assert "waking a failed" in caplog.text


async def test_timers_refuse_an_instant_without_a_zone(timers):
    with pytest.raises(ValueError, match="time zone"):
        timers.set("shop/web", datetime(2026, 1, 1))  # noqa: DTZ001
