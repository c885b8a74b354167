"""Whether what a Rollout names exists and fits (spec §4.5). The first problem wins."""

from bot.core import analysis_refs, fields, trials
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.model import world


def check(spec: spec_model.Spec, status: status_model.Status, seen: world.Seen) -> None:
    """Look at Services, analysis templates and routes, in Argo's order.

    Raises:
        errors.UserError: the sentence for InvalidSpec.
        errors.NotSupported: a template uses what this version does not run.

    """
    if spec.blue_green is not None:
        path, both = "spec.strategy.blueGreen", spec.blue_green
        _service(spec, seen, f"{path}.activeService", both.active_service)
        _service(spec, seen, f"{path}.previewService", both.preview_service)
    elif (turns := spec.canary.ping_pong) is not None:
        path = "spec.strategy.canary.pingPong"
        _service(spec, seen, f"{path}.pingService", turns.ping)
        _service(spec, seen, f"{path}.pongService", turns.pong)
    else:
        path = "spec.strategy.canary"
        _service(spec, seen, f"{path}.stableService", spec.canary.stable_service)
        _service(spec, seen, f"{path}.canaryService", spec.canary.canary_service)
    analysis_refs.check(spec, status, seen)
    trials.check(spec, status, seen)
    for view in seen.routes:
        if view.problem is not None:
            path, value, text = view.problem
            raise fields.Invalid(path, value, text)


def _service(spec: spec_model.Spec, seen: world.Seen, path: str, name: str) -> None:
    if not name:
        return
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
