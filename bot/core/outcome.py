"""The end of a pass: the draft becomes a ``Decision``."""

from collections.abc import Mapping
from typing import Any

from bot.core import (
    affinity,
    analyses,
    approvals,
    blue_green,
    conditions,
    duration,
    revisions,
    role_marks,
    stables,
    stock_writes,
    takeover,
    trials,
    tries,
)
from bot.core import draft as draft_module
from bot.model import status as status_model
from bot.model import world


def record_abort(d: draft_module.Draft) -> None:
    """Keep what people are told of an abort: when, from which weight, when traffic was off."""
    if not d.status.abort:
        return
    known = dict(d.status.bot.abort)
    if "at" not in known:
        written = d.before.weights
        known["at"] = d.now.isoformat()
        known["weight"] = _weight(d, written)
        known["step"] = d.before.step_index or 0
        known.setdefault("cause", d.abort_cause)
    if "safeAt" not in known and _safe(d):
        known["safeAt"] = d.now.isoformat()
    d.set_bot(abort=known)


def _weight(d: draft_module.Draft, written: status_model.Weights | None) -> int:
    if d.spec.blue_green is not None:
        return 100 if d.before.active == d.family.new.hash else 0
    return written.canary if written else _share(d)


def _share(d: draft_module.Draft) -> int:
    total = d.status.available_replicas
    return d.family.new.available * 100 // total if total else 0


def _safe(d: draft_module.Draft) -> bool:
    """Whether no traffic reaches the canary any more, as far as can be seen."""
    if d.spec.blue_green is not None:
        return blue_green.active_hash(d) != d.family.new.hash
    if d.spec.canary.routed:
        return all(view.weight == 0 for view in d.seen.routes)
    return d.family.new.available == 0


def decision(
    d: draft_module.Draft,
    route: world.Route | None,
    selectors: Mapping[str, str],
    sizes: Mapping[str, world.Size],
) -> world.Decision:
    """Everything that the pass came to."""
    trials.settle(d)
    stock_writes.settle(d)
    d.set(duration=duration.of(d))
    d.status = conditions.without_microseconds(d.status)
    events = _in_order(d, _service_events(d, selectors), _size_events(d, sizes))
    new = d.family.new
    body = None
    if d.family.creating:
        body = revisions.replica_set(d.spec, d.seen, new, sizes[new.name].replicas, d.status)
        body["metadata"]["annotations"].update(_guard(d, new))
    return world.Decision(
        status=d.status,
        desired=world.Desired(
            create=body,
            sizes=_annotated(d, sizes),
            selectors=selectors,
            route=route,
            route_urgent=d.status.abort,
            revision=new.revision,
            workload_generation=d.status.workload_generation,
            workload_replicas=takeover.replicas(d),
            create_runs=tuple(d.create_runs),
            terminate_runs=tuple(d.terminate_runs),
            delete_runs=analyses.garbage(d),
            delete_replica_sets=_history(d),
            create_experiments=tuple(d.create_experiments),
            terminate_experiments=tuple(d.terminate_experiments),
            delete_experiments=trials.garbage(d),
            marks=role_marks.changes(d),
            evict=d.evict,
        ),
        wake_at=min(d.wakes, default=None),
        events=tuple(events),
        reasons=tuple(d.reasons),
    )


def _annotated(d: draft_module.Draft, sizes: Mapping[str, world.Size]) -> dict[str, world.Size]:
    """Sizes of what exists, with the annotations that must hold beside them."""
    out: dict[str, world.Size] = {}
    for rs in d.family.all:
        if rs.name == d.family.new.name and d.family.creating:
            continue
        size = sizes[rs.name]
        if rs.name == d.family.new.name:
            marks = revisions.annotations(d.seen, rs, d.spec.replicas)
            ready_s = d.spec.min_ready_s
        else:
            marks = {revisions.DESIRED: str(d.spec.replicas)} if size.replicas else {}
            ready_s = rs.min_ready_s
        out[rs.name] = world.Size(
            replicas=size.replicas,
            deadline=size.deadline,
            keep_deadline=size.keep_deadline,
            annotations={**marks, **_guard(d, rs)},
            min_ready_s=ready_s,
            template=_template(d, rs),
        )
    return out


