"""The templates of an Experiment: their ReplicaSets, their counts and words (spec §6.2, §6.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.core import fields, revisions
from bot.core.experiments import codec
from bot.core.experiments import sheet as sheets
from bot.model import errors, experiment, world

NAME, TEMPLATE = "experiment.argoproj.io/name", "experiment.argoproj.io/template-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one template's pods are to be named and made."""

    name: str
    hash: str
    collisions: int | None
    selector: Mapping[str, Any]
    template: Mapping[str, Any]
    min_ready_s: int

    @property
    def labels(self) -> dict[str, str]:
        meta = self.template.get("metadata") or {}
        return {**(meta.get("labels") or {}), revisions.HASH: self.hash}


def count(s: sheets.Sheet, one: experiment.Template) -> None:
    """Take in the pods that are there, and what became of the template."""
    rs, old = s.set_of(one.name), s.templates[one.name]
    counts = {
        "replicas": rs.current if rs else 0,
        "updated": rs.current if rs else 0,
        "ready": rs.ready if rs else 0,
        "available": rs.available if rs else 0,
    }
    moved = any(getattr(old, key) != value for key, value in counts.items())
    since = s.second if moved or old.transitioned is None else old.transitioned
    s.template(one.name, **counts, transitioned=since)
    if not old.done:
        status, message = _word(s, one, rs)
        s.template(one.name, status=status, message=message)


def _word(
    s: sheets.Sheet, one: experiment.Template, rs: world.ReplicaSet | None
) -> tuple[str, str]:
    """The status of a template that is not over yet, and its message.

    An end that is asked for is no failure: pods that stand are compared with what the template
    asks for, not with the nothing that they are about to be.
    """
    known = s.templates[one.name]
    if problem := _refused(s, one, rs):
        return "Error", problem
    if rs is not None and rs.available == one.replicas == rs.replicas:
        if s.expired or s.ending:
            return "Successful", ""
        return "Running", ""
    since = known.transitioned or s.second
    limit = sheets.later(since, timedelta(seconds=s.spec.progress_deadline_s))
    if s.now > limit:
        seconds = s.spec.progress_deadline_s
        text = f"Template '{one.name}' exceeded its progressDeadlineSeconds ({seconds})"
        return "Failed", text
    if s.ending:
        return "Successful", ""
    s.wakes.append(limit + sheets.JUST_AFTER)
    return "Progressing", ""


def _refused(s: sheets.Sheet, one: experiment.Template, rs: world.ReplicaSet | None) -> str:
    """What the server said of the template's objects, as Argo words it."""
    if rs is None and (said := s.seen.refused.get(plan_name(s, one)[0])):
        return f"Failed to create ReplicaSet for template '{one.name}': {said}"
    if rs is not None and (said := s.seen.refused.get(rs.name)):
        return f"Failed to scale ReplicaSet '{rs.name}' for template '{one.name}': {said}"
    name = service_name(s, one)
    if name and (said := s.seen.refused.get(f"service/{name}")):
        return f"Failed to create Service {name} for template '{one.name}': {said}"
    return ""


def plan_name(s: sheets.Sheet, one: experiment.Template) -> tuple[str, int | None]:
    """The first name for the ReplicaSet that nobody else has, and how often one was taken."""
    base, collisions = f"{s.name}-{one.name}", s.templates[one.name].collisions
    name = base if not collisions else f"{base}-{collisions}"
    while name in s.seen.taken:
        collisions = (collisions or 0) + 1
        name = f"{base}-{collisions}"
    return name, collisions


def planned(s: sheets.Sheet, one: experiment.Template) -> Plan:
    """How a template's ReplicaSet is to be made.

    Raises:
        errors.UserError: the revision that the template names is not there.

    """
    name, collisions = plan_name(s, one)
    selector, template, ready_s = one.selector, one.template, one.min_ready_s
    if template is None:
        found = _revision(s, one)
        template, ready_s = found["template"], ready_s or found.get("minReadySeconds", 0)
        selector = selector or found.get("selector") or {}
    bare = revisions.without_hash(template)
    # Two templates that are the same, and the revision they were copied from, must not select
    # each other's pods: whose it is counts into the hash.
    whose = {"experiment": s.name, "template": one.name, "pods": bare}
    return Plan(
        name=name,
        hash=revisions.digest(whose, collisions),
        collisions=collisions,
        selector=selector,
        template=bare,
        min_ready_s=ready_s,
    )


