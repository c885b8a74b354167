"""What a decision would change about a world that somebody else drives: field by field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core import codec_status
from bot.model import status as status_model
from bot.model import world

_OURS = frozenset({"rolloutBot", "duration"})
_TIMES = frozenset({"lastUpdateTime", "lastTransitionTime", "startTime", "abortedAt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is so and that a pass would make otherwise."""

    path: str
    theirs: Any
    ours: Any


def of(
    before: status_model.Status, seen: world.Seen, decision: world.Decision
) -> tuple[Difference, ...]:
    """Everything that would be written; empty where both agree."""
    if decision.status is None:
        return ()
    mine, theirs = codec_status.encode(decision.status), codec_status.encode(before)
    found = [
        *_fields("status", _timeless(theirs), _timeless(mine)),
        *_pods(seen, decision.desired),
        *_traffic(seen, decision.desired),
        *_made(decision.desired),
    ]
    return tuple(sorted(found, key=lambda one: one.path))


def _timeless(value: Any) -> Any:
    """A status without what only one controller has, and without instants."""
    if isinstance(value, Mapping):
        left_out = _TIMES | _OURS
        return {key: _timeless(inner) for key, inner in value.items() if key not in left_out}
    if isinstance(value, list) and all(
        isinstance(one, Mapping) and "type" in one for one in value
    ):
        return {one["type"]: _timeless(one) for one in value}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def _fields(path: str, theirs: Any, mine: Any) -> Iterator[Difference]:
    if isinstance(theirs, Mapping) and isinstance(mine, Mapping):
        for key in sorted(theirs.keys() | mine.keys()):
            yield from _fields(f"{path}.{key}", theirs.get(key), mine.get(key))
    elif theirs != mine:
        yield Difference(path=path, theirs=theirs, ours=mine)


def _pods(seen: world.Seen, desired: world.Desired) -> Iterator[Difference]:
    if desired.create is not None:
        name = desired.create["metadata"]["name"]
        yield Difference(path=f"replicasets.{name}", theirs=None, ours="made")
    for rs in seen.replica_sets:
        size = desired.sizes.get(rs.name)
        if size is not None and size.replicas != rs.replicas:
            path = f"replicasets.{rs.name}.replicas"
            yield Difference(path=path, theirs=rs.replicas, ours=size.replicas)
    for name in desired.delete_replica_sets:
        yield Difference(path=f"replicasets.{name}", theirs="kept", ours="deleted")


def _traffic(seen: world.Seen, desired: world.Desired) -> Iterator[Difference]:
    for name, pod_hash in desired.selectors.items():
        if seen.services[name].hash != pod_hash:
            path = f"services.{name}.selector"
            yield Difference(path=path, theirs=seen.services[name].hash, ours=pod_hash)
    if desired.route is None:
        return
    for at, view in enumerate(seen.routes):
        if view.weight != desired.route.weight or view.lowest != desired.route.weight:
            path = f"routes[{at}].weight"
            yield Difference(path=path, theirs=view.weight, ours=desired.route.weight)


def _made(desired: world.Desired) -> Iterator[Difference]:
    for body in (*desired.create_runs, *desired.create_experiments):
        path = f"{str(body.get('kind', '')).lower()}s.{body['metadata']['name']}"
        yield Difference(path=path, theirs=None, ours="made")
    for name in (*desired.terminate_runs, *desired.terminate_experiments):
        yield Difference(path=f"runs.{name}", theirs="goes on", ours="ended")
