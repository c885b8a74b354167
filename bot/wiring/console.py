"""The commands for people at a terminal: their arguments, then ``bot.cli`` on an open desk.

One line in ``COMMANDS`` a command. Exit: 0 done, 1 refused, 2 wrong usage, 3 cluster away.
"""

import asyncio
import functools
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click
from click import shell_completion

from bot import settings
from bot.cli import acting, asking, diagnosis, freezing, outcome, reading, slack_manifest
from bot.core.gates import freeze_words
from bot.model import errors
from bot.wiring import doctor as doctors
from bot.wiring import terminal
from handlers import commands

Work = Callable[[asking.Ask], Awaitable[outcome.Outcome]]
Command = Callable[..., Any]
COMPLETION_LIMIT = 100


def _options(command: Command) -> Command:
    """Where to look, as kubectl has it, and how to answer."""
    found = (
        click.option("-n", "--namespace", default="", help="that of the context when left out"),
        click.option("--kubeconfig", default="", help="path of a kubeconfig"),
        click.option("--context", default="", help="context of the kubeconfig"),
        click.option("--instance-id", default="", help="rollouts with this instance id"),
        click.option(
            "--bot-namespace",
            default=settings.LEASE_NAMESPACE,
            show_default=True,
            help="where the bot's lease and settings are",
        ),
        click.option("--config", default="", help="settings file, where the bot's is not to see"),
        click.option("--json", "as_json", is_flag=True, help="print JSON"),
    )
    return functools.reduce(lambda made, option: option(made), reversed(found), command)


_everywhere = click.option(
    "-A", "--all-namespaces", "everywhere", is_flag=True, help="every namespace"
)


