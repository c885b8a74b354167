"""``rollout-bot audit verify`` on both databases: whatever is done to a row, which one is said."""

import asyncio
import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.ext import asyncio as sa_asyncio

from bot import __main__ as program
from bot.adapters import history
from bot.adapters.history import schema, urls
from bot.model import chain
from tests.adapters.history.conftest import START

ROWS = schema.RECORDS


@pytest.fixture
def kept(address, record):
    """A history of five entries, written in two turns; where it is."""

    async def fill():
        store = history.SqlHistory(address)
        await store.append([record(n) for n in (1, 2, 3)], at=START)
        await store.append([record(n, reason="=cmd|x") for n in (4, 5)], at=START)
        await store.close()

    asyncio.run(fill())
    return address


def audit(address, *words):
    found = CliRunner().invoke(
        program.main, ["audit", *words], env={"ROLLOUT_BOT_HISTORY": address}
    )
    return found.exit_code, found.output, found.stdout


def done_to(address, work):
    """Somebody with the password works on the tables."""

    async def run():
        engine = sa_asyncio.create_async_engine(urls.engine_url(address))
        async with engine.begin() as connection:
            await work(connection)
        await engine.dispose()

    asyncio.run(run())


def statement(*statements):
    async def work(connection):
        for one in statements:
            assert (await connection.execute(one)).rowcount >= 1

    return work


def at(seq):
    return sa.update(ROWS).where(ROWS.c.seq == seq)


def gone(seq):
    return sa.delete(ROWS).where(ROWS.c.seq == seq)


async def swapped(connection):
    """Two rows change places."""
    await connection.execute(at(2).values(seq=99))
    await connection.execute(at(3).values(seq=2))
    await connection.execute(at(99).values(seq=3))


async def swapped_contents(connection):
    """Two people change places, and nothing else."""
    await connection.execute(at(2).values(actor="lee"))
    await connection.execute(at(3).values(actor="dana"))


def inserted(seq, *, id="forged", follows=None):
    """A row that nobody wrote, with a digest as good as one can make it."""

    async def work(connection):
        rows = (await connection.execute(sa.select(ROWS).order_by(ROWS.c.seq))).mappings().all()
        entries = [schema.from_row(one) for one in rows]
        before = next((e for e in entries if e.seq == (follows or seq - 1)), None)
        forged = chain.entry(
            replace(entries[0].record, id=id, actor="eve", at=START + timedelta(minutes=9)),
            seq=seq,
            previous=before.digest if before is not None else chain.START,
            written_at=START,
        )
        await connection.execute(sa.insert(ROWS), [schema.to_row(forged)])

    return work


async def pushed_in(connection):
    """A row in the middle, and all that follow it one further."""
    for seq in (5, 4, 3):
        await connection.execute(at(seq).values(seq=seq + 1))
    await inserted(3)(connection)


async def head_moved_back(connection):
    """As if the last row were not there yet."""
    digest = await connection.scalar(sa.select(ROWS.c.digest).where(ROWS.c.seq == 4))
    await connection.execute(sa.update(schema.HEAD).values(seq=4, digest=digest))


CHANGED = {
    "actor": "eve", "reason": "fine", "kind": "promoted", "cluster": "prod-us", "uid": "u-2",
    "revision": 41, "before_weight": 0, "after_phase": "Healthy", "permalink": "https://x.example",
    "gate": "", "commit": "beef", "at": START, "written_at": START + timedelta(seconds=1),
    "shipped_at": None, "digest": "f" * 64, "previous": "f" * 64, "id": "record-9",
}  # fmt: skip

