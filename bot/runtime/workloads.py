"""Rollouts that take their pod template from another object (``workloadRef``, spec §1.2, §2.21).

The template is looked up at every pass and never written into the Rollout.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core import fields
from bot.model import errors, ports, world

log = logging.getLogger(__name__)

PATH = "spec.workloadRef"
Shelves = Mapping[ports.Kind, ports.Cache]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A kind that can be referred to: where its template stands, and whether it has a selector."""

    kind: ports.Kind
    template: tuple[str, ...] = ("spec", "template")
    has_selector: bool = True


_KNOWN: Mapping[tuple[str, str], _Known] = {
    ("apps", "Deployment"): _Known(kind=ports.DEPLOYMENT),
    ("apps", "ReplicaSet"): _Known(kind=ports.REPLICA_SET),
    ("", "PodTemplate"): _Known(
        kind=ports.POD_TEMPLATE, template=("template",), has_selector=False
    ),
}
KINDS = tuple(known.kind for known in _KNOWN.values())


def resolved(rollout: ports.Object, shelves: Shelves) -> ports.Object:
    """``rollout`` with the template, and where it has none the selector, of its workload.

    Raises:
        errors.UserError: there is no such workload, or the Rollout has a template too.
        errors.Unavailable: objects of that kind are only just being read.

    """
    spec = rollout.get("spec")
    if not isinstance(spec, Mapping) or spec.get("workloadRef") is None:
        return rollout
    if spec.get("template"):
        text = "template must be empty for workload reference rollout"
        raise fields.Invalid("spec.template", "", text)
    known, name = _which(spec)
    found = _look(rollout, known, name, shelves)
    if found is None:
        group = f".{known.kind.group}" if known.kind.group else ""
        text = f'{known.kind.plural}{group} "{name}" not found'
        raise fields.Invalid(PATH, name, text)
    return filled(rollout, _at(found, known.template), _selector(found, known))


def or_as_it_is(rollout: ports.Object, shelves: Shelves) -> ports.Object:
    """``rollout`` resolved where that can be done."""
    try:
        return resolved(rollout, shelves)
    except (errors.UserError, errors.Unavailable):
        return rollout


def seen(rollout: ports.Object, shelves: Shelves) -> world.Workload | None:
    """The workload as it is now; None where a Rollout has none, or it cannot be told."""
    spec = rollout.get("spec")
    if not isinstance(spec, Mapping) or spec.get("workloadRef") is None:
        return None
    try:
        known, name = _which(spec)
        found = _look(rollout, known, name, shelves)
    except (errors.UserError, errors.Unavailable):
        return None
    if found is None:
        return None
    meta, replicas = found["metadata"], (found.get("spec") or {}).get("replicas", 1)
    return world.Workload(
        kind=known.kind,
        name=name,
        generation=str(meta.get("generation") or 0),
        replicas=replicas if known.kind == ports.DEPLOYMENT else None,
        annotations=meta.get("annotations") or {},
        resource_version=str(meta.get("resourceVersion", "")),
        template_path="/" + "/".join(known.template),
    )


async def scale(
    api: ports.Api, shelves: Shelves, around: world.Seen, replicas: int | None
) -> world.Event | None:
    """Give the Deployment that was taken over its new size; the event that tells of trouble.

    A Deployment that may not be changed or is gone is no reason to hold the Rollout.
    """
    target = around.workload
    if replicas is None or target is None:
        return None
    ref = ports.Ref(kind=target.kind, namespace=around.namespace, name=target.name)
    write = ports.Write(verb=ports.Verb.PATCH, ref=ref, body={"spec": {"replicas": replicas}})
    try:
        saved = await api.write(write)
    except (errors.Refused, errors.Forbidden, errors.NotFound) as problem:
        text = f"Deployment {target.name} is not scaled to {replicas}: {problem}"
        log.warning(text, extra={"key": f"{around.namespace}/{around.name}"})
        return world.Event(reason="WorkloadScaleDownFailed", message=text, warning=True)
    cache = shelves.get(target.kind)
    if cache is not None:
        cache.observe(saved)
    return None


def ref(rollout: ports.Object) -> ports.Ref | None:
    """The object that ``rollout`` takes its template from, whether it is there or not."""
    spec = rollout.get("spec")
    if not isinstance(spec, Mapping) or spec.get("workloadRef") is None:
        return None
    try:
        known, name = _which(spec)
    except errors.UserError:
        return None
    return ports.Ref(kind=known.kind, namespace=rollout["metadata"]["namespace"], name=name)


def _which(spec: Mapping[str, Any]) -> tuple[_Known, str]:
    raw = fields.mapping(spec["workloadRef"], PATH)
    kind, name = fields.text(raw, "kind", PATH), fields.text(raw, "name", PATH)
    group = fields.text(raw, "apiVersion", PATH).rpartition("/")[0]
    known = _KNOWN.get((group, kind))
    if known is None:
        text = f"workload of type {group}/{kind} is not supported"
        raise fields.Invalid(f"{PATH}.kind", kind, text)
    return known, name


def _look(
    rollout: ports.Object, known: _Known, name: str, shelves: Shelves
) -> ports.Object | None:
    cache = shelves.get(known.kind)
    return None if cache is None else cache.get(rollout["metadata"]["namespace"], name)


def _at(obj: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        obj = obj.get(key) if isinstance(obj, Mapping) else None
    return obj


def _selector(found: ports.Object, known: _Known) -> Any:
    return _at(found, ("spec", "selector")) if known.has_selector else None


def filled(rollout: ports.Object, template: Any, selector: Any) -> ports.Object:
    """A copy of ``rollout`` with that template, and that selector where it has none."""
    spec = {**rollout["spec"], "template": template}
    if spec.get("selector") is None and selector is not None:
        spec["selector"] = selector
    return {**rollout, "spec": spec}
