"""Phase and message of a rollout: the first row that holds (spec §4.1)."""

from bot.core import draft as draft_module
from bot.model import status

MANUALLY = "manually paused"
_DEGRADED = frozenset({"RolloutAborted", "ProgressDeadlineExceeded"})


def decide(d: draft_module.Draft) -> tuple[str, str]:
    """The phase and its message for the next status."""
    s, wanted = d.status, d.spec.replicas
    bad = next((c for c in s.conditions if c.reason in _DEGRADED), None)
    if bad is not None:
        return status.Phase.DEGRADED, f"{bad.reason}: {bad.message}"
    if d.spec.paused:
        return status.Phase.PAUSED, MANUALLY
    if s.pause_conditions:
        return status.Phase.PAUSED, str(s.pause_conditions[0].reason)
    if d.bitten is not None and not s.abort:
        return status.Phase.PAUSED, f"held: {d.bitten.sentence}"
    if d.spec.restart_at is not None and d.spec.restart_at != s.restarted_at:
        return status.Phase.PROGRESSING, "rollout is restarting"
    if s.updated_replicas < wanted:
        return status.Phase.PROGRESSING, "more replicas need to be updated"
    if s.available_replicas < s.updated_replicas:
        return status.Phase.PROGRESSING, "updated replicas are still becoming available"
    if d.spec.blue_green is not None:
        return _blue_green(d)
    if not d.spec.canary.routed and s.replicas > s.updated_replicas:
        return status.Phase.PROGRESSING, "old replicas are pending termination"
    if not s.stable_hash or s.stable_hash != s.current_hash:
        return status.Phase.PROGRESSING, "waiting for all steps to complete"
    return status.Phase.HEALTHY, ""


def _blue_green(d: draft_module.Draft) -> tuple[str, str]:
    """The rows that only a blue-green has."""
    s = d.status
    if s.active != s.current_hash:
        return status.Phase.PROGRESSING, "active service cutover pending"
    if s.stable_hash == s.current_hash:
        return status.Phase.HEALTHY, ""
    post = s.post_run
    running = post is None or post.status in {"", "Pending", "Running"}
    if d.spec.blue_green is not None and d.spec.blue_green.post is not None and running:
        return status.Phase.PROGRESSING, "waiting for analysis to complete"
    return status.Phase.PROGRESSING, "waiting for post-promotion verification to complete"
