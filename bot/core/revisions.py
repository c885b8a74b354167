"""Which ReplicaSet is which revision, and what a new one looks like (spec §1.11, §1.12)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.core import affinity, pod_marks
from bot.core.hashing import hashes
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.model import world

HASH = "rollouts-pod-template-hash"
REVISION = "rollout.argoproj.io/revision"
WORKLOAD = "rollout.argoproj.io/workload-generation"
HISTORY = "rollout.argoproj.io/revision-history"
DESIRED = "rollout.argoproj.io/desired-replicas"
DEADLINE = "scale-down-deadline"
GUARD = "rollout-bot.io/guard"
"""What ``tries`` keeps there until the revision is the stable: one without it has been that."""
STABLE = "rollout-bot.io/stable"
"""What ``stables`` keeps on the stable alone, from its promotion until that of another."""
_SAFE = "bcdfghjklmnpqrstvwxz2456789"
_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        HISTORY,
        DESIRED,
        "notified.notifications.argoproj.io",
        GUARD,
        STABLE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The ReplicaSets of a rollout by their role.

    ``new`` is the one of the present template (not yet in the cluster while ``creating``),
    ``stable`` the one that an abort returns to, ``retired`` all others.
    """

    new: world.ReplicaSet
    creating: bool
    stable: world.ReplicaSet | None
    retired: tuple[world.ReplicaSet, ...]

    @property
    def all(self) -> tuple[world.ReplicaSet, ...]:
        stable = () if self.stable is None or self.promoted else (self.stable,)
        return (self.new, *stable, *self.retired)

    @property
    def promoted(self) -> bool:
        return self.stable is not None and self.stable.hash == self.new.hash


def digest(value: Any, collisions: int | None = None) -> str:
    """A short name for a value, in the alphabet that Kubernetes uses for such names."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    if collisions is not None:
        text += collisions.to_bytes(8, "little")
    number = int.from_bytes(hashlib.sha256(text).digest()[:4], "big")
    return "".join(_SAFE[ord(digit) % len(_SAFE)] for digit in str(number))


def family(spec: spec_model.Spec, status: status_model.Status, seen: world.Seen) -> Family:
    """Sort the ReplicaSets into roles; the new one is made up where there is none yet."""
    pod_hash = hashes.of_template(spec.template, status.collision_count)
    live = [rs for rs in seen.replica_sets if not rs.deleting]
    found = next((rs for rs in live if rs.hash == pod_hash), None) or next(
        (
            rs
            for rs in sorted(live, key=lambda rs: (rs.created, rs.name))
            if _same_template(bare(rs), spec.template)
        ),
        None,
    )
    stable = next((rs for rs in live if rs.hash == status.stable_hash), None)
    new = found or _made_up(spec, seen, pod_hash)
    highest = max((rs.revision for rs in live if rs.name != new.name), default=0)
    if new.revision <= highest:
        new = replace(new, revision=highest + 1)
        stable = new if stable is not None and stable.name == new.name else stable
    keep = {new.name} | ({stable.name} if stable else set())
    return Family(
        new=new,
        creating=found is None,
        stable=stable,
        retired=tuple(rs for rs in live if rs.name not in keep),
    )


def in_flight(kin: Family, pod_hash: str) -> Family | None:
    """The roles as they were while ``pod_hash`` was the new revision; None if it is gone."""
    live = [rs for rs in kin.all if not (kin.creating and rs.name == kin.new.name)]
    new = next((rs for rs in live if rs.hash == pod_hash), None)
    if new is None:
        return None
    keep = {new.name} | ({kin.stable.name} if kin.stable else set())
    retired = tuple(rs for rs in live if rs.name not in keep)
    return Family(new=new, creating=False, stable=kin.stable, retired=retired)


def in_window(kin: Family, revisions: int | None) -> bool:
    """Whether the new revision is a recent one, older than the stable (spec §2.19).

    One whose guard says that it has never been the stable is none to go back to.

    Recent by the time when it was made: fewer than ``revisions`` others lie between.
    """
    if not revisions or kin.creating or kin.stable is None or kin.promoted:
        return False
    if GUARD in kin.new.annotations:
        return False
    if kin.new.created >= kin.stable.created:
        return False
    between = (kin.new.created, kin.stable.created)
    return sum(between[0] < rs.created < between[1] for rs in kin.retired) < revisions


def warm(rs: world.ReplicaSet, now: datetime) -> bool:
    """Whether its pods are kept for a while, so that it can come back at once."""
    return rs.deadline is not None and now < rs.deadline


def _same_template(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    return hashes.same(without_hash(mine), without_hash(theirs))


def bare(rs: world.ReplicaSet) -> dict[str, Any]:
    """A revision's pod template as its user wrote it: no label, mark or affinity of ours."""
    template = pod_marks.taken_off(rs.template, pod_marks.recorded(rs))
    return without_hash(affinity.without(template))


def without_hash(template: Mapping[str, Any]) -> dict[str, Any]:
    """The pod template as the user wrote it, without our label."""
    meta = dict(template.get("metadata") or {})
    labels = {k: v for k, v in (meta.get("labels") or {}).items() if k != HASH}
    meta.pop("creationTimestamp", None)
    return {**template, "metadata": {**meta, "labels": labels}}


def _made_up(spec: spec_model.Spec, seen: world.Seen, pod_hash: str) -> world.ReplicaSet:
    return world.ReplicaSet(
        name=f"{seen.name}-{pod_hash}",
        hash=pod_hash,
        revision=0,
        replicas=0,
        created=seen.created,
        template=spec.template,
        min_ready_s=spec.min_ready_s,
    )


def annotations(seen: world.Seen, rs: world.ReplicaSet, replicas: int) -> dict[str, str]:
    """What the ReplicaSet of the present template must carry (spec §1.10)."""
    copied = {k: v for k, v in seen.annotations.items() if k not in _NOT_COPIED}
    known = rs.annotations.get(REVISION, "")
    wanted = {**copied, REVISION: str(rs.revision), DESIRED: str(replicas)}
    if known and known != str(rs.revision):
        earlier = [n for n in rs.annotations.get(HISTORY, "").split(",") if n]
        wanted[HISTORY] = ",".join([*earlier, known])
    return wanted


def replica_set(
    spec: spec_model.Spec,
    seen: world.Seen,
    rs: world.ReplicaSet,
    size: int,
    status: status_model.Status,
) -> dict[str, Any]:
    """The ReplicaSet object of a new revision, with ``size`` pods."""
    meta = dict(spec.template.get("metadata") or {})
    labels = {**(meta.get("labels") or {}), HASH: rs.hash}
    marks = pod_marks.at_creation(spec, stable_exists=status.stable_hash not in {"", rs.hash})
    template = affinity.injected(
        {**spec.template, "metadata": {**meta, "labels": labels}},
        spec.anti_affinity,
        stable_hash=status.stable_hash,
        own_hash=rs.hash,
        namespace=seen.namespace,
    )
    notes = annotations(seen, rs, spec.replicas)
    if said := pod_marks.record(marks):
        notes[pod_marks.RECORD] = said
    selector = dict(spec.selector)
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH: rs.hash}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": rs.name,
            "namespace": seen.namespace,
            "labels": labels,
            "annotations": notes,
            "ownerReferences": [owner(seen)],
        },
        "spec": {
            "replicas": size,
            "minReadySeconds": spec.min_ready_s,
            "selector": selector,
            "template": pod_marks.put_on(template, marks),
        },
    }


def owner(seen: world.Seen) -> dict[str, Any]:
    """The controller reference to this rollout."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "name": seen.name,
        "uid": seen.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
