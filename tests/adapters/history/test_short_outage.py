"""A database that is away for a moment: nothing is lost, and a gap is said where a call failed."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.adapters import history
from bot.model import chain, ports, records
from bot.runtime import recorder, tasks
from tests.adapters.history.conftest import START
from tests.core.engine import simulation

COUNT = 40


class Counted:
    """The real history; how many calls were answered with an error."""

    def __init__(self, real):
        self.real, self.failed, self.written = real, 0, 0
        self.head = real.head

    async def append(self, batch, *, at):
        try:
            found = await self.real.append(batch, at=at)
        except Exception:
            self.failed += 1
            raise
        self.written += len(found)
        return found


async def until(condition):
    async with asyncio.timeout(90):
        while not condition():
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("idle", [True, False], ids=["between two writings", "while it writes"])
async def test_no_record_is_missing_after_the_database_was_restarted(postgres, record, idle):
    kept = Counted(history.SqlHistory(postgres.url()))
    made = recorder.Recorder(
        history=kept,
        clock=lambda: datetime.now(UTC),
        rollouts=simulation.Cache(simulation.Cluster(), ports.ROLLOUT),
        cluster="prod-eu",
    )
    task = tasks.spawn(made.run(), name="recorder")

    def note(numbers):
        for number in numbers:
            made.note(replace(record(number), kind=records.Kind.WEIGHT))

    note(range(COUNT // 2))
    await until(lambda: kept.written)
    if idle:
        await asyncio.to_thread(postgres.stop)
        await asyncio.to_thread(postgres.start)
        note(range(COUNT // 2, COUNT))
    else:
        note(range(COUNT // 2, COUNT))
        await asyncio.to_thread(postgres.stop)
        await asyncio.sleep(1.5)  # a writing falls into it
        await asyncio.to_thread(postgres.start)
    await until(lambda: made.idle and kept.written >= COUNT)
    await until(lambda: made.idle)
    entries = await kept.real.walk(after=None, limit=999)
    walker = chain.Walker(head=await kept.real.head())
    await tasks.cancel(task)
    await kept.real.close()
    assert walker.follow(entries) is None
    assert walker.end() is None
    facts = [e.record.id for e in entries if e.record.kind is not records.Kind.GAP]
    assert sorted(facts) == sorted(f"record-{n}" for n in range(COUNT))
    gaps = [e.record for e in entries if e.record.kind is records.Kind.GAP]
    started = [one for one in gaps if "before the start" in one.reason]  # the facts are old
    assert len(gaps) - len(started) == (1 if kept.failed else 0)
    assert kept.failed > 0 or idle
    assert START < entries[0].written_at
