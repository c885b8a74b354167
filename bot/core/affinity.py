"""The term that keeps pods of a new revision off the nodes of the stable (spec §2.21)."""

from collections.abc import Mapping
from typing import Any

from bot.core import fields
from bot.model import spec as spec_model

_HASH = "rollouts-pod-template-hash"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_HOST = "kubernetes.io/hostname"


def decode(raw: Any, path: str) -> spec_model.AntiAffinity | None:
    """The validated strategy.

    Raises:
        errors.UserError: not exactly one of the two, or a weight that is out of bounds.

    """
    given = fields.mapping(raw, path)
    if raw is None:
        return None
    if (given.get(_REQUIRED) is None) == (given.get(_PREFERRED) is None):
        text = "AntiAffinity must have exactly one strategy listed"
        raise fields.Invalid(path, dict(given), text)
    if given.get(_PREFERRED) is None:
        return spec_model.AntiAffinity(weight=None)
    preferred = fields.mapping(given[_PREFERRED], f"{path}.{_PREFERRED}")
    weight = fields.integer(preferred, "weight", f"{path}.{_PREFERRED}", 0)
    if not 1 <= weight <= 100:
        text = "AntiAffinity weight must be between 1-100"
        raise fields.Invalid(f"{path}.{_PREFERRED}.weight", weight, text)
    return spec_model.AntiAffinity(weight=weight)


def injected(
    template: Mapping[str, Any],
    wanted: spec_model.AntiAffinity | None,
    *,
    stable_hash: str,
    own_hash: str,
    namespace: str,
) -> dict[str, Any]:
    """The pod template with the term for the present stable, and no term for another one."""
    bare = without(template)
    if wanted is None or not stable_hash or stable_hash == own_hash:
        return bare
    term: dict[str, Any] = {
        "labelSelector": {
            "matchExpressions": [{"key": _HASH, "operator": "In", "values": [stable_hash]}]
        },
        "namespaces": [namespace],
        "topologyKey": _HOST,
    }
    key, entry = _REQUIRED, term
    if wanted.weight is not None:
        key, entry = _PREFERRED, {"weight": wanted.weight, "podAffinityTerm": term}
    spec = _map(bare.get("spec"))
    affinity = _map(spec.get("affinity"))
    anti = _map(affinity.get("podAntiAffinity"))
    anti[key] = [*_list(anti.get(key)), entry]
    spec["affinity"] = {**affinity, "podAntiAffinity": anti}
    return {**bare, "spec": spec}


def without(template: Mapping[str, Any]) -> dict[str, Any]:
    """The pod template without a term of ours; what was empty but for it is gone too."""
    spec = _map(template.get("spec"))
    affinity = _map(spec.get("affinity"))
    anti = _map(affinity.get("podAntiAffinity"))
    found = False
    for key in (_REQUIRED, _PREFERRED):
        left = [entry for entry in _list(anti.get(key)) if not _ours(entry)]
        found |= len(left) != len(_list(anti.get(key)))
        if left:
            anti[key] = left
        else:
            anti.pop(key, None)
    if not found:
        return dict(template)
    affinity = {k: v for k, v in {**affinity, "podAntiAffinity": anti}.items() if v}
    spec["affinity"] = affinity
    return {**template, "spec": {key: value for key, value in spec.items() if value != {}}}


def _ours(entry: Any) -> bool:
    term = _map(_map(entry).get("podAffinityTerm")) or _map(entry)
    rules = [_map(one) for one in _list(_map(term.get("labelSelector")).get("matchExpressions"))]
    return any(rule.get("key") == _HASH and rule.get("operator") == "In" for rule in rules)


# A pod template is checked by the API server when a ReplicaSet is written, not by us: whatever
# stands where a mapping or a list belongs must not stop a pass.
def _map(given: Any) -> dict[str, Any]:
    return dict(given) if isinstance(given, Mapping) else {}


def _list(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else []


def patch(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch of a pod template's spec for its affinity; empty where nothing changes."""
    old = _map(_map(now.get("spec")).get("affinity"))
    new = _map(_map(then.get("spec")).get("affinity"))
    if old == new:
        return {}
    gone = {key: None for key in old if key not in new}
    if not new:
        return {"affinity": None}
    anti_old, anti_new = _map(old.get("podAntiAffinity")), _map(new.get("podAntiAffinity"))
    anti = {**{key: None for key in anti_old if key not in anti_new}, **anti_new}
    return {"affinity": {**gone, **new, **({"podAntiAffinity": anti} if anti else {})}}
