"""How long a rollout's course took, how it ended, and how long people kept it waiting.

Read off two states of the raw object, as they follow one another.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.core import codec_status
from bot.core.series import raw
from bot.model import series

Object = Mapping[str, Any]


def duration_s(rollout: Object, now: datetime) -> float | None:
    """Seconds from the start of the newest revision to its end, or to now."""
    start, end = started(rollout), _end(rollout)
    return None if start is None else max(0.0, ((end or now) - start).total_seconds())


def started(rollout: Object) -> datetime | None:
    """When the newest revision began."""
    block = raw.mapping(rollout, "status", "rolloutBot")
    made = raw.mapping(rollout, "metadata").get("creationTimestamp")
    return codec_status.time(block.get("started")) or codec_status.time(made)


def _end(rollout: Object) -> datetime | None:
    status = raw.mapping(rollout, "status")
    if status.get("abort"):
        return codec_status.time(status.get("abortedAt"))
    if not _done(status):
        return None
    at = codec_status.time(raw.condition(status, "Completed").get("lastTransitionTime"))
    start = started(rollout)
    if at is not None and start is not None and at > start:
        return at
    # A first revision is complete from its first pass on; it takes until its pods are there.
    return codec_status.time(raw.condition(status, "Healthy").get("lastTransitionTime"))


def _done(status: Object) -> bool:
    """Whether the newest revision is the stable one, and all of it is there."""
    return all(
        raw.condition(status, kind).get("status") == "True" for kind in ("Completed", "Healthy")
    )


def ended(old: Object, new: Object, now: datetime) -> series.CourseEnd | None:
    """The end that lies between two states, if there is one.

    A finished rollout whose pods fail and come back ends again: the caller counts one only.
    """
    before, after = raw.mapping(old, "status"), raw.mapping(new, "status")
    if not before or _over(before):
        return None
    how = _how(before, after)
    seconds = duration_s(old, now)
    return None if not how or seconds is None else series.CourseEnd(how=how, seconds=seconds)


def _over(status: Object) -> bool:
    return bool(status.get("abort")) or _done(status)


def _how(before: Object, after: Object) -> str:
    if after.get("abort"):
        return "Aborted"
    if before.get("currentPodHash") != after.get("currentPodHash"):
        if not before.get("currentPodHash"):
            return ""
        back = after.get("currentPodHash") == before.get("stableRS")
        return "RolledBack" if back else "Superseded"
    if not _done(after):
        return ""
    return "FastPromoted" if before.get("promoteFull") else "Promoted"


def waiting_since(rollout: Object) -> datetime | None:
    """Since when nothing goes on until somebody says so; None where that is not so."""
    for pause in raw.items(raw.mapping(rollout, "status"), "pauseConditions"):
        reason = str(pause.get("reason", ""))
        endless = reason == "CanaryPauseStep" and _endless(rollout)
        manual = reason == "BlueGreenPause" and not _automatic(rollout)
        if endless or manual or reason.startswith("Inconclusive"):
            return codec_status.time(pause.get("startTime"))
    return None


def _endless(rollout: Object) -> bool:
    steps = raw.items(raw.mapping(rollout, "spec", "strategy", "canary"), "steps")
    index = raw.number(raw.mapping(rollout, "status"), "currentStepIndex")
    if not 0 <= index < len(steps):
        return False
    return "pause" in steps[index] and not raw.mapping(steps[index], "pause").get("duration")


def _automatic(rollout: Object) -> bool:
    chosen = raw.mapping(rollout, "spec", "strategy", "blueGreen")
    return chosen.get("autoPromotionEnabled") is not False or bool(
        chosen.get("autoPromotionSeconds")
    )
