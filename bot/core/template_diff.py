"""What is different between two pod templates, in a few words a change. No value is ever shown.

Values of the environment may be secrets; that they changed is all that people need to know. The
images of containers are compared by those who name them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

MOST = 20
_AMOUNTS = ("requests", "limits")
_WHOLE = ("command", "args", "ports", "envFrom", "volumeMounts", "securityContext", "lifecycle")
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_POD = (
    "serviceAccountName",
    "nodeSelector",
    "affinity",
    "tolerations",
    "priorityClassName",
    "terminationGracePeriodSeconds",
    "securityContext",
    "hostNetwork",
)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Each change as "env +NAME", "cpu request 100m → 200m", "args changed"."""
    old, new = _map(before.get("spec")), _map(after.get("spec"))
    found = [
        *_containers(old, new),
        *_marks(before, after),
        *_names("volume", _by_name(old.get("volumes")), _by_name(new.get("volumes"))),
        *(f"{name} changed" for name in _POD if old.get(name) != new.get(name)),
    ]
    return tuple(found[:MOST])


def _containers(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for kind, word in (("containers", "container"), ("initContainers", "init container")):
        before, after = _by_name(old.get(kind)), _by_name(new.get(kind))
        yield from (f"{word} -{name}" for name in before if name not in after)
        yield from (f"{word} +{name}" for name in after if name not in before)
        both = [name for name in after if name in before]
        alone = kind == "containers" and len(after) == 1
        for name in both:
            prefix = "" if alone else f"{name}: "
            for text in _container(before[name], after[name]):
                yield f"{prefix}{text}"
            if kind == "initContainers" and before[name].get("image") != after[name].get("image"):
                yield f"{prefix}image changed"


def _container(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before, after = _by_name(old.get("env")), _by_name(new.get("env"))
    yield from _names("env", before, after)
    for kind in _AMOUNTS:
        yield from _amounts(kind, old, new)
    yield from (
        f"{name} changed" for name in (*_WHOLE, *_PROBES) if old.get(name) != new.get(name)
    )


def _names(
    word: str, before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    yield from (f"{word} -{name}" for name in before if name not in after)
    yield from (f"{word} +{name}" for name in after if name not in before)
    yield from (
        f"{word} {name} changed"
        for name in after
        if name in before and before[name] != after[name]
    )


def _amounts(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before = _map(_map(old.get("resources")).get(kind))
    after = _map(_map(new.get("resources")).get(kind))
    for name in sorted({*map(str, before), *map(str, after)}):
        was, now = before.get(name), after.get(name)
        if was != now:
            yield f"{name} {kind.removesuffix('s')} {_shown(was)} → {_shown(now)}"


def _marks(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Labels and annotations of the pods: which kind, not each."""
    old, new = _map(before.get("metadata")), _map(after.get("metadata"))
    for kind in ("labels", "annotations"):
        if _map(old.get(kind)) != _map(new.get(kind)):
            yield f"pod {kind} changed"


def _shown(amount: Any) -> str:
    return "none" if amount is None else str(amount)[:20]


def _by_name(raw: Any) -> dict[str, Mapping[str, Any]]:
    entries = raw if isinstance(raw, list) else []
    return {str(one.get("name", ""))[:80]: one for one in entries if isinstance(one, Mapping)}


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}
