"""One frozen ``Settings``: flags, environment and settings file are read here and nowhere else.

Units stand in the names. Secrets are wrapped, so that printing the settings shows none of them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from bot import evidence as evidence_module
from bot import outlets, secrecy
from bot.model import errors

LEASE_NAMESPACE = "argo-rollouts"
MESSAGE_BUDGET = 60
"""Messages a channel and hour, where nothing else is said."""
SIGNING_SECRETS = ("SLACK_SIGNING_SECRET", "SLACK_SIGNING_SECRET_PREVIOUS")


Secret = secrecy.Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where something listens."""

    host: str
    port: int


def address(text: str) -> Address | None:
    """``HOST:PORT``, ``:PORT`` or ``PORT``; loopback where no host is named. None for nothing.

    Raises:
        errors.UserError: it is none of them.

    """
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and int(port) < 65_536):
        raise errors.UserError(
            f'"{text}" is no address to listen at: write HOST:PORT, or :PORT for this machine '
            "alone.",
            path="--slack-http",
        )
    return Address(host=host.strip("[]") or "127.0.0.1", port=int(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """How Slack is reached, and which channel gets what.

    ``http`` is where signed requests are taken instead of a socket. ``signing_secrets``: the
    present one, then the one before it while it is being rotated.
    ``channels`` maps a namespace to a channel; ``approvers`` a pattern ``namespace/name`` (with
    ``*``) to the ids of users who may approve there.
    """

    bot_token: Secret = field(default_factory=lambda: Secret(""))
    app_token: Secret = field(default_factory=lambda: Secret(""))
    http: Address | None = None
    signing_secrets: tuple[Secret, ...] = ()
    api_url: str = "https://slack.com/api/"
    default_channel: str = ""
    channels: Mapping[str, str] = field(default_factory=dict)
    approvers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    message_budget: int = MESSAGE_BUDGET

    @property
    def configured(self) -> bool:
        return bool(self.bot_token) and (bool(self.app_token) or self.http is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a running bot was told. ``policy`` is the path of the policy file, if any."""

    cluster: str = ""
    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    lease_namespace: str = LEASE_NAMESPACE
    lease_name: str = "argo-rollouts-controller-lock"
    instance_id: str = ""
    leader_elect: bool = True
    qps: float | None = None
    burst: int = 80
    bind_address: str = "127.0.0.1"
    metrics_port: int = 8090
    healthz_port: int = 8080
    resync_s: int = 900
    istio_version: str = "v1alpha3"
    prometheus_address: str = ""
    aws: Mapping[str, Secret] = field(default_factory=dict)
    datadog: Mapping[str, Secret] = field(default_factory=dict)
    job_kubeconfig: str = ""
    job_namespace: str = ""
    log_level: str = "info"
    log_format: str = ""
    slack: Slack = field(default_factory=Slack)
    pager: outlets.Pager | None = None
    webhooks: tuple[outlets.Webhook, ...] = ()
    evidence: evidence_module.Evidence = field(default_factory=evidence_module.Evidence)
    observe: bool = False
    observe_after_s: int = 15
    policy: str = ""
    history: Secret = field(default_factory=lambda: Secret(""))


class File(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """The settings file, as it is written."""

    cluster: str = ""
    default_channel: str = ""
    slack_http: str = ""
    channels: dict[str, str] = {}
    approvers: dict[str, list[str]] = {}
    requests_query: str = ""
    failed_query: str = ""
    metrics_url: str = ""
    argocd_url: str = ""
    policy: str = ""
    message_budget: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = MESSAGE_BUDGET
    pager: outlets.PagerFile | None = None
    webhooks: list[outlets.WebhookFile] = []
    history: str = ""


class _Yaml(yaml.SafeLoader):
    """As the safe loader, but ``on``, ``off``, ``yes`` and ``no`` are words: ``on`` is a key."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the library's own way
        first: [
            (tag, regexp)
            for tag, regexp in resolvers
            if tag != "tag:yaml.org,2002:bool" or first in "tTfF"
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def config_path(environment: Mapping[str, str] = os.environ) -> str:
    """The settings file that the environment names."""
    return environment.get("ROLLOUT_BOT_CONFIG", "")


def load_file(path: str) -> File:
    """The settings file, or an empty one where no path is given.

    Raises:
        errors.UserError: it cannot be read, or a key of it is wrong; the text names which.

    """
    if not path:
        return File()
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise errors.UserError(f"the settings file {path} cannot be read: {error}") from None
    return read_file(text, path)


def read_file(text: str, where: str) -> File:
    """What a settings file says; ``where`` it was found is for the mistake.

    Raises:
        errors.UserError: it is no YAML, or a key of it is wrong; the text names which.

    """
    try:
        raw = yaml.load(text, Loader=_Yaml) or {}  # noqa: S506
    except yaml.YAMLError as error:
        raise errors.UserError(f"the settings file {where} cannot be read: {error}") from None
    try:
        return msgspec.convert(raw, File)
    except msgspec.ValidationError as error:
        raise errors.UserError(f"the settings file {where} is wrong: {error}") from None


def build(flags: Mapping[str, Any], *, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the flags of ``run``; a flag wins over the environment, that over the file.

    Raises:
        errors.UserError: something that is needed is missing or wrong.

    """
    file = load_file(flags.get("config") or config_path(environment))
    slack = _slack(flags, file, environment)
    cluster = flags.get("cluster") or environment.get("ROLLOUT_BOT_CLUSTER", "") or file.cluster
    if slack.configured and not cluster:
        raise errors.UserError(
            "the name of this cluster is not set: it stands on every message and every button. "
            "Give --cluster NAME or set ROLLOUT_BOT_CLUSTER."
        )
    if slack.configured and not slack.default_channel:
        raise errors.UserError(
            "no channel is set for messages. Give --slack-channel CHANNEL, or defaultChannel in "
            "the settings file."
        )
    own = flags.get("own_namespace") or _own_namespace(environment)
    return Settings(
        cluster=cluster,
        kubeconfig=flags.get("kubeconfig") or "",
        context=flags.get("context") or "",
        namespace=(flags.get("namespace") or own) if flags.get("namespaced") else "",
        lease_namespace=flags.get("lease_namespace") or own or LEASE_NAMESPACE,
        lease_name=flags.get("lease_name") or "argo-rollouts-controller-lock",
        instance_id=flags.get("instance_id") or "",
        leader_elect=flags.get("leader_elect", True),
        qps=flags.get("qps"),
        burst=flags.get("burst") or 80,
        bind_address=flags.get("bind_address") or "127.0.0.1",
        metrics_port=flags.get("metrics_port", 8090),
        healthz_port=flags.get("healthz_port", 8080),
        resync_s=flags.get("resync_s") or 900,
        istio_version=flags.get("istio_version") or "v1alpha3",
        prometheus_address=environment.get("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS", ""),
        aws={key: Secret(text) for key, text in environment.items() if key.startswith("AWS_")},
        datadog={key: Secret(text) for key, text in environment.items() if key.startswith("DD_")},
        job_kubeconfig=environment.get("ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG", ""),
        job_namespace=environment.get("ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE", ""),
        log_level=flags.get("log_level") or "info",
        log_format=flags.get("log_format") or "",
        slack=slack,
        pager=outlets.pager(file.pager, environment),
        webhooks=outlets.webhooks(file.webhooks, environment),
        evidence=evidence_module.Evidence(
            metrics_url=file.metrics_url,
            argocd_url=file.argocd_url,
            requests_query=file.requests_query,
            failed_query=file.failed_query,
        ),
        observe=bool(flags.get("observe")),
        observe_after_s=flags.get("observe_after_s") or 15,
        policy=flags.get("policy") or environment.get("ROLLOUT_BOT_POLICY", "") or file.policy,
        history=history(flags, file, environment),
    )


def _slack(flags: Mapping[str, Any], file: File, environment: Mapping[str, str]) -> Slack:
    slack = Slack(
        bot_token=Secret(environment.get("SLACK_BOT_TOKEN", "")),
        app_token=Secret(environment.get("SLACK_APP_TOKEN", "")),
        http=address(flags.get("slack_http") or file.slack_http),
        signing_secrets=tuple(
            Secret(environment[name]) for name in SIGNING_SECRETS if environment.get(name)
        ),
        api_url=flags.get("slack_api_url") or "https://slack.com/api/",
        default_channel=flags.get("slack_channel") or file.default_channel,
        channels=file.channels,
        approvers={key: tuple(names) for key, names in file.approvers.items()},
        message_budget=file.message_budget,
    )
    if slack.configured and slack.http is not None and not slack.signing_secrets:
        raise errors.UserError(
            "requests from Slack are to come by HTTP, and nothing is there to check them with: "
            f"set {SIGNING_SECRETS[0]} (Basic Information, App Credentials)."
        )
    return slack


HISTORY_FOLDER = Path("/var/lib/rollout-bot")
"""Where the installation mounts a volume for it."""


def history(
    flags: Mapping[str, Any], file: File, environment: Mapping[str, str] = os.environ
) -> Secret:
    """Where the history is kept, empty for nowhere; a Secret because of its password.

    In a cluster it is a file where nothing else is said; outside, nobody asked for one.
    """
    named = flags.get("history") or environment.get("ROLLOUT_BOT_HISTORY", "") or file.history
    if not named and environment.get("KUBERNETES_SERVICE_HOST") and HISTORY_FOLDER.is_dir():
        named = str(HISTORY_FOLDER / "history.db")
    return Secret("" if named == "off" else named)


def _own_namespace(environment: Mapping[str, str]) -> str:
    """The namespace this pod runs in, empty outside a cluster."""
    if named := environment.get("POD_NAMESPACE"):
        return named
    path = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""
