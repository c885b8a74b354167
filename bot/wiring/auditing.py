"""The commands that look at the history: where it is kept is a setting, the rest is values."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import click
import uvloop

from bot import settings
from bot.adapters import history as adapter
from bot.cli import auditing
from bot.model import chain, errors, records

BATCH = 1_000
T = TypeVar("T")

_where = (
    click.option("--history", help="where it is kept: a file, or postgresql://…"),
    click.option("--config", help="settings file that says where"),
)


def _located(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in _where:
        command = option(command)
    return command


@click.group()
def audit() -> None:
    """Look at what was decided, by whom and why; export it; prove that nobody changed it."""


@audit.command()
@_located
@click.option("--head", default="", help="SEQ:DIGEST that was noted earlier must still be there")
def verify(head: str, **flags: Any) -> None:
    """Walk the hash chain: exit 0 intact, 1 with the first bad entry, 2 not readable."""
    noted = _noted(head)
    broken, walker = _read(flags, lambda history: _verified(history, noted))
    click.echo(auditing.verdict(broken, walker), err=broken is not None)
    sys.exit(0 if broken is None else 1)


@audit.command()
@_located
@click.option("--format", "form", type=click.Choice(("jsonl", "csv")), default="jsonl")
def export(form: str, **flags: Any) -> None:
    """Print every entry, oldest first."""

    async def written(history: records.History) -> None:
        first = True
        async for batch in _batches(history):
            text = (
                auditing.as_csv(batch, header=first) if form == "csv" else auditing.as_jsonl(batch)
            )
            click.echo(text, nl=False)
            first = False
        if first and form == "csv":
            click.echo(auditing.as_csv((), header=True), nl=False)

    _read(flags, written)


def _read(flags: dict[str, Any], work: Callable[[records.History], Awaitable[T]]) -> T:
    """``work`` on the history that was named; exit 2 with a sentence where that cannot be."""
    try:
        file = settings.load_file(flags.get("config") or settings.config_path())
        address = settings.history(flags, file).reveal()
        if not address:
            raise errors.UserError("which history? Give --history FILE or postgresql://….")
        found: T = uvloop.run(_with(address, work))
        return found
    except (errors.RolloutBotError, TimeoutError) as problem:
        click.echo(f"error: {problem}", err=True)
        sys.exit(2)


async def _with(address: str, work: Callable[[records.History], Awaitable[T]]) -> T:
    history = adapter.SqlHistory(address, migrate=False)
    try:
        return await work(history)
    finally:
        await history.close()


async def _batches(history: records.History) -> AsyncIterator[tuple[records.Entry, ...]]:
    after = 0
    while batch := await history.walk(after=after, limit=BATCH):
        yield batch
        after = batch[-1].seq


async def _verified(
    history: records.History, noted: records.Head | None
) -> tuple[chain.Broken | None, chain.Walker]:
    """Follow the whole chain; ``noted`` is an entry that must be in it."""
    walker = chain.Walker(head=await history.head(), noted=noted)
    async for batch in _batches(history):
        if (broken := walker.follow(batch)) is not None:
            return broken, walker
    return walker.end(), walker


def _noted(text: str) -> records.Head | None:
    seq, _, digest = text.partition(":")
    if not text:
        return None
    if not seq.isdecimal() or not digest:
        raise click.BadParameter(f"{text!r} is not SEQ:DIGEST, as verify prints it")
    return records.Head(seq=int(seq), digest=digest)
