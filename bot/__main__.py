"""The command line: arguments, then run. What the parts are is ``bot.wiring``'s business."""

import sys
from collections.abc import Callable
from typing import Any

import click
import uvloop

import bot
from bot import settings, wiring
from bot.model import errors

_MEAN_NOTHING = (
    "rollout-threads",
    "experiment-threads",
    "analysis-threads",
    "service-threads",
    "ingress-threads",
    "ephemeral-metadata-threads",
    "ephemeral-metadata-update-pod-retries",
    "kloglevel",
    "aws-verify-target-group",
    "alb-verify-weight",
    "aws-target-group-binding-api-version",
    "alb-tag-key-resource-id",
    "ambassador-api-version",
    "traffic-split-api-version",
    "traefik-api-group",
    "traefik-api-version",
    "ingress-api-version",
    "appmesh-crd-version",
    "alb-ingress-classes",
    "nginx-ingress-classes",
    "self-service-notification-enabled",
    "controllers",
    "enable-pprof-address",
    "leader-election-lease-duration",
    "leader-election-renew-deadline",
    "leader-election-retry-period",
)


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
@click.option("--slack-channel", help="channel for rollouts without one of their own")
@click.option("--slack-api-url", help="address of the Slack Web API")
@click.option("--ports-file", help="write the ports in use here once ready, as JSON")
@click.pass_context
def run(ctx: click.Context, /, **flags: Any) -> None:
    """Run the controller. Argo's arguments are understood."""
    try:
        ignored = _ignored(ctx.args)
        chosen = settings.build(flags)
    except errors.UserError as error:
        raise click.ClickException(error.sentence) from None
    wiring.log_to_console(chosen)
    work = wiring.run(chosen, ports_file=flags["ports_file"] or "", ignored=ignored)
    sys.exit(uvloop.run(work))


def _ignored(args: list[str]) -> list[str]:
    """Argo's flags that mean nothing here; anything else unknown is an error."""
    found, skip = [], False
    for arg in args:
        if skip:
            skip = False
            continue
        name = arg.lstrip("-").partition("=")[0]
        if not arg.startswith("-") or name not in _MEAN_NOTHING:
            raise errors.UserError(f"unknown argument {arg}. See rollout-bot run --help.")
        found.append(name)
        skip = "=" not in arg
    return found


if __name__ == "__main__":
    main()
