"""``status.duration`` ↔ its typed form (spec §2.22); seconds are whole, as Argo's are."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.model import status


def decode(raw: Any, time: Callable[[Any], datetime | None]) -> status.Duration | None:
    """None where there is none, or none that says when it began."""
    got = raw if isinstance(raw, Mapping) else {}
    started, waited = time(got.get("rolloutStartedAt")), got.get("totalManualPauseDurationSeconds")
    if started is None:
        return None
    how = got.get("completionStatus")
    return status.Duration(
        started=started,
        waiting_since=time(got.get("manualPauseStartedAt")),
        waited_s=waited if isinstance(waited, int) and not isinstance(waited, bool) else 0,
        finished=time(got.get("finishedAt")),
        how=how if isinstance(how, str) else "",
    )


def encode(value: status.Duration, stamp: Callable[[datetime], str]) -> dict[str, Any]:
    """What is empty is absent."""
    found = {
        "rolloutStartedAt": stamp(value.started),
        "manualPauseStartedAt": stamp(value.waiting_since) if value.waiting_since else None,
        "totalManualPauseDurationSeconds": value.waited_s or None,
        "finishedAt": stamp(value.finished) if value.finished else None,
        "completionStatus": value.how or None,
    }
    return {key: entry for key, entry in found.items() if entry is not None}
