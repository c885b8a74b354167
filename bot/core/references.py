"""Whether what a Rollout names exists and fits (spec §4.5). The first problem wins."""

from bot.core import analyses, fields
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.model import world


def check(spec: spec_model.Spec, status: status_model.Status, seen: world.Seen) -> None:
    """Look at Services, analysis templates and routes, in Argo's order.

    Raises:
        errors.UserError: the sentence for InvalidSpec.
        errors.NotSupported: a template uses what this version does not run.

    """
    canary = spec.canary
    _service(spec, seen, "stableService", canary.stable_service)
    _service(spec, seen, "canaryService", canary.canary_service)
    analyses.check(spec, status, seen)
    for view in seen.routes:
        if view.problem is not None:
            path, value, text = view.problem
            raise fields.Invalid(path, value, text)


def _service(spec: spec_model.Spec, seen: world.Seen, key: str, name: str) -> None:
    if not name:
        return
    path = f"spec.strategy.canary.{key}"
    service = seen.services.get(name)
    if service is None:
        raise fields.Invalid(path, name, f'service "{name}" not found')
    if service.managed_by and service.managed_by != seen.name:
        text = f'Service "{name}" is managed by another Rollout'
        raise fields.Invalid(path, name, text)
    labels = (spec.template.get("metadata") or {}).get("labels") or {}
    for label, value in service.selector.items():
        if label != "rollouts-pod-template-hash" and labels.get(label) != value:
            text = f'Service "{name}" has unmatch label "{label}" in rollout'
            raise fields.Invalid(path, name, text)
