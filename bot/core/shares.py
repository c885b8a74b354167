"""Traffic beside the split of canary and stable: experiments' shares, and managed routes."""

from collections.abc import Mapping
from typing import Any

from bot.core import draft as draft_module
from bot.core import gates, trials
from bot.model import spec, world


def of_experiment(d: draft_module.Draft) -> tuple[world.Share, ...]:
    """What the Services of a running experiment get, taken from the stable (spec §6.7)."""
    if d.promoted or d.status.abort or d.finished or d.skipping:
        return ()
    step, one = d.spec.canary.steps[d.index], trials.present(d)
    if not isinstance(step, spec.Experiment) or one is None or one.phase != "Running":
        return ()
    known = d.before.weights
    if gates.present(d) is not None and not (known is not None and known.additional):
        return ()  # held before it had a share
    templates = step.raw.get("templates") or ()
    weights = {str(entry.get("name")): entry.get("weight") for entry in templates}
    found = []
    for entry in _mappings((one.raw.get("status") or {}).get("templateStatuses")):
        weight, service = weights.get(str(entry.get("name"))), entry.get("serviceName")
        if weight is not None and service:
            pod_hash = str(entry.get("podTemplateHash") or "")
            found.append(world.Share(weight=weight, service=str(service), hash=pod_hash))
    return tuple(found)


def _mappings(raw: Any) -> list[Mapping[str, Any]]:
    return [one for one in raw if isinstance(one, Mapping)] if isinstance(raw, list) else []


def managed(d: draft_module.Draft) -> tuple[world.ManagedRoute, ...]:
    """The routes that the steps so far have set and not taken back.

    None while the canary has no pods: requests that match would find nobody.
    """
    if d.promoted or d.status.abort or d.skipping or not d.family.new.available:
        return ()
    found: dict[str, world.ManagedRoute] = {}
    reached = d.index if gates.present(d) is not None else d.index + 1
    for step in d.spec.canary.steps[:reached]:
        if not isinstance(step, spec.SetRoute):
            continue
        found.pop(step.name, None)
        if step.match:
            found[step.name] = world.ManagedRoute(
                name=step.name,
                match=step.match,
                mirrored=step.mirrored,
                percentage=step.percentage,
            )
    return tuple(found.values())
