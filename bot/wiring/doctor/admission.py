"""Whether the admission policy that a policy file relies on is really there, as it was shipped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bot.adapters.kubernetes import access, api
from bot.cli import diagnosis
from bot.core.policies import codec
from bot.model import errors, ports
from bot.wiring import offline

NAME = "rollout-bot-writes"
PLACES = (
    Path(__file__).parent / "writes.yaml",
    Path(__file__).parents[3] / "manifests" / "admission" / "writes.yaml",
)
"""Where it stands: in the installed package, else in the checkout."""
_APPLY = "kubectl apply -k manifests/admission"
_NARROWING = ("namespaceSelector", "objectSelector", "excludeResourceRules")
_KINDS = tuple(
    ports.Kind(
        group="admissionregistration.k8s.io",
        version="v1",
        plural=plural,
        name=name,
        namespaced=False,
    )
    for plural, name in (
        ("validatingadmissionpolicies", "ValidatingAdmissionPolicy"),
        ("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding"),
    )
)


def relied_upon(path: str) -> bool:
    """Whether some rule of the policy file lets approvals from a terminal count."""
    try:
        found = codec.decode(offline.policy_file(path)) if path else None
    except errors.UserError:
        return False  # it is told by another check
    return found is not None and any(rule.terminal_approvals for rule in found.rules)


async def check(client: api.KubernetesApi, path: str, *, account: str) -> diagnosis.Finding:
    """``account``: NAMESPACE/NAME of the bot's, where it is not ours."""
    relied = relied_upon(path)
    try:
        policy, binding = [await _get(client, kind) for kind in _KINDS]
        user = await access.whoami(client)
    except errors.Forbidden as problem:
        said = f"cannot be looked at: {problem}"
        return _wrong(said) if relied else diagnosis.skipped("admission", said)
    if account:
        user = f"system:serviceaccount:{account.replace('/', ':')}"
    said = problem_of(policy, binding, user)
    if policy is None and not relied:
        return diagnosis.skipped("admission", "no approval from a terminal counts at named gates")
    if said:
        return _wrong(said)
    return diagnosis.fine("admission", "a request bears the name of whoever writes it")


def problem_of(
    policy: Mapping[str, Any] | None, binding: Mapping[str, Any] | None, user: str
) -> str:
    """What is missing or another than was shipped; empty where all is as it should be."""
    if policy is None:
        return f"there is no ValidatingAdmissionPolicy {NAME}"
    if binding is None:
        return f"nothing binds the ValidatingAdmissionPolicy {NAME}"
    text = next(place for place in PLACES if place.exists()).read_text(encoding="utf-8")
    wanted, bound = (one["spec"] for one in yaml.safe_load_all(text))
    spec, to = policy.get("spec") or {}, binding.get("spec") or {}
    for key in ("failurePolicy", "variables", "validations"):
        if spec.get(key) != wanted[key]:
            return f"{key} of {NAME} are not those that were shipped"
    asked = spec.get("matchConstraints") or {}
    rules = [_covered(one) for one in asked.get("resourceRules") or []]
    narrowed = any(asked.get(key) for key in _NARROWING)
    if narrowed or rules != [_covered(one) for one in wanted["matchConstraints"]["resourceRules"]]:
        return f"matchConstraints of {NAME} are not those that were shipped"
    if to.get("policyName") != NAME or to.get("validationActions") != bound["validationActions"]:
        return f"the binding of {NAME} does not deny"
    if to.get("matchResources"):
        return f"the binding of {NAME} leaves some rollouts out (matchResources)"
    conditions = [str(one.get("expression", "")) for one in spec.get("matchConditions") or []]
    if conditions != [f'request.userInfo.username != "{user}"']:
        return f"matchConditions of {NAME} do not exempt {user} alone"
    return ""


def _covered(rule: Mapping[str, Any]) -> list[Any]:
    keys = ("apiGroups", "apiVersions", "operations", "resources")
    return [sorted(rule.get(key) or []) for key in keys]


async def _get(client: api.KubernetesApi, kind: ports.Kind) -> Mapping[str, Any] | None:
    try:
        return await client.get(ports.Ref(kind=kind, namespace="", name=NAME))
    except errors.NotFound:
        return None


def _wrong(said: str) -> diagnosis.Finding:
    todo = (
        f"Apply it ({_APPLY}) with the bot's account in matchConditions, or take "
        "terminalApprovals out of the policy. To ask for the bot's account and not for yours: "
        "--account argo-rollouts/rollout-bot."
    )
    return diagnosis.wrong("admission", said, todo)