def _guard(d: draft_module.Draft, rs: world.ReplicaSet) -> dict[str, str | None]:
    named = bool(approvals.named(d.seen.policy, d.spec))
    return tries.marks(d, rs, named=named) | stables.marks(d, rs, named=named)


def _template(d: draft_module.Draft, rs: world.ReplicaSet) -> dict[str, Any]:
    """Which nodes new pods avoid changes with the stable; retired revisions make none."""
    if rs.name not in {d.family.new.name, d.family.stable.name if d.family.stable else ""}:
        return {}
    wanted = affinity.injected(
        rs.template,
        d.spec.anti_affinity,
        stable_hash=d.status.stable_hash,
        own_hash=rs.hash,
        namespace=d.seen.namespace,
    )
    return affinity.patch(rs.template, wanted)


def _in_order(
    d: draft_module.Draft, switched: list[world.Event], scaled: list[world.Event]
) -> list[world.Event]:
    """As Argo tells them: what is new, Services, weights, decisions, pods, and last completion.

    A blue-green is complete before the old pods go.
    """
    late = [event for event in scaled if d.spec.blue_green and "Scaled down" in event.message]
    early = [event for event in scaled if event not in late]
    order = _CANARY_ORDER if d.spec.blue_green is None else _BLUE_GREEN_ORDER
    told = sorted(
        [*d.events, *switched, *early],
        key=lambda event: -1 if _is_cause(event) else order.get(event.reason, 3),
    )
    return [*told, *late]


def goes_first(event: world.Event) -> bool:
    """Whether an event is told before those of a router."""
    return event.reason in _FIRST or _is_cause(event)


def _is_cause(event: world.Event) -> bool:
    """Why it is aborted by itself comes before everything that is done about it."""
    bare = event.message.startswith("Rollout aborted update") and ":" not in event.message
    return event.reason in _VERDICTS or (event.reason == "RolloutAborted" and not bare)


_VERDICTS = frozenset({"AnalysisRunFailed", "AnalysisRunError"})
_FIRST = frozenset(
    {"RolloutUpdated", "NewReplicaSetCreated", "RolloutNotCompleted", "SwitchService"}
)
_CANARY_ORDER = {
    "RolloutUpdated": 0,
    "NewReplicaSetCreated": 0,
    "RolloutNotCompleted": 1,
    "SwitchService": 1,
    "TrafficWeightUpdated": 2,
    "ScalingReplicaSet": 4,
    "RolloutAborted": 5,
    "RolloutCompleted": 6,
}
"""The places of events among those of one pass; the decisions of the steps have place 3."""
_BLUE_GREEN_ORDER = {**_CANARY_ORDER, "SwitchService": 0}


def _service_events(d: draft_module.Draft, selectors: Mapping[str, str]) -> list[world.Event]:
    found = []
    for name, pod_hash in selectors.items():
        old = d.seen.services[name].hash
        if old != pod_hash:
            text = f"Switched selector for service '{name}' from '{old}' to '{pod_hash}'"
            found.append(world.Event(reason="SwitchService", message=text))
    return found


def _size_events(d: draft_module.Draft, sizes: Mapping[str, world.Size]) -> list[world.Event]:
    found = []
    for rs in d.family.all:
        now, then = rs.replicas, sizes[rs.name].replicas
        if now == then:
            continue
        word = "up" if then > now else "down"
        text = f"Scaled {word} ReplicaSet {rs.name} (revision {rs.revision}) from {now} to {then}"
        found.append(world.Event(reason="ScalingReplicaSet", message=text))
    return found


def _history(d: draft_module.Draft) -> tuple[str, ...]:
    """The oldest empty ReplicaSets beyond the limit (spec §2.21)."""
    old = sorted(d.family.retired, key=lambda rs: (rs.revision, rs.created))
    beyond = old[: max(0, len(old) - d.spec.revision_history_limit)]
    return tuple(rs.name for rs in beyond if rs.replicas == 0 and rs.current == 0 and rs.observed)