def _names(ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Rollouts whose name begins so; nothing where the cluster does not say soon."""
    place = terminal.Place(
        namespace=ctx.params.get("namespace") or "",
        kubeconfig=ctx.params.get("kubeconfig") or "",
        context=ctx.params.get("context") or "",
    )
    try:
        found = asyncio.run(terminal.names(place))
    except (errors.RolloutBotError, TimeoutError):
        return []
    return [name for name in found if name.startswith(typed)][:COMPLETION_LIMIT]


_name = click.argument("name", required=False, default="", shell_complete=_names)


def _run(given: dict[str, Any], work: Work, *, name: str = "", ending: str | None = None) -> None:
    """Open the desk, do the work, print what it came to and exit so."""
    as_json = given.pop("as_json")
    try:
        found = asyncio.run(_worked(terminal.Place(**given), work, name, ending))
    except errors.UserError as problem:
        found = outcome.told(problem.sentence, code=outcome.USAGE)
    except (errors.Unavailable, TimeoutError) as problem:
        because = f" ({problem})" if str(problem) else ""
        text = f"The cluster does not answer{because}; nothing was done."
        found = outcome.told(text, code=outcome.AWAY)
    except errors.RolloutBotError as problem:
        found = outcome.told(f"Nothing was done: {problem}", code=outcome.REFUSED)
    wrong = found.code != outcome.DONE
    text = json.dumps(found.data, indent=2, ensure_ascii=False) if as_json else found.text
    click.echo(text, err=wrong and not as_json)
    if found.note:
        click.echo(found.note, err=True)
    sys.exit(found.code)


async def _worked(
    place: terminal.Place, work: Work, name: str, ending: str | None
) -> outcome.Outcome:
    async with terminal.opened(place, name=name, ending=ending) as ask:
        try:
            return await work(ask)
        except asking.Unknown as unknown:
            return unknown.answer


@click.command("list")
@_everywhere
@_options
def listed(**given: Any) -> None:
    """Every rollout, a line each; what waits for somebody comes first."""
    _run(given, reading.listed)


@click.command()
@_name
@_everywhere
@_options
def get(name: str, **given: Any) -> None:
    """Show one rollout as on its card."""
    _run(given, lambda ask: reading.got(ask, name), name=name)


@click.command()
@_name
@_everywhere
@_options
def why(name: str, **given: Any) -> None:
    """Say what holds a rollout, and what would free it."""
    _run(given, lambda ask: reading.why(ask, name), name=name)


@click.command()
@_name
@_options
def plan(name: str, **given: Any) -> None:
    """Show the steps to come with times, weights and pods; of the next version too."""
    _run(given, lambda ask: reading.planned(ask, name), name=name)


@click.command()
@_name
@_options
def approve(name: str, **given: Any) -> None:
    """Open the gate that a rollout waits at."""
    _run(given, lambda ask: acting.approved(ask, name), name=name)


@click.command()
@_name
@click.option("--full", is_flag=True, help="all steps that are left")
@_options
def promote(name: str, *, full: bool, **given: Any) -> None:
    """Pass the present pause or gate."""
    kind = "promote-full" if full else "promote"
    _run(given, lambda ask: acting.submitted(ask, kind, name), name=name)


@click.command()
@_name
@click.argument("reason", nargs=-1)
@_options
def abort(name: str, reason: tuple[str, ...], **given: Any) -> None:
    """Send all traffic back to the stable revision, at once."""
    said = " ".join(reason)
    _run(given, lambda ask: acting.submitted(ask, "abort", name, reason=said), name=name)


@click.command()
@_name
@_options
def retry(name: str, **given: Any) -> None:
    """Start an aborted update again from its first step."""
    _run(given, lambda ask: acting.submitted(ask, "retry", name), name=name)


@click.command()
@_name
@click.option("--to-revision", type=click.IntRange(min=0), help="which one; the one before")
@_options
def undo(name: str, to_revision: int | None, **given: Any) -> None:
    """Set the pod template back to an earlier revision's."""
    _run(given, lambda ask: acting.undone(ask, name, to_revision or None), name=name)


@click.command("set-image")
@click.argument("name", shell_complete=_names)
@click.argument("pair", metavar="CONTAINER=IMAGE")
@_options
def set_image(name: str, pair: str, **given: Any) -> None:
    """Ship another image."""
    _run(given, lambda ask: acting.image_set(ask, name, pair), name=name)


@click.command()
@click.argument("scope", required=False, default="")
@click.argument("duration", required=False, default="")
@click.argument("reason", nargs=-1)
@_options
def freeze(scope: str, duration: str, reason: tuple[str, ...], **given: Any) -> None:
    """Hold all, a NAMESPACE, ns/* or ns/name for a while; alone it lists what is frozen."""
    if not scope:
        _run(given, freezing.listed)
    said = " ".join(reason)
    _run(_within(given, scope), lambda ask: freezing.frozen(ask, scope, duration, said))


@click.command()
@click.argument("what", metavar="[SCOPE or ID]", required=False, default="")
@_options
def unfreeze(what: str, **given: Any) -> None:
    """End a freeze; what waited goes on in its order."""
    _run(given, lambda ask: freezing.unfrozen(ask, what), ending=what)


@click.command("stop-the-line")
@click.argument("words", metavar="[SCOPE] [REASON]...", nargs=-1)
@_options
def stop_the_line(words: tuple[str, ...], **given: Any) -> None:
    """Hold every rollout in scope at once, until unfreeze."""
    scope = words[0] if words and "/" in words[0] else "all"
    _run(_within(given, scope), lambda ask: freezing.stopped(ask, words))


def _within(given: dict[str, Any], scope: str) -> dict[str, Any]:
    """Look where the scope is: whom it holds is said."""
    inside = freeze_words.inside(scope)
    return {**given, "namespace": inside, "everywhere": not inside}


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes the shell complete commands, options and names of rollouts."""
    made = shell_completion.get_completion_class(shell)
    if made is not None:
        whole = ctx.find_root().command
        click.echo(made(whole, {}, "rollout-bot", "_ROLLOUT_BOT_COMPLETE").source())


@click.command()
@click.option("--cluster", default="", help="name of the cluster: one app for each")
@click.option("--http", "url", default="", help="https address at which Slack reaches the bot")
def manifest(cluster: str, url: str) -> None:
    """Print the Slack app's manifest; without --http it uses Socket Mode."""
    try:
        made = slack_manifest.text(commands=tuple(commands.TABLE), cluster=cluster, url=url)
    except errors.UserError as problem:
        click.echo(problem.sentence, err=True)
        sys.exit(outcome.USAGE)
    click.echo(made, nl=False)


@click.command()
@click.option("--kubeconfig", help="path of a kubeconfig; in the cluster when left out")
@click.option("--context", help="context of the kubeconfig")
@click.option("--account", default="", help="ask for the rights of NAMESPACE/NAME, not for ours")
@click.option("--leader-elect-namespace", "lease_namespace", help="namespace of the lease")
@click.option("--cluster", help="this cluster's name")
@click.option("--config", help="settings file")
@click.option("--policy", help="policy file")
@click.option("--history", help="where decisions are kept: a file or postgresql://…")
@click.option("--slack-channel", help="channel for rollouts without one of their own")
@click.option("--slack-api-url", help="address of the Slack Web API")
@click.option("--slack-http", help="HOST:PORT at which the bot takes Slack's signed requests")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def doctor(*, account: str, as_json: bool, **flags: Any) -> None:
    """Check everything the bot needs, with the settings it would have; exit 1 if one fails."""
    try:
        chosen = settings.build(flags)
        found = [diagnosis.fine("settings", "can be used")]
        found += asyncio.run(doctors.examined(chosen, account=account))
    except errors.UserError as problem:
        todo = "Correct it, then ask again: the other checks need it."
        found = [diagnosis.wrong("settings", problem.sentence, todo)]
    shown = json.dumps(diagnosis.as_json(found), indent=2, ensure_ascii=False)
    click.echo(shown if as_json else diagnosis.as_text(found))
    sys.exit(diagnosis.exit_code(found))


COMMANDS = (
    listed, get, why, plan, approve, promote, abort, retry, undo, set_image,
    freeze, unfreeze, stop_the_line, completion, manifest, doctor,
)  # fmt: skip
