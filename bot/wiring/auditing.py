"""The commands that look at the history: where it is kept is a setting, the rest is values."""

import difflib
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
import uvloop

from bot import settings
from bot.adapters import history as adapter
from bot.cli import auditing
from bot.model import chain, errors, past, records

BATCH = 1_000
_DIGEST = re.compile(r"[0-9a-f]{64}")
T = TypeVar("T")

_where = (
    click.option("--history", help="where it is kept: a file, or postgresql://…"),
    click.option("--config", help="settings file that says where"),
)


def _located(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in _where:
        command = option(command)
    return command


class _ByName(click.Group):
    """A group whose words that are no command are names for ``show``."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["show", *args]
        return super().resolve_command(ctx, args)


def _asked(command: Callable[..., Any]) -> Callable[..., Any]:
    """What both listings take."""
    for option in (
        click.argument("name", default=""),
        click.option("--since", default="30d", show_default=True, help=past.SPANS),
        click.option("--limit", type=click.IntRange(1, 2000), default=past.LIMIT),
        click.option("--json", "as_json", is_flag=True, help="print JSON, one record a line"),
    ):
        command = option(command)
    return _located(command)


@click.command()
@_asked
def history(**flags: Any) -> None:
    """Tell how updates went, newest first. NAME is a rollout, or namespace/name."""
    _listed(flags, past.COURSE)


@click.group(cls=_ByName)
def audit() -> None:
    """Look at what was decided, by whom and why; export it; prove that nobody changed it.

    `audit NAME` is `audit show NAME`.
    """


@audit.command()
@_asked
def show(**flags: Any) -> None:
    """List who decided what and why, newest first."""
    _listed(flags, past.DECISIONS)


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


def _listed(flags: dict[str, Any], kinds: frozenset[records.Kind]) -> None:
    span = past.age(flags["since"])
    if not span:
        none = "is no span" if span is None else "spans no time"
        raise click.BadParameter(f"--since {flags['since'][:40]!r} {none}: say {past.SPANS}")
    namespace, slash, name = flags["name"].rpartition("/")
    if slash and not (namespace and name):
        said = f"{flags['name'][:80]!r} names no rollout: say NAME or NAMESPACE/NAME"
        raise click.BadParameter(said)
    query = records.Query(
        namespace=namespace,
        rollout=name,
        since=datetime.now(UTC) - span,
        kinds=kinds,
        limit=flags["limit"],
    )
    found = _read(flags, lambda history: history.find(query))
    text = (
        auditing.as_jsonl(found)
        if flags["as_json"]
        else auditing.lines(found, audit=kinds is past.DECISIONS)
    )
    if not found and (near := _command_near(flags["name"])):
        text = f"nothing is recorded of {flags['name']}: did you mean rollout-bot audit {near}?"
        click.echo(f"error: {text}", err=True)
        sys.exit(2)
    if not found:
        of = f" of {flags['name']}" if flags["name"] else ""
        click.echo(f"nothing is recorded{of} in the last {flags['since']}", err=True)
    click.echo(text, nl=False)


def _command_near(name: str) -> str:
    """The sub-command that was meant, where a name is spelled like one; else empty.

    ``audit NAME`` is a question too: whoever checks the chain must not be told that all is well.
    """
    found = difflib.get_close_matches(name.lower(), ("verify", "export"), 1, 0.75)
    return found[0] if found else ""


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
    after: int | None = None
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
    return walker.end(await history.head()), walker


def _noted(text: str) -> records.Head | None:
    seq, _, digest = text.partition(":")
    if not text:
        return None
    if not (seq.isascii() and seq.isdecimal() and _DIGEST.fullmatch(digest)):
        raise click.BadParameter(f"{text!r} is not SEQ:DIGEST, as verify prints it")
    return records.Head(seq=int(seq), digest=digest)


def add_to(main: click.Group) -> None:
    """Offer both commands."""
    main.add_command(audit)
    main.add_command(history)
