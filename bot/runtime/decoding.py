"""A Rollout as its objects have it → the spec that the core works on, or what is wrong with it."""

from collections.abc import Mapping

from bot.core import codec_spec, revisions
from bot.model import errors, ports
from bot.model import spec as spec_model
from bot.runtime import workloads
from bot.runtime import world as worlds


def decoded(rollout: ports.Object, reader: worlds.Reader) -> spec_model.Spec | errors.UserError:
    """The spec, or the mistake that InvalidSpec names.

    Raises:
        errors.Unavailable: the workload that it refers to is only just being read.

    """
    try:
        spec = codec_spec.decode(workloads.resolved(rollout, reader.caches.workloads))
    except errors.UserError as problem:
        return problem
    return reader.supported(rollout, spec) or spec


def salvaged(
    rollout: ports.Object, reader: worlds.Reader, problem: errors.UserError
) -> spec_model.Spec | errors.UserError:
    """An abort must reach the route although somebody has broken the manifest meanwhile."""
    found = codec_spec.salvaged(_last_known(rollout, reader.caches), problem)
    return problem if found is None or reader.supported(rollout, found) else found


def _last_known(rollout: ports.Object, caches: worlds.Caches) -> ports.Object:
    """``rollout`` with the template that is in flight: its workload may be gone."""
    spec, status = rollout.get("spec"), rollout.get("status")
    if not isinstance(spec, Mapping) or spec.get("workloadRef") is None or spec.get("template"):
        return rollout
    current = status.get("currentPodHash") if isinstance(status, Mapping) else None
    for obj in caches.replica_sets.owned_by(rollout["metadata"]["uid"]):
        rs = worlds.replica_set(obj)
        if rs.hash == current:
            template = revisions.bare(rs)
            labels = (template.get("metadata") or {}).get("labels") or {}
            return workloads.filled(rollout, template, {"matchLabels": labels})
    return rollout
