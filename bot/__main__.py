"""The command line: arguments, then run. What the parts are is ``bot.wiring``'s business."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

import click
import uvloop

import bot
from bot import settings, wiring
from bot.cli import argo_flags, checking, deciding, evaluating, permitting, shelf
from bot.core.policies import codec
from bot.model import errors
from bot.wiring import auditing, console, offline


class Switch(click.ParamType[bool]):
    """A boolean as Go writes it: ``--flag``, ``--flag=true`` or ``--flag=false``."""

    name = "bool"

    def convert(self, value: Any, param: Any, ctx: Any) -> bool:
        text = str(value).lower()
        if text in {"1", "t", "true"}:
            return True
        if text in {"0", "f", "false"}:
            return False
        raise click.BadParameter(f"{value!r} is neither true nor false", ctx, param)


class Seconds(click.ParamType[int]):
    """Seconds, as a whole number or with an ``s``."""

    name = "seconds"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        text = str(value).removesuffix("s")
        if text.isdecimal():
            return int(text)
        raise click.BadParameter(f"{value!r} is not a number of seconds", ctx, param)


def _switch(
    name: str, target: str, help_text: str, *, default: bool
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        f"--{name}",
        target,
        type=Switch(),
        is_flag=False,
        flag_value="true",
        default=default,
        help=help_text,
    )


@click.group()
@click.version_option(bot.__version__)
def main() -> None:
    """Drive the Argo-Rollouts manifests of a cluster, and let people act from Slack."""


@main.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option("--kubeconfig", help="path of a kubeconfig; in the cluster when left out")
@click.option("--context", help="context of the kubeconfig")
@_switch("namespaced", "namespaced", "watch one namespace only", default=False)
@click.option("--namespace", help="the one namespace to watch with --namespaced")
@click.option("--instance-id", help="drive only rollouts with this controller-instance-id")
@click.option("--qps", type=float, help="requests a second outside the urgent lane; no limit")
@click.option("--burst", type=int, default=80, help="burst beside --qps")
@click.option("--metricsPort", "metrics_port", type=int, default=8090, help="0: any free port")
@click.option("--healthzPort", "healthz_port", type=int, default=8080, help="0: any free port")
@click.option("--bind-address", default="127.0.0.1", help="where both ports listen")
@click.option("--loglevel", "log_level", default="info")
@click.option("--logformat", "log_format", default="", help="json or text")
@_switch("leader-elect", "leader_elect", "one replica leads", default=True)
@click.option("--leader-elect-namespace", "lease_namespace", help="namespace of the lease")
@click.option("--leader-elect-name", "lease_name", help="name of the lease")
@click.option("--rollout-resync", "resync_s", type=Seconds(), default=900)
@click.option("--istio-api-version", "istio_version", default="v1alpha3")
@click.option("--cluster", help="this cluster's name, shown on every message")
@click.option("--config", help="settings file: channels, approvers")
@click.option("--policy", help="policy file: who may do what, how many must agree, when")
@click.option("--history", help="where decisions are kept: a file, postgresql://…, or off")
@click.option("--slack-channel", help="channel for rollouts without one of their own")
@click.option("--slack-api-url", help="address of the Slack Web API")
@click.option("--slack-http", help="take Slack's signed requests at HOST:PORT, not by a socket")
@_switch("observe", "observe", "look on beside another controller, write nothing", default=False)
@click.option(
    "--observe-after",
    "observe_after_s",
    type=Seconds(),
    default=15,
    help="how long a difference must last before --observe tells it",
)
@click.option("--ports-file", help="write the ports in use here once ready, as JSON")
@click.pass_context
def run(ctx: click.Context, /, **flags: Any) -> None:
    """Run the controller. Argo's arguments are understood."""
    try:
        ignored = argo_flags.ignored(ctx.args)
        chosen = settings.build(flags)
        wiring.log_to_console(chosen)
        work = wiring.run(chosen, ports_file=flags["ports_file"] or "", ignored=ignored)
        sys.exit(uvloop.run(work))
    except errors.UserError as error:
        raise click.ClickException(error.sentence) from None


