"""One suite over both databases: what is appended is there once, in a chain, and is found."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import chain, errors, records
from tests.adapters.history import server as servers
from tests.adapters.history.conftest import START

NASTY = (
    "<!channel> & \x00 'quoted'; DROP TABLE rollout_records; -- \u202e \ud800 \U0001f600 " + "x" * 9000
)


async def verified(store, noted=None):
    walker = chain.Walker(head=await store.head(), noted=noted)
    while batch := await store.walk(after=walker.seq, limit=3):
        if (broken := walker.follow(batch)) is not None:
            return broken
    return walker.end()


async def test_history_keeps_every_value_as_it_was(opened, record):
    store = opened()
    whole = record(
        1,
        update=records.Update(
            commit="3f2a1c",
            commit_at=START,
            shipped_at=START + timedelta(seconds=1),
            bad_since=START + timedelta(seconds=2),
            detected_at=START + timedelta(seconds=3),
            zero_at=START + timedelta(seconds=4),
            restored_at=START + timedelta(seconds=5),
        ),
    )
    await store.append([whole, record(2, before=records.Stand(), after=records.Stand())], at=START)
    first, second = await store.walk(after=0, limit=10)
    assert first.record == whole
    assert second.record.before == records.Stand()
    assert (first.seq, second.seq, second.previous) == (1, 2, first.digest)
    assert await verified(store) is None


async def test_history_adds_a_record_once_whoever_brings_it_again(opened, record):
    one, other = opened(), opened()
    assert await one.append([record(1), record(1), record(2)], at=START) == ("record-1", "record-2")
    again = replace(record(2), reason="seen later")
    assert await other.append([again, record(3)], at=START) == ("record-3",)
    assert [e.record.id for e in await one.walk(after=0, limit=9)] == [
        "record-1",
        "record-2",
        "record-3",
    ]
    assert await verified(other) is None


async def test_history_holds_any_text(opened, record):
    store = opened()
    nasty = records.cleaned(record(1, reason=NASTY, actor=NASTY, rollout=NASTY))
    await store.append([nasty], at=START)
    (found,) = await store.walk(after=0, limit=9)
    assert found.record == nasty
    assert len(found.record.reason) == records.TEXT_LIMIT
    assert await verified(store) is None


async def test_history_finds_the_newest_that_fit(opened, record):
    store = opened()
    await store.append([record(n) for n in (3, 1, 2)], at=START)
    await store.append([record(9, rollout="cart"), record(8, cluster="prod-us")], at=START)
    mine = records.Query(cluster="prod-eu", namespace="shop", rollout="checkout", limit=2)
    assert [e.record.id for e in await store.find(mine)] == ["record-3", "record-2"]
    since = replace(mine, since=START + timedelta(minutes=2), limit=9)
    assert [e.record.id for e in await store.find(since)] == ["record-3", "record-2"]
    every = records.Query(cluster="prod-eu", limit=9)
    assert [e.record.id for e in await store.find(every)][0] == "record-9"


async def test_two_writers_at_once_make_one_chain(opened, record):
    writers = [opened() for _ in range(4)]
    await writers[0].head()

    async def write(number, store):
        for turn in range(6):
            # Each of them also brings what another one brings.
            batch = [record(100 * number + turn), record(5000 + turn)]
            await store.append(batch, at=START)

    await asyncio.gather(*(write(n, store) for n, store in enumerate(writers)))
    entries = await writers[0].walk(after=0, limit=99)
    assert [e.seq for e in entries] == list(range(1, 31))
    assert len({e.record.id for e in entries}) == 30
    assert await verified(writers[0]) is None


async def test_a_killed_writer_leaves_a_whole_chain(opened, record):
    store, other = opened(), opened()
    await store.append([record(1)], at=START)
    for turn in range(20):
        task = asyncio.ensure_future(store.append([record(10 + turn), record(40 + turn)], at=START))
        for _ in range(turn):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await other.append([record(2)], at=START)
    assert await verified(other) is None
    numbers = [e.record.id for e in await other.walk(after=0, limit=99)]
    for turn in range(20):
        assert (f"record-{10 + turn}" in numbers) == (f"record-{40 + turn}" in numbers)


async def test_a_history_that_only_looks_makes_nothing(opened, address):
    with pytest.raises(errors.Unavailable) as problem:
        await opened(migrate=False).head()
    assert servers.PASSWORD not in str(problem.value)


async def test_history_says_it_is_away_without_its_password(postgres, record):
    from bot.adapters import history

    address = postgres.url()
    store = history.SqlHistory(address)
    await store.append([record(1)], at=START)
    postgres.stop()
    try:
        with pytest.raises(errors.Unavailable) as problem:
            await store.append([record(2)], at=START)
        assert servers.PASSWORD not in str(problem.value)
    finally:
        postgres.start()
    assert await store.append([record(2)], at=START) == ("record-2",)
    assert await verified(store) is None
    await store.close()
    wrong = history.SqlHistory(address.replace(servers.PASSWORD, "not-the-password"))
    with pytest.raises(errors.Unavailable) as problem:
        await wrong.append([record(3)], at=START)
    assert "not-the-password" not in str(problem.value)
    await wrong.close()