TAMPERED = [
    *(pytest.param(statement(at(3).values({column: value})),
                   "record-9" if column == "id" else "record-3", id=f"changed {column}")
      for column, value in CHANGED.items()),
    pytest.param(statement(gone(1)), "record-2", id="deleted first"),
    pytest.param(statement(gone(3)), "record-4", id="deleted"),
    pytest.param(statement(gone(5)), "entry 5, the end of the chain", id="deleted last"),
    pytest.param(statement(gone(4), gone(5)), "entry 4, the end of the chain", id="cut off"),
    pytest.param(statement(sa.delete(ROWS)), "entry 1, the end of the chain", id="emptied"),
    pytest.param(inserted(6), "record forged", id="inserted at the end"),
    pytest.param(inserted(7, follows=5), "record forged", id="inserted beyond the end"),
    pytest.param(inserted(0), "record forged", id="inserted before the first"),
    pytest.param(inserted(-7), "record forged", id="inserted far before the first"),
    pytest.param(pushed_in, "record record-3", id="inserted in the middle"),
    pytest.param(swapped, "record-3", id="swapped"),
    pytest.param(swapped_contents, "record-2", id="swapped contents"),
    pytest.param(statement(sa.update(schema.HEAD).values(seq=4)), "record-4", id="head changed"),
    pytest.param(head_moved_back, "record record-5", id="head moved back"),
]  # fmt: skip


@pytest.mark.parametrize(("work", "bad"), TAMPERED)
def test_verify_ends_with_1_and_names_the_row_that_was_touched(kept, work, bad):
    code, said, _ = audit(kept, "verify")
    assert (code, said[:18]) == (0, "intact: 5 entries,")
    done_to(kept, work)
    code, said, _ = audit(kept, "verify")
    assert (code, said[:12]) == (1, "not intact: ")
    assert bad in said


def test_chain_that_was_made_anew_is_found_by_the_head_that_was_noted(kept):
    noted = audit(kept, "verify")[1].split()[-1]

    async def anew(connection):
        rows = (await connection.execute(sa.select(ROWS).order_by(ROWS.c.seq))).mappings().all()
        previous = chain.START
        for row in rows[:4]:
            one = schema.from_row(row)
            forged = chain.entry(
                replace(one.record, actor="eve"), seq=one.seq, previous=previous, written_at=START
            )
            previous = forged.digest
            await connection.execute(at(one.seq).values(schema.to_row(forged)))
        await connection.execute(gone(5))
        await connection.execute(sa.update(schema.HEAD).values(seq=4, digest=previous))

    done_to(kept, anew)
    assert audit(kept, "verify")[0] == 0
    code, said, _ = audit(kept, "verify", "--head", noted)
    assert (code, "entry 5" in said) == (1, True)


def test_export_holds_every_row_and_its_link_also_after_somebody_touched_one(kept):
    rows = [json.loads(line) for line in audit(kept, "export")[2].splitlines()]
    assert [row["id"] for row in rows] == [f"record-{n}" for n in range(1, 6)]
    assert [row["previous"] for row in rows] == [
        chain.START,
        *(row["digest"] for row in rows[:-1]),
    ]
    done_to(kept, statement(at(3).values(actor="eve")))
    done_to(kept, inserted(0))
    again = [json.loads(line) for line in audit(kept, "export")[2].splitlines()]
    assert [(row["seq"], row["actor"]) for row in again[:4]] == [
        (0, "eve"), (1, "sam"), (2, "sam"), (3, "eve"),
    ]  # fmt: skip
    table = list(csv.DictReader(io.StringIO(audit(kept, "export", "--format", "csv")[2])))
    assert [row["digest"] for row in table] == [row["digest"] for row in again]
    assert table[-1]["reason"] == "'=cmd|x"


async def test_writer_that_adds_while_it_is_walked_is_no_tampering(opened, record):
    store = opened()
    await store.append([record(n) for n in (1, 2)], at=START)
    first = await store.head()
    walker = chain.Walker(head=first)
    await store.append([record(3)], at=START)
    assert walker.follow(await store.walk(after=None, limit=9)) is None
    await store.append([record(4)], at=START)
    assert walker.end(await store.head()) is None
    assert (walker.seq, first.seq) == (3, 2)
