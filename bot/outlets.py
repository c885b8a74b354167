"""The part of the settings that names other channels than Slack: a pager, webhooks.

Read by ``bot.settings`` alone. Secrets come from the environment, by the names in the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from bot import secrecy
from bot.model import errors, feed

PAGER_URL = "https://events.pagerduty.com/v2/enqueue"
PAGER_KEY = "PAGERDUTY_ROUTING_KEY"
SEVERITIES = ("critical", "error", "warning", "info")
WEBHOOKS_LIMIT = 20
USUAL = (
    feed.Kind.SHIPPED,
    feed.Kind.NEEDS_APPROVAL,
    feed.Kind.ROLLED_BACK,
    feed.Kind.RECOVERED,
    feed.Kind.DONE,
)
"""What a webhook gets where ``on`` is left out."""


class PagerFile(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """``pager`` as it is written."""

    url: str = PAGER_URL
    routing_key_env: str = PAGER_KEY
    severity: str = "error"


class WebhookFile(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """One of ``webhooks`` as it is written."""

    url: str
    secret_env: str
    on: list[str] = []
    namespaces: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """Used where there is a routing key."""

    url: secrecy.Secret
    routing_key: secrecy.Secret
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """The address is a secret too: it may carry one."""

    url: secrecy.Secret
    secret: secrecy.Secret
    on: frozenset[feed.Kind]
    namespaces: tuple[str, ...]


def pager(raw: PagerFile | None, environment: Mapping[str, str]) -> Pager | None:
    """The pager, or None where neither file nor environment asks for one.

    Raises:
        errors.UserError: a value of it is wrong, or its key is missing; the text names which.

    """
    asked = raw or PagerFile()
    key = environment.get(asked.routing_key_env, "").strip()
    if not key:
        if raw is None:
            return None
        raise errors.UserError(
            f"pager.routingKeyEnv: the environment has no {asked.routing_key_env}. Set it to the "
            "integration key of the service, or take pager out of the settings file."
        )
    if asked.severity not in SEVERITIES:
        raise errors.UserError(
            f"pager.severity: {asked.severity!r} is none of {', '.join(SEVERITIES)}."
        )
    return Pager(
        url=_address(asked.url, "pager.url"),
        routing_key=secrecy.Secret(key),
        severity=asked.severity,
    )


def webhooks(raw: Sequence[WebhookFile], environment: Mapping[str, str]) -> tuple[Webhook, ...]:
    """Every webhook.

    Raises:
        errors.UserError: one of them is wrong; the text names which and what is allowed.

    """
    if len(raw) > WEBHOOKS_LIMIT:
        raise errors.UserError(f"webhooks: at most {WEBHOOKS_LIMIT}, not {len(raw)}.")
    urls = [one.url for one in raw]
    for index, url in enumerate(urls):
        if url in urls[:index]:
            raise errors.UserError(f"webhooks[{index}].url: stands in the list already.")
    return tuple(_webhook(one, f"webhooks[{at}]", environment) for at, one in enumerate(raw))


def _webhook(raw: WebhookFile, path: str, environment: Mapping[str, str]) -> Webhook:
    secret = environment.get(raw.secret_env, "").strip()
    if not secret:
        raise errors.UserError(
            f"{path}.secretEnv: the environment has no {raw.secret_env}. Set it to the secret "
            "that signs what is sent."
        )
    known = {str(kind) for kind in feed.Kind}
    for index, name in enumerate(raw.on):
        if name not in known:
            raise errors.UserError(
                f"{path}.on[{index}]: {name!r} is none of {', '.join(sorted(known))}."
            )
    return Webhook(
        url=_address(raw.url, f"{path}.url"),
        secret=secrecy.Secret(secret),
        on=frozenset(map(feed.Kind, raw.on)) or frozenset(USUAL),
        namespaces=tuple(raw.namespaces),
    )


def _address(url: str, path: str) -> secrecy.Secret:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise errors.UserError(f"{path}: not an address that begins with https:// or http://.")
    return secrecy.Secret(url)
