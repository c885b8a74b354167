"""What becomes of the Deployment whose pods a first revision replaces (spec §2.21)."""

from bot.core import draft as draft_module
from bot.model import status as status_model


def replicas(d: draft_module.Draft) -> int | None:
    """The size that the Deployment should get now; None where it stays as it is.

    Only ever smaller, and only until the first revision is healthy: what somebody does with the
    Deployment later is theirs.
    """
    found, mode = d.seen.workload, d.spec.workload_scale_down
    if found is None or found.replicas is None or mode == "never":
        return None
    if d.family.new.revision != 1 or d.before.phase == status_model.Phase.HEALTHY:
        return None
    done = d.status.phase == status_model.Phase.HEALTHY
    wanted = found.replicas
    if done:
        wanted = 0
    elif mode == "progressively":
        wanted = max(0, d.spec.replicas - d.status.ready_replicas)
    return wanted if wanted < found.replicas else None
