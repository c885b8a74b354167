import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone

import pytest
from aiohttp import web

from bot.adapters.kubernetes import lease as lease_module
from bot.model import errors
from tests.adapters.kubernetes import scripted


class Time:
    """A clock that moves only when the test says so, and those who sleep by it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        sleeper = (self.now + seconds, asyncio.get_running_loop().create_future())
        self.sleepers.append(sleeper)
        try:
            await sleeper[1]
        finally:
            self.sleepers.remove(sleeper)

    async def advance(self, seconds: float, *, asleep: int) -> None:
        """Move on, waking each sleeper at its time and waiting until all sleep again."""
        end = self.now + seconds
        while True:
            await scripted.until(lambda: len(self.sleepers) == asleep)
            due = min(self.sleepers, key=lambda sleeper: sleeper[0], default=(end + 1, None))
            if due[0] > end:
                break
            self.now = max(self.now, due[0])
            due[1].set_result(None)
            await scripted.until(lambda due=due: due not in self.sleepers)
        self.now = end


class LeaseServer:
    """One Lease over HTTP, with conflicts as the real thing has them."""

    def __init__(self, server: scripted.Server) -> None:
        self.spec: dict | None = None
        self.version = 10
        self.fail: scripted.Handler | None = None
        self.history: list[dict] = []
        server.hang = self.handle

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.fail is not None:
            return await self.fail(request)
        if request.method == "GET":
            if self.spec is None:
                return await scripted.refusal(404, "NotFound")(request)
            return await self.show(request)
        body = json.loads(await request.read())
        if request.method == "POST":
            if self.spec is not None:
                return await scripted.refusal(409, "AlreadyExists")(request)
            self.spec = {}
        elif body["metadata"]["resourceVersion"] != str(self.version):
            return await scripted.refusal(409, "Conflict")(request)
        self.write(body["spec"])
        return await self.show(request)

    def write(self, spec: dict) -> None:
        self.spec = {**(self.spec or {}), **spec}
        self.version += 1
        self.history.append(self.spec)

    async def show(self, request: web.Request) -> web.StreamResponse:
        metadata = {"name": "lock", "resourceVersion": str(self.version)}
        return await scripted.answer({"metadata": metadata, "spec": self.spec})(request)


class Candidate:
    def __init__(self, api, time: Time, identity: str, **more) -> None:
        self.time = time
        self.events: list[str] = []
        self.finish = asyncio.Event()
        self.lease = lease_module.Lease(
            api=api,
            namespace="argo-rollouts",
            identity=identity,
            clock=lambda: datetime(
                2026, 11, 23, 3, 12, 0, 42, tzinfo=timezone(timedelta(hours=-5))
            ),
            monotonic=time.monotonic,
            sleep=time.sleep,
            uniform=lambda low, _: low,
            **more,
        )

    async def lead(self) -> None:
        self.events.append(f"leads {self.time.now:g}")
        try:
            await self.finish.wait()
        finally:
            self.events.append(f"stops {self.time.now:g}")

    def start(self) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(self.lease.run(self.lead))


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def lock(server) -> LeaseServer:
    return LeaseServer(server)


@pytest.fixture
async def candidates(api, time, lock) -> AsyncIterator[tuple[Candidate, Candidate]]:
    yield Candidate(api, time, "a"), Candidate(api, time, "b")


async def stop(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.row(127)
async def test_lease_is_made_as_argo_makes_it_when_there_is_none(candidates, time, lock, server):
    first, _ = candidates
    task = first.start()
    await time.advance(0, asleep=1)
    assert first.lease.leading
    assert first.lease.holder == "a"
    assert lock.spec == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 15,
        "leaseTransitions": 0,
        "acquireTime": "2026-11-23T08:12:00.000042Z",
        "renewTime": "2026-11-23T08:12:00.000042Z",
    }
    body = json.loads(server.bodies[1])
    assert body["metadata"]["name"] == "argo-rollouts-controller-lock"
    assert re.search("/namespaces/argo-rollouts/leases$", server.seen[1].path)
    await stop(task)


@pytest.mark.row(127)
async def test_second_candidate_waits_while_the_first_renews_and_takes_over_when_it_is_released(
    candidates, time, lock
):
    first, second = candidates
    leading = first.start()
    await time.advance(0, asleep=1)
    waiting = second.start()
    await time.advance(60, asleep=2)
    assert first.events == ["leads 1000"]
    assert second.events == []
    assert second.lease.holder == "a"
    await stop(leading)
    assert (lock.spec["holderIdentity"], lock.spec["leaseDurationSeconds"]) == ("", 1)
    assert first.events == ["leads 1000", "stops 1060"]
    assert not first.lease.leading
    await time.advance(2, asleep=1)
    assert second.events == ["leads 1062"]
    assert lock.spec["leaseTransitions"] == 1
    await stop(waiting)


async def test_leader_stops_before_the_lease_runs_out_when_the_server_is_lost(
    candidates, time, lock
):
    first, _ = candidates
    task = first.start()
    await time.advance(4, asleep=1)
    lock.fail = scripted.refusal(500)
    await time.advance(9.9, asleep=1)
    assert first.events == ["leads 1000"]
    await time.advance(0.2, asleep=1)
    assert first.events == ["leads 1000", "stops 1014"]
    assert not first.lease.leading
    lock.fail = None
    await time.advance(2.5, asleep=1)
    assert first.events[2:] == ["leads 1016"]
    await stop(task)


@pytest.mark.parametrize("trouble", [scripted.cut, scripted.answer("oops"), scripted.refusal(409)])
async def test_leader_goes_on_when_one_renewal_fails(candidates, time, lock, trouble):
    first, _ = candidates
    task = first.start()
    await time.advance(1, asleep=1)
    lock.fail = trouble
    await time.advance(2, asleep=1)
    lock.fail = None
    await time.advance(30, asleep=1)
    assert first.events == ["leads 1000"]
    await stop(task)


async def test_leader_stops_at_once_when_another_holds_the_lease(candidates, time, lock):
    first, _ = candidates
    task = first.start()
    await time.advance(1, asleep=1)
    lock.write({"holderIdentity": "argo", "leaseTransitions": 5})
    await time.advance(1, asleep=1)
    assert first.events == ["leads 1000", "stops 1002"]
    assert lock.spec["holderIdentity"] == "argo"
    await stop(task)


@pytest.mark.row(127)
async def test_candidate_waits_the_whole_duration_by_its_own_clock_when_the_holder_died(
    candidates, time, lock
):
    lock.write(
        {
            "holderIdentity": "argo",
            "leaseDurationSeconds": 15,
            "renewTime": "2001-01-01T00:00:00.000000Z",
            "leaseTransitions": 3,
        }
    )
    _, second = candidates
    task = second.start()
    await time.advance(14.9, asleep=1)
    assert second.events == []
    await time.advance(2, asleep=1)
    assert second.events == ["leads 1016"]
    assert lock.spec["leaseTransitions"] == 4
    await stop(task)


async def test_candidate_still_waits_when_the_lease_is_deleted_under_its_holder(
    candidates, time, lock
):
    first, second = candidates
    leading = first.start()
    await time.advance(0, asleep=1)
    waiting = second.start()
    await time.advance(0.5, asleep=2)
    lock.spec = None
    await time.advance(5, asleep=2)
    assert second.events == []
    assert first.lease.leading
    assert lock.spec["holderIdentity"] == "a"
    await stop(leading, waiting)


async def test_lease_ends_and_is_released_when_the_work_returns(candidates, time, lock):
    first, _ = candidates
    task = first.start()
    await time.advance(0, asleep=1)
    first.finish.set()
    await task
    assert lock.spec["holderIdentity"] == ""


async def test_lease_raises_what_the_work_raises_and_is_released(api, time, lock):
    candidate = Candidate(api, time, "a")

    async def fail() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        await candidate.lease.run(fail)
    assert lock.spec["holderIdentity"] == ""


async def test_leader_knows_that_it_leads_no_more_when_its_process_was_stopped(
    candidates, time, lock
):
    first, _ = candidates
    task = first.start()
    await time.advance(0, asleep=1)
    time.now += 15  # nobody was woken: the process stood still
    assert not first.lease.leading
    await stop(task)


async def test_leader_is_not_believed_to_have_stopped_when_it_ignores_its_cancellation(
    api, time, lock, monkeypatch, caplog
):
    monkeypatch.setattr(lease_module, "STOP_REMINDER_S", 0.005)
    candidate = Candidate(api, time, "a")
    calls = 0

    async def stubborn() -> None:
        nonlocal calls
        while calls < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                calls += 1

    task = asyncio.get_running_loop().create_task(candidate.lease.run(stubborn))
    await time.advance(0, asleep=1)
    lock.write({"holderIdentity": "argo"})
    await time.advance(2, asleep=1)
    assert calls == 3
    assert "does not stop" in caplog.text
    assert lock.spec["holderIdentity"] == "argo"
    await stop(task)


def test_lease_refuses_times_that_could_overlap(time):
    with pytest.raises(errors.UserError):
        Candidate(None, time, "a", renew_deadline_s=15.0)
