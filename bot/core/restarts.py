"""``spec.restartAt``: pods older than that instant are evicted, a few at a time (spec §2.15)."""

from datetime import datetime, timedelta

from bot.core import draft as draft_module
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.model import world

AGAIN = timedelta(seconds=30)


def due(spec: spec_model.Spec, status: status_model.Status, now: datetime) -> bool:
    """Whether a restart was asked for that is not finished."""
    wanted = spec.restart_at
    return wanted is not None and wanted <= now and wanted != status.restarted_at


def plan(d: draft_module.Draft) -> tuple[str, ...]:
    """The pods to evict now; notes the restart as done once no old pod is left."""
    wanted = d.spec.restart_at
    if wanted is None or wanted == d.status.restarted_at:
        return ()
    if wanted > d.now:
        d.wake(wanted)
        return ()
    if d.seen.pods is None or d.status.abort:
        d.wake(d.now + AGAIN)
        return ()
    old = [pod for pod in _in_order(d) if pod.created < wanted]
    if not old:
        d.set(restarted_at=wanted)
        d.because("restarted", "no pod is older than the restart that was asked for")
        return ()
    asked = sum(rs.replicas for rs in d.family.all)
    have = sum(rs.available for rs in d.family.all)
    free = max(0, have - (max(d.spec.replicas, asked) - max(_unavailable(d), 1)))
    chosen = tuple(pod.name for pod in old[:free] if not pod.deleting)
    d.because("restart", f"{len(old)} pods are older than the restart, {len(chosen)} go now")
    d.wake(d.now + AGAIN)
    return chosen


def _unavailable(d: draft_module.Draft) -> int:
    if d.spec.blue_green is not None:
        return d.spec.blue_green.max_unavailable
    return d.spec.canary.max_unavailable


def _in_order(d: draft_module.Draft) -> list[world.Pod]:
    """Pods of the stable first, then of the new revision, then of the others, oldest first."""
    stable = d.family.stable
    others = sorted(d.family.retired, key=lambda rs: rs.created)
    order = [*([stable] if stable is not None else []), d.family.new, *others]
    rank = {rs.hash: at for at, rs in reversed(list(enumerate(order)))}
    pods = [pod for pod in d.seen.pods or () if pod.hash in rank]
    return sorted(pods, key=lambda pod: (rank[pod.hash], pod.created, pod.name))
