"""``records.History`` over SQLAlchemy. One chain, whoever writes: a second writer tries again."""

import asyncio
import contextlib
import pathlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent import futures
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import util as alembic_errors
from sqlalchemy import event, exc, pool
from sqlalchemy.ext import asyncio as sa_asyncio

from bot.adapters.history import migrating, schema, urls
from bot.model import chain, errors, records

_T = TypeVar("_T")

TIMEOUT_S = 8.0
MIGRATION_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 4.0
TRIES = 8
ROWS_LIMIT = 2000
_OF_A_FILE = {
    "file is not a database": "is no SQLite database",
    "unable to open database file": "cannot be opened: its folder must be there, for me to write",
    "attempt to write a readonly database": "may not be written by me",
    "database or disk is full": "has no room left: the disk is full",
}


class _Overtaken(Exception):  # noqa: N818 - it is no failure
    """Another writer has added entries meanwhile."""


class SqlHistory:
    """One a process. ``migrate`` False: look only, the tables are somebody else's to make."""

    def __init__(
        self, address: str, *, migrate: bool = True, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._url = urls.engine_url(address)
        self._where = urls.shown(address)
        self._timeout_s = timeout_s
        self._ready = not migrate
        self._migrating = asyncio.Lock()
        self._engine = _engine(self._url)
        looks = not migrate and self._url.get_backend_name() == "sqlite"
        self._file = pathlib.Path(self._url.database or "") if looks else None
        # A disk that hangs keeps one thread of ours, and none of those that look names up.
        self._aside = futures.ThreadPoolExecutor(1, thread_name_prefix="history")

    @property
    def shared(self) -> bool:
        """Whether every replica sees the same one."""
        return self._url.get_backend_name() != "sqlite"

    @property
    def folder(self) -> pathlib.Path | None:
        """Where its file is; None of a server."""
        return None if self.shared else pathlib.Path(self._url.database or "").parent

    async def append(self, batch: Sequence[records.Record], *, at: datetime) -> tuple[str, ...]:
        await self._prepared()
        for _ in range(TRIES):
            try:
                async with self._begun() as connection:
                    return await _append(connection, batch, at)
            except (_Overtaken, exc.IntegrityError):
                continue
        raise errors.Unavailable(f"the history ({self._where}) has too many writers")

    async def find(self, query: records.Query) -> tuple[records.Entry, ...]:
        table = schema.RECORDS
        found = sa.select(table)
        for name in ("cluster", "namespace", "rollout"):
            if value := getattr(query, name):
                found = found.where(table.c[name] == value)
        if query.kinds:
            found = found.where(table.c.kind.in_(sorted(query.kinds)))
        if query.since is not None:
            found = found.where(table.c.at >= query.since)
        found = found.order_by(table.c.at.desc(), table.c.seq.desc())
        return await self._entries(found.limit(min(query.limit, ROWS_LIMIT)))

    async def walk(self, *, after: int | None, limit: int) -> tuple[records.Entry, ...]:
        table = schema.RECORDS
        found = sa.select(table).order_by(table.c.seq)
        if after is not None:
            found = found.where(table.c.seq > after)
        return await self._entries(found.limit(min(limit, ROWS_LIMIT)))

    async def head(self) -> records.Head:
        await self._prepared()
        async with self._begun() as connection:
            return await _head(connection)

    async def close(self) -> None:
        self._aside.shutdown(wait=False, cancel_futures=True)
        await self._engine.dispose()

    async def _entries(self, query: sa.Select[Any]) -> tuple[records.Entry, ...]:
        await self._prepared()
        async with self._begun() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(schema.from_row(row) for row in rows)

    async def _prepared(self) -> None:
        """Make or change the tables, once, away from the loop; who only looks makes no file."""
        if self._ready:
            if self._file is not None:
                await self._apart(self._there, self._file)
            return
        async with self._migrating:
            await self._migrated()

    async def _apart(self, work: Callable[[_T], object], given: _T) -> None:
        await asyncio.get_running_loop().run_in_executor(self._aside, work, given)

    def _there(self, file: pathlib.Path) -> None:
        """Whether it is a file that can be opened, before the driver with its thread tries."""
        if not file.exists():
            raise errors.Unavailable(f"there is no history in {self._where}")
        with _ours(self._where):
            migrating.opened(self._url)

    async def _migrated(self) -> None:
        if not self._ready:
            with _ours(self._where):
                async with asyncio.timeout(MIGRATION_TIMEOUT_S):
                    await self._apart(migrating.upgrade, self._url)
            self._ready = True

    @contextlib.asynccontextmanager
    async def _begun(self) -> AsyncIterator[sa_asyncio.AsyncConnection]:
        """A transaction that is bounded in time, with our errors."""
        with _ours(self._where):
            async with asyncio.timeout(self._timeout_s), self._engine.begin() as connection:
                yield connection


@contextlib.contextmanager
def _ours(where: str) -> Iterator[None]:
    """What the library raises, in our words: no address, no values, no statement."""
    try:
        yield
    except exc.IntegrityError:
        raise
    except exc.ProgrammingError as error:
        text = f"the history ({where}) refuses a statement ({_name(error)})"
        raise errors.Unavailable(f"{text}: its tables are not those of this version") from None
    except alembic_errors.CommandError:
        text = f"the history ({where}) has tables of a later version"
        raise errors.Unavailable(f"{text}: bring the bot up to date, its records wait") from None
    except exc.DataError as error:
        raise errors.Refused(f"the history refuses a record ({_name(error)})") from None
    except exc.OperationalError as error:
        if str(error.orig).startswith(("no such column", "no such table")):
            text = f"the history ({where}) has tables that are not those of this version"
            raise errors.Unavailable(
                f"{text}: a bot that keeps it brings them up to date"
            ) from None
        raise errors.Unavailable(f"the history ({where}) {_trouble(error)}") from None
    except exc.DatabaseError as error:
        raise errors.Unavailable(f"the history ({where}) {_trouble(error)}") from None
    except (exc.SQLAlchemyError, OSError, TimeoutError) as error:
        text = f"the history ({where}) does not answer ({_name(error)})"
        raise errors.Unavailable(text) from None


def _trouble(error: exc.DatabaseError) -> str:
    """What is wrong with a file, which SQLite says in texts alone; of all else that it is away."""
    return _OF_A_FILE.get(str(error.orig), f"does not answer ({_name(error)})")


def _name(error: BaseException) -> str:
    return type(getattr(error, "orig", None) or error).__name__


def _engine(url: sa.URL) -> sa_asyncio.AsyncEngine:
    if url.get_backend_name() == "sqlite":
        made = sa_asyncio.create_async_engine(
            url, poolclass=pool.NullPool, connect_args={"timeout": CONNECT_TIMEOUT_S}
        )
        event.listen(made.sync_engine, "connect", _opened)
        return made
    limits = {"timeout": CONNECT_TIMEOUT_S, "command_timeout": TIMEOUT_S}
    return sa_asyncio.create_async_engine(
        url,
        pool_size=2,
        max_overflow=1,
        pool_timeout=CONNECT_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args=limits,
    )


def _opened(connection: Any, _record: object) -> None:
    """Readers do not wait for the writer."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


async def _head(connection: sa_asyncio.AsyncConnection, *, mine: bool = False) -> records.Head:
    """Where the chain ends; ``mine``: nobody else moves it before this transaction is over."""
    query = sa.select(schema.HEAD).with_for_update() if mine else sa.select(schema.HEAD)
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise errors.Refused(
            "the head of the history's chain is gone: restore rollout_records_head"
        )
    return records.Head(seq=row["seq"], digest=row["digest"])


async def _append(
    connection: sa_asyncio.AsyncConnection, batch: Sequence[records.Record], at: datetime
) -> tuple[str, ...]:
    if connection.dialect.name == "sqlite":
        # Take the turn before looking: a file has one writer.
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    # Where there is a server, writers queue here: trying again, some could try in vain.
    table, head = schema.RECORDS, await _head(connection, mine=True)
    ids = [record.id for record in batch]
    known = set((await connection.scalars(sa.select(table.c.id).where(table.c.id.in_(ids)))).all())
    rows, seq, previous = [], head.seq, head.digest
    for record in batch:
        if record.id in known:
            continue
        known.add(record.id)
        one = chain.entry(record, seq=seq + 1, previous=previous, written_at=at)
        rows.append(schema.to_row(one))
        seq, previous = one.seq, one.digest
    if not rows:
        return ()
    await connection.execute(sa.insert(table), rows)
    moved = await connection.execute(
        sa.update(schema.HEAD)
        .where(schema.HEAD.c.seq == head.seq, schema.HEAD.c.digest == head.digest)
        .values(seq=seq, digest=previous)
    )
    if moved.rowcount != 1:
        raise _Overtaken
    return tuple(row["id"] for row in rows)
