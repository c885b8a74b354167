"""The cluster: whether it answers, what we may do in it, whether it keeps what we decide."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot import settings
from bot.adapters.kubernetes import access, api
from bot.cli import diagnosis, leading, shelf
from bot.model import errors, ports
from bot.wiring import pruning, serving, terminal
from bot.wiring.doctor import admission

TIMEOUT_S = 30.0
PLACES = (
    Path(__file__).parent / "role.yaml",
    Path(__file__).parents[3] / "manifests" / "install" / "role.yaml",
)
"""Where the roles are: in the installed package, else in the checkout."""
_APPLY = "kubectl apply -k manifests/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One verb on one resource that a role of ours has; everywhere where no namespace is given."""

    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str

    @property
    def shown(self) -> str:
        sub = f"/{self.subresource}" if self.subresource else ""
        return f"{self.verb} {self.resource}{sub}" + (f".{self.group}" if self.group else "")


def rules(lease_namespace: str) -> Iterator[Rule]:
    """Every verb of every rule of the roles that the installation has."""
    text = next(place for place in PLACES if place.exists()).read_text(encoding="utf-8")
    for role in yaml.safe_load_all(text):
        inside = "" if role["kind"] == "ClusterRole" else lease_namespace
        for rule in role["rules"]:
            for group in rule["apiGroups"]:
                for whole in rule["resources"]:
                    resource, _, sub = whole.partition("/")
                    for verb in rule["verbs"]:
                        yield Rule(
                            verb=verb,
                            group=group,
                            resource=resource,
                            subresource=sub,
                            namespace=inside,
                        )


async def checks(
    chosen: settings.Settings, *, account: str
) -> tuple[list[diagnosis.Finding], frozenset[str]]:
    """What was found, and the Prometheus addresses that the templates there name."""
    try:
        async with serving.connected(chosen) as client, asyncio.timeout(TIMEOUT_S):
            version = await client.server_version()
            said = f"answers, Kubernetes {version.get('gitVersion', 'of an unknown version')}"
            found = [diagnosis.fine("cluster", said)]
            found += await _rights(client, chosen, account)
            found += [await _definitions(client), await _pruning(client)]
            found += [await _leader(client, chosen)]
            found += [await admission.check(client, chosen.policy, account=account)]
            return found, await _addresses(client)
    except (errors.RolloutBotError, TimeoutError) as problem:
        said = str(problem) or f"does not answer within {TIMEOUT_S:.0f} s"
        todo = "Check the kubeconfig (--kubeconfig, --context) and that the API server is up."
        return [diagnosis.wrong("cluster", said, todo)], frozenset()


async def _rights(
    client: api.KubernetesApi, chosen: settings.Settings, account: str
) -> list[diagnosis.Finding]:
    user = ""
    groups: tuple[str, ...] = ()
    if account:
        namespace, _, _ = account.partition("/")
        user = f"system:serviceaccount:{account.replace('/', ':')}"
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    wanted = list(dict.fromkeys(rules(chosen.lease_namespace)))

    async def may(rule: Rule) -> bool:
        return await access.may(
            client,
            verb=rule.verb,
            group=rule.group,
            resource=rule.resource,
            subresource=rule.subresource,
            namespace=rule.namespace or chosen.namespace,
            user=user,
            groups=groups,
        )

    allowed = await asyncio.gather(*(may(rule) for rule in wanted))
    lacks = [rule.shown for rule, one in zip(wanted, allowed, strict=True) if not one]
    who = account or await access.whoami(client) or "this account"
    if not lacks:
        return [diagnosis.fine("rights", f"{who} has all {len(wanted)}")]
    return [
        diagnosis.wrong(
            "rights",
            f"{who} lacks {len(lacks)} of {len(wanted)}: {', '.join(lacks)}",
            f"Install the role and its binding: {_APPLY}. To ask for the bot's own account and "
            "not for yours: --account argo-rollouts/rollout-bot.",
        )
    ]


async def _definitions(client: api.KubernetesApi) -> diagnosis.Finding:
    kinds = (ports.ROLLOUT, ports.RUN, ports.TEMPLATE, ports.CLUSTER_TEMPLATE, ports.EXPERIMENT)
    missing = [kind.plural for kind in kinds if not await client.resource_exists(kind)]
    if not missing:
        return diagnosis.fine("definitions", f"all {len(kinds)} kinds are served")
    said = f"not served: {', '.join(missing)}"
    return diagnosis.wrong("definitions", said, "Install them: kubectl apply -f manifests/crds/")


async def _pruning(client: api.KubernetesApi) -> diagnosis.Finding:
    """As the bot does at its start: a dry-run write, or the schema where there is no rollout."""
    try:
        rollouts = await client.list(ports.ROLLOUT)
        definitions = await client.list(ports.DEFINITION)
    except errors.NotFound:
        return diagnosis.skipped("pruning", "there is no definition to look at")
    except errors.Forbidden as problem:
        return diagnosis.skipped("pruning", f"cannot be looked at: {problem}")
    said = await pruning.problem(
        client,
        shelf.Shelf(ports.ROLLOUT, rollouts),
        shelf.Shelf(ports.DEFINITION, definitions),
    )
    if said:
        return diagnosis.wrong("pruning", "status.rolloutBot is dropped", said)
    return diagnosis.fine("pruning", "status.rolloutBot is kept")


async def _leader(client: api.KubernetesApi, chosen: settings.Settings) -> diagnosis.Finding:
    """Nobody leads before the first start: that is no fault of the set-up."""
    ref = ports.Ref(kind=ports.LEASE, namespace=chosen.lease_namespace, name=chosen.lease_name)
    where = f"{ref.namespace}/{ref.name}"
    try:
        lease: dict[str, Any] | None = await client.get(ref)
    except errors.NotFound:
        lease = None
    except errors.Forbidden as problem:
        return diagnosis.skipped("leader", f"cannot be looked at: {problem}")
    if said := leading.leaderless(lease, where=where, now=terminal.now()):
        return diagnosis.skipped("leader", said)
    holder = str(((lease or {}).get("spec") or {}).get("holderIdentity"))
    return diagnosis.fine("leader", f"{holder} leads")


async def _addresses(client: api.KubernetesApi) -> frozenset[str]:
    """Where the templates of the cluster ask Prometheus; those with arguments left out."""
    found: set[str] = set()
    for kind in (ports.TEMPLATE, ports.CLUSTER_TEMPLATE):
        try:
            templates = await client.list(kind)
        except (errors.NotFound, errors.Forbidden):
            continue
        for template in templates:
            for metric in (template.get("spec") or {}).get("metrics") or ():
                asked = (metric.get("provider") or {}).get("prometheus") or {}
                found.add(str(asked.get("address") or ""))
    return frozenset(one for one in found if one and "{{" not in one)
