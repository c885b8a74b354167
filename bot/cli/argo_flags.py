"""Flags of Argo's controller that mean nothing here: its arguments can stay as they are."""

from collections.abc import Sequence

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


def ignored(args: Sequence[str]) -> list[str]:
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
