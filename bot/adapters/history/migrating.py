"""The tables brought to this version, or back: alembic, with the steps that the package carries.

Blocks; for a thread of its own.
"""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command, config
from sqlalchemy import pool
from sqlalchemy.ext import asyncio as sa_asyncio

CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 45.0
_ONE = threading.Lock()
"""Alembic keeps what it is doing in globals of the process."""


def upgrade(url: sa.URL, to: str = "head") -> None:
    """Make what is missing; nothing is done where all is there."""
    _run(url, lambda chosen: command.upgrade(chosen, to))


def downgrade(url: sa.URL, to: str) -> None:
    """Go back; ``base`` is before the first table."""
    _run(url, lambda chosen: command.downgrade(chosen, to))


def configured(connection: sa.Connection) -> config.Config:
    """Alembic's settings, without a file of them."""
    chosen = config.Config()
    chosen.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    chosen.attributes["connection"] = connection
    return chosen


def _run(url: sa.URL, work: Callable[[config.Config], None]) -> None:
    def configured_work(connection: sa.Connection) -> None:
        work(configured(connection))

    with _ONE:
        if url.get_backend_name() == "sqlite":
            opened(url, configured_work)
        else:
            asyncio.run(_connected(url, configured_work))


def opened(url: sa.URL, work: Callable[[sa.Connection], None] = lambda _: None) -> None:
    """A file, in this thread: the other driver's outlives a loop in which it cannot be opened."""
    engine = sa.create_engine(
        url.set(drivername="sqlite"),
        poolclass=pool.NullPool,
        connect_args={"timeout": CONNECT_TIMEOUT_S},
    )
    try:
        with engine.begin() as connection:
            work(connection)
    finally:
        engine.dispose()


async def _connected(url: sa.URL, work: Callable[[sa.Connection], None]) -> None:
    limits = {"timeout": CONNECT_TIMEOUT_S, "command_timeout": COMMAND_TIMEOUT_S}
    engine = sa_asyncio.create_async_engine(url, poolclass=pool.NullPool, connect_args=limits)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()