def _revision(s: sheets.Sheet, one: experiment.Template) -> Mapping[str, Any]:
    """The spec of the ReplicaSet that ``specRef`` stands for."""
    rollout = f"the Rollout {s.spec.rollout} that label {codec.ROLLOUT} names"
    if s.seen.revisions is None:
        raise errors.UserError(f"{rollout} is not there")
    found = s.seen.revisions.get(one.spec_ref)
    if found is None:
        raise errors.UserError(f"{rollout} has no {one.spec_ref} revision")
    return fields.mapping(found.get("spec"), "spec")


def check(s: sheets.Sheet) -> None:
    """Refuse templates whose revision is not there; what runs already needs it no more.

    Raises:
        errors.UserError: in words, with the template's path.

    """
    for at, one in enumerate(s.spec.templates):
        if one.template is None and s.set_of(one.name) is None and not s.ending:
            try:
                planned(s, one)
            except errors.UserError as problem:
                path = f"spec.templates[{at}].specRef"
                raise fields.Invalid(path, one.spec_ref, problem.sentence) from None


def new_set(s: sheets.Sheet, one: experiment.Template) -> dict[str, Any]:
    """The ReplicaSet object of a template."""
    plan = planned(s, one)
    s.template(one.name, collisions=plan.collisions)
    meta = dict(plan.template.get("metadata") or {})
    own = {**(plan.selector.get("matchLabels") or {}), revisions.HASH: plan.hash}
    text = f"Scaled up ReplicaSet {plan.name} from 0 to {one.replicas}"
    if one.replicas:
        s.event("ScalingReplicaSet", text)
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": plan.name,
            "namespace": s.raw["metadata"]["namespace"],
            "labels": plan.labels,
            "annotations": {NAME: s.name, TEMPLATE: one.name},
            "ownerReferences": [s.owner()],
        },
        "spec": {
            "replicas": one.replicas,
            "minReadySeconds": plan.min_ready_s,
            "selector": {**plan.selector, "matchLabels": own},
            "template": {**plan.template, "metadata": {**meta, "labels": plan.labels}},
        },
    }


def over(s: sheets.Sheet, one: experiment.Template) -> bool:
    """Whether a template's pods are not wanted any more."""
    return s.ending or s.templates[one.name].done


def size(s: sheets.Sheet, one: experiment.Template, rs: world.ReplicaSet) -> world.Size:
    """How a ReplicaSet should be: pods go after a delay only, so that their logs can be read."""
    wanted = 0 if over(s, one) else one.replicas
    ready_s = rs.min_ready_s if one.template is None else one.min_ready_s
    if wanted < rs.replicas and s.spec.scale_down_delay_s:
        until = rs.deadline or s.second + timedelta(seconds=s.spec.scale_down_delay_s)
        if s.now < until:
            s.wakes.append(until)
            return world.Size(replicas=rs.replicas, deadline=until, min_ready_s=ready_s)
    if wanted != rs.replicas:
        word = "up" if wanted > rs.replicas else "down"
        text = f"Scaled {word} ReplicaSet {rs.name} from {rs.replicas} to {wanted}"
        s.event("ScalingReplicaSet", text)
    return world.Size(replicas=wanted, min_ready_s=ready_s)


def service_name(s: sheets.Sheet, one: experiment.Template) -> str:
    """The Service of a template; empty where it has none, or its pods have no ports."""
    if one.service is None or not _ports(s, one):
        return ""
    rs = s.set_of(one.name)
    return one.service or (rs.name if rs is not None else plan_name(s, one)[0])


def _ports(s: sheets.Sheet, one: experiment.Template) -> list[Mapping[str, Any]]:
    rs = s.set_of(one.name)
    template = one.template if rs is None else rs.template
    if template is None:
        try:
            template = planned(s, one).template
        except errors.UserError:
            return []
    containers = (template.get("spec") or {}).get("containers") or ()
    return [port for container in containers for port in container.get("ports") or ()]


def new_service(s: sheets.Sheet, one: experiment.Template) -> dict[str, Any]:
    """The Service object of a template."""
    rs = s.set_of(one.name)
    if rs is None:
        labels = planned(s, one).labels
    else:
        labels = {**((rs.template.get("metadata") or {}).get("labels") or {})}
        labels[revisions.HASH] = rs.hash
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": service_name(s, one),
            "namespace": s.raw["metadata"]["namespace"],
            "annotations": {NAME: s.name, TEMPLATE: one.name},
            "ownerReferences": [s.owner()],
        },
        "spec": {"selector": labels, "ports": [_port(port) for port in _ports(s, one)]},
    }


def _port(raw: Mapping[str, Any]) -> dict[str, Any]:
    number = raw.get("containerPort")
    out: dict[str, Any] = {"port": number, "targetPort": number}
    out.update({key: raw[key] for key in ("name", "protocol") if raw.get(key)})
    return out