class Instant(click.ParamType[datetime]):
    """A time as RFC 3339 has it; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            raise click.BadParameter(f"{value!r} is no time (RFC 3339)", ctx, param) from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)


def _now(_ctx: Any, _param: Any, value: datetime | None) -> datetime:
    return value or datetime.now(UTC)


_at = click.option("--now", type=Instant(), callback=_now, help="the time it is; now if left out")


@main.command("eval")
@click.argument("expression")
@click.option("--result", required=True, help="what the provider returned, as JSON")
@click.option("--shape", type=click.Choice(evaluating.SHAPES), default="auto", show_default=True)
@_at
def evaluate(expression: str, result: str, shape: str, now: datetime) -> None:
    """Say what a condition makes of a result: exit 0 true, 1 false, 2 error."""
    try:
        holds = evaluating.truth(expression, result, shape=shape, now=now)
    except errors.UserError as error:
        print(f"error: {error.sentence}", file=sys.stderr)
        sys.exit(2)
    print(str(holds).lower())
    sys.exit(0 if holds else 1)


@main.command()
@click.option("-f", "--filename", "file", type=click.File(), required=True, help="- is stdin")
@click.option("--rollout", "name", default="", help="which one, where the file holds several")
@click.option("--intent", default="", help='what a person asks, as JSON: {"kind": "promote"}')
@_at
def decide(file: TextIO, name: str, intent: str, now: datetime) -> None:
    """Print what the bot would do about a Rollout, as JSON; without a cluster."""
    try:
        reader = offline.reader(shelf.parse(file.read()), settings.Settings())
        rollout = deciding.chosen(reader.caches.rollouts.list(), name)
        found = deciding.decided(rollout, reader=reader, now=now, intent=intent)
    except errors.UserError as error:
        raise click.ClickException(error.sentence) from None
    print(json.dumps(found, indent=2))


@main.command()
@click.option("--kubeconfig", default="", help="path of a kubeconfig")
@click.option("--context", default="", help="context of the kubeconfig")
@click.option("-n", "--namespace", default="default", show_default=True)
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True)
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def preflight(
    *, kubeconfig: str, context: str, everywhere: bool, namespace: str, as_json: bool
) -> None:
    """Judge every Rollout and template of the cluster; writes nothing.

    Exit 1 where one is not built here or invalid.
    """
    inside = "" if everywhere else namespace
    chosen = settings.Settings(kubeconfig=kubeconfig, context=context, namespace=inside)
    try:
        found = uvloop.run(offline.preflighted(chosen))
    except (errors.RolloutBotError, TimeoutError) as error:
        raise click.ClickException(str(error) or "the cluster does not answer") from None
    if as_json:
        print(json.dumps(checking.as_json(found), indent=2))
    else:
        print(checking.as_text(found))
    sys.exit(checking.exit_code(found))


@main.group("policy")
def policies() -> None:
    """Look at a policy file."""


@policies.command("check")
@click.argument("file")
def policy_check(file: str) -> None:
    """Say whether a policy file is right: exit 0, or 2 with the path of the mistake."""
    try:
        found = codec.decode(offline.policy_file(file))
    except errors.UserError as error:
        print(f"error: {error.sentence}", file=sys.stderr)
        sys.exit(2)
    print(permitting.summary(found))


@main.command()
@click.argument("user")
@click.argument("action")
@click.argument("rollout")
@click.option("--policy", "file", required=True, help="the policy file")
@click.option("--cluster", default="", help="the name of the cluster, where rules match it")
@click.option("--label", "labels", multiple=True, help="KEY=VALUE of the rollout; may be repeated")
@click.option("--step", type=click.IntRange(1), help="the gate it stands at, counted from 1")
@click.option("--shipped-by", default="", help="who shipped it, for four eyes")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def can(
    *,
    user: str,
    action: str,
    rollout: str,
    file: str,
    cluster: str,
    labels: tuple[str, ...],
    step: int | None,
    shipped_by: str,
    as_json: bool,
) -> None:
    """Say whether USER (@handle, U…, user:NAME) may do ACTION on namespace/name.

    Exit 0 yes, 1 no, 2 where the policy file or the question is wrong.
    """
    try:
        found = permitting.can(
            user,
            action,
            rollout,
            offline.policy_file(file),
            cluster=cluster,
            labels=dict(one.partition("=")[::2] for one in labels),
            step=step,
            shipped_by=shipped_by,
        )
    except errors.UserError as error:
        print(f"error: {error.sentence}", file=sys.stderr)
        sys.exit(2)
    plain = "yes" if found.allowed else f"no: {found.sentence}"
    print(found.as_json() if as_json else f"{plain} ({found.rule or 'no rule'})")
    sys.exit(0 if found.allowed else 1)


auditing.add_to(main)
for command in console.COMMANDS:
    main.add_command(command)


def plugin() -> None:
    """Run as ``kubectl rollout-bot``: the same commands, named as they were called."""
    main(prog_name="kubectl rollout-bot")


if __name__ == "__main__":
    main()
