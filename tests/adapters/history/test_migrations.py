"""The steps make the tables that the code means, and take them away again."""

import asyncio
import threading
from concurrent import futures

import pytest
import sqlalchemy as sa
from alembic import autogenerate, script
from alembic.runtime import migration
from sqlalchemy import exc
from sqlalchemy.ext import asyncio as sa_asyncio

from bot.adapters import history
from bot.adapters.history import migrating, schema, urls
from bot.model import chain, errors
from tests.adapters.history.conftest import START


async def asked(url, work):
    engine = sa_asyncio.create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def tables(connection):
    return set(sa.inspect(connection).get_table_names())


def different(connection):
    context = migration.MigrationContext.configure(
        connection, opts={"compare_type": True, "version_table": "rollout_records_version"}
    )
    return autogenerate.compare_metadata(context, schema.METADATA)


async def test_migrations_make_what_the_code_means_and_go_back(address):
    url = urls.engine_url(address)
    for _ in range(2):
        await asyncio.to_thread(migrating.upgrade, url)
        await asyncio.to_thread(migrating.upgrade, url)
        assert await asked(url, different) == []
        await asyncio.to_thread(migrating.downgrade, url, "base")
        assert await asked(url, tables) <= {"rollout_records_version"}


async def test_each_step_goes_back_alone(address):
    url = urls.engine_url(address)
    chosen = migrating.configured(None)
    steps = [one.revision for one in script.ScriptDirectory.from_config(chosen).walk_revisions()]
    assert steps == ["0002", "0001"]
    for step in reversed(steps):
        await asyncio.to_thread(migrating.upgrade, url, step)
        await asyncio.to_thread(migrating.downgrade, url, "-1")
        await asyncio.to_thread(migrating.upgrade, url, step)
    assert await asked(url, different) == []


async def test_rows_of_the_version_before_are_intact_and_go_on(opened, address, record):
    url = urls.engine_url(address)
    await asyncio.to_thread(migrating.upgrade, url, "0001")
    old = chain.entry(record(1), seq=1, previous=chain.START, written_at=START)
    row = {key: value for key, value in schema.to_row(old).items() if key != "about"}
    head = {"seq": 1, "digest": old.digest}
    async with asyncio.timeout(60):
        engine = sa_asyncio.create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(sa.insert(schema.RECORDS).values(**row))
            await connection.execute(sa.update(schema.HEAD).values(**head))
        await engine.dispose()
    store = opened()
    await store.append([record(2, about="record-1")], at=START)
    first, second = await store.walk(after=0, limit=9)
    assert (first, second.record.about) == (old, "record-1")
    walker = chain.Walker(head=await store.head())
    assert walker.follow([first, second]) is None


async def test_tables_of_a_later_version_make_records_wait_and_say_so(opened, address, record):
    url = urls.engine_url(address)
    await opened().append([record(1)], at=START)
    await changed(url, "UPDATE rollout_records_version SET version_num = '9999'")
    with pytest.raises(errors.Unavailable, match="tables of a later version"):
        await opened().append([record(2)], at=START)
    await changed(url, "UPDATE rollout_records_version SET version_num = '0002'")
    await opened().append([record(2)], at=START)


async def test_reader_of_tables_of_an_earlier_version_says_so(opened, address):
    await asyncio.to_thread(migrating.upgrade, urls.engine_url(address), "0001")
    with pytest.raises(errors.Unavailable, match="not those of this version"):
        await opened(migrate=False).walk(after=0, limit=9)


async def changed(url, statement):
    engine = sa_asyncio.create_async_engine(url)
    async with asyncio.timeout(60), engine.begin() as connection:
        await connection.execute(sa.text(statement))
    await engine.dispose()


async def test_two_processes_that_start_at_once_make_the_tables_once(opened, record):
    stores = [opened() for _ in range(3)]
    # SQLite makes one of them wait or try again; neither fails for good.
    done = await asyncio.gather(
        *(store.append([record(n)], at=START) for n, store in enumerate(stores)),
        return_exceptions=True,
    )
    for number, outcome in enumerate(done):
        if isinstance(outcome, BaseException):
            await stores[number].append([record(number)], at=START)
    assert len(await stores[0].walk(after=0, limit=9)) == 3


def test_file_that_cannot_be_opened_leaves_no_thread_that_fails_behind_it(tmp_path):
    """A driver with a thread of its own would speak to a loop that is closed by then."""
    failed, before = [], threading.excepthook
    threading.excepthook = failed.append
    url = urls.engine_url(str(tmp_path / "none" / "history.db"))
    alive = set(threading.enumerate())
    try:
        for _ in range(5):
            with pytest.raises(exc.OperationalError):
                migrating.upgrade(url)
        for thread in set(threading.enumerate()) - alive:
            thread.join(timeout=60)
    finally:
        threading.excepthook = before
    assert failed == []


async def test_nothing_else_waits_when_the_disk_of_the_history_hangs(tmp_path, record):
    """Names are looked up and metrics are read by threads that all of the bot shares."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(futures.ThreadPoolExecutor(2))
    store = history.SqlHistory(str(tmp_path / "history.db"))
    with migrating._ONE:  # whoever makes the tables comes no further
        for _ in range(4):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await store.append([record(1)], at=START)
        async with asyncio.timeout(60):
            assert await loop.getaddrinfo("127.0.0.1", 443)
            assert await asyncio.to_thread(str, 1) == "1"
    assert await store.append([record(1)], at=START)
    await store.close()
