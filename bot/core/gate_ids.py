"""The names of gates: what binds a click, an approval and a message to one of them (ruling 8)."""

import hashlib
from datetime import datetime

from bot.model import status as status_model

_LOCAL = "local-"


def gate_id(cluster: str, uid: str, revision: str, step: int | None, start: datetime) -> str:
    """The name of one gate: another revision, step or begin is another gate."""
    text = "|".join((cluster, uid, revision, str(step), start.strftime("%Y%m%d%H%M%S")))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def local(uid: str, status: status_model.Status) -> str:
    """The same gate for somebody who is within the cluster and may not know how it is called."""
    found = present_gate("", uid, status)
    return f"{_LOCAL}{found}" if found else ""


def known(gate: str, cluster: str, uid: str, status: status_model.Status) -> str:
    """The id that a request means, whichever of the two it bears."""
    if gate.startswith(_LOCAL) and gate == local(uid, status):
        return present_gate(cluster, uid, status)
    return gate


def present_gate(cluster: str, uid: str, status: status_model.Status) -> str:
    """The id of the gate that is open now, or an empty text."""
    if not status.pause_conditions:
        return ""
    start = status.pause_conditions[0].start
    return gate_id(cluster, uid, status.current_hash, status.step_index, start)
