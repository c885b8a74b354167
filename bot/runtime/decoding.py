"""A Rollout as its objects have it → the spec that the core works on, or what is wrong with it."""

from collections.abc import Mapping
from dataclasses import replace

from bot.core import codec_spec, revisions
from bot.model import errors, ports
from bot.model import spec as spec_model
from bot.model import status as status_model
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


def despite(
    rollout: ports.Object, reader: worlds.Reader, status: status_model.Status
) -> spec_model.Spec | errors.UserError:
    """As ``decoded``, but an abort does not wait for a workload that cannot be read.

    Raises:
        errors.Unavailable: nobody asks for an abort, so the pass can be made later.

    """
    try:
        return decoded(rollout, reader)
    except errors.Unavailable as problem:
        asked = any(intent.kind == "abort" for intent in status.bot.intents)
        if not (asked or status.abort):
            raise
        sentence = f"{workloads.PATH}: {problem}"
        return errors.UserError(sentence, path=workloads.PATH)


def salvaged(
    rollout: ports.Object, reader: worlds.Reader, problem: errors.UserError
) -> spec_model.Spec | errors.UserError:
    """An abort must reach the route although somebody has broken the manifest meanwhile.

    Where a router's settings are what is broken, the Services' selectors still take the traffic
    back: the canary's Service then leads to the stable's pods.
    """
    found = codec_spec.salvaged(_last_known(rollout, reader.caches), problem)
    if found is None or not reader.supported(rollout, found):
        return found or problem
    canary = found.canary
    if not (canary.canary_service and canary.stable_service):
        return problem
    return replace(found, canary=replace(canary, routers=()))


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
