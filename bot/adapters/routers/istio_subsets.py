"""A DestinationRule: which revision each subset selects (spec §7.2)."""

from collections.abc import Mapping
from typing import Any

from bot.model import ports, routers, world

_HASH = "rollouts-pod-template-hash"
_MANAGED = "argo-rollouts.argoproj.io/managed-by-rollouts"


def plan(
    subject: routers.Subject,
    route: world.Route,
    ref: ports.Ref,
    obj: ports.Object,
    names: tuple[str, str],
) -> routers.RouteWrite | None:
    """The write that makes the subsets ``names`` (canary, stable) select their revisions."""
    canary, stable = names
    hashes = {canary: route.canary_hash, stable: route.stable_hash}
    given = _subsets(obj)
    by_name = {str(one.get("name")): one for one in given}
    wanted = [
        _labelled(by_name[name], hashes[name])
        for name in dict.fromkeys(str(one.get("name")) for one in given)
        if name in hashes
    ]
    for share in route.extra:
        subset = by_name.get(share.service, {"name": share.service})
        wanted.append(_labelled(subset, share.hash))
    notes = obj["metadata"].get("annotations") or {}
    if wanted == given and notes.get(_MANAGED) == subject.name:
        return None
    body = {
        "metadata": {
            "resourceVersion": obj["metadata"]["resourceVersion"],
            "annotations": {_MANAGED: subject.name},
        },
        "spec": {"subsets": wanted},
    }
    told = f"canary: {route.canary_hash}, stable: {route.stable_hash}"
    text = f"DestinationRule {ref.name} subset updated ({told})"
    return routers.RouteWrite(
        write=ports.Write(verb=ports.Verb.PATCH, ref=ref, body=body),
        event=world.Event(reason="UpdatedDestinationRule", message=text),
    )


def selected(obj: ports.Object, name: str) -> str:
    """The revision that a subset selects now; empty where it is bare or not there."""
    for one in _subsets(obj):
        if one.get("name") == name:
            return str(_labels(one).get(_HASH, ""))
    return ""


def missing(obj: ports.Object, names: tuple[str, str]) -> str:
    """Which of the two subsets the rule does not have; empty where it has both."""
    there = {str(one.get("name")) for one in _subsets(obj)}
    return next((name for name in names if name not in there), "")


def _subsets(obj: ports.Object) -> list[Mapping[str, Any]]:
    spec = obj.get("spec")
    found = spec.get("subsets") if isinstance(spec, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _labels(subset: Mapping[str, Any]) -> Mapping[str, Any]:
    found = subset.get("labels")
    return found if isinstance(found, Mapping) else {}


def _labelled(subset: Mapping[str, Any], pod_hash: str) -> dict[str, Any]:
    labels = {key: value for key, value in _labels(subset).items() if key != _HASH}
    if pod_hash:
        labels[_HASH] = pod_hash
    out = {key: value for key, value in subset.items() if key != "labels"}
    return {**out, "labels": labels} if labels else out
