"""Whether more pods of a template fit into the quotas of their namespace, in a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.core.hashing import quantities

_PODS = ("pods", "count/pods")
_AMOUNTS = {
    "requests.cpu": ("requests", "cpu"),
    "cpu": ("requests", "cpu"),
    "limits.cpu": ("limits", "cpu"),
    "requests.memory": ("requests", "memory"),
    "memory": ("requests", "memory"),
    "limits.memory": ("limits", "memory"),
}


def room(found: Sequence[Mapping[str, Any]], template: Mapping[str, Any], more: int) -> str:
    """Empty where no quota counts; a quota for some pods only (scopes) is left out."""
    lines = [line for quota in found for line in _of_quota(quota, template, more)]
    tight = [text for fits, text in lines if not fits]
    if tight:
        return f"does not fit: {tight[0]}"
    return f"fits: {lines[0][1]}" if lines else ""


def _of_quota(
    quota: Mapping[str, Any], template: Mapping[str, Any], more: int
) -> Iterator[tuple[bool, str]]:
    spec, status = _map(quota.get("spec")), _map(quota.get("status"))
    if spec.get("scopes") or spec.get("scopeSelector"):
        return
    name = str(_map(quota.get("metadata")).get("name", ""))[:60]
    hard, used = _map(status.get("hard")) or _map(spec.get("hard")), _map(status.get("used"))
    for key in hard:
        limit, taken = quantities.number(hard[key]), quantities.number(used.get(key, "0"))
        need = Decimal(more) if key in _PODS else _need(template, str(key), more)
        if limit is None or taken is None or need is None:
            continue
        what = "pods" if key in _PODS else str(key)
        text = f"quota {name} has {_short(hard[key])} {what}, {_short(used.get(key, 0))} used"
        yield taken + need <= limit, text


def _need(template: Mapping[str, Any], key: str, more: int) -> Decimal | None:
    """What ``more`` pods ask for; None where the quota counts something else."""
    if key not in _AMOUNTS:
        return None
    kind, resource = _AMOUNTS[key]
    total = Decimal(0)
    containers = _map(template.get("spec")).get("containers")
    for one in containers if isinstance(containers, list) else []:
        resources = _map(_map(one).get("resources"))
        asked = _map(resources.get(kind)).get(resource)
        if asked is None and kind == "requests":
            asked = _map(resources.get("limits")).get(resource)
        total += quantities.number(asked if asked is not None else "0") or 0
    return total * more


def _short(amount: Any) -> str:
    return str(amount)[:20]


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}
