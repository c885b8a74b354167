"""Argo's notification annotations: which channel asked for which of its triggers.

``notifications.argoproj.io/subscribe.<trigger>.slack: channel[;channel]`` on a Rollout, as Argo's
own controller reads them. Its templates and other services are not known here.
"""

from collections.abc import Mapping

from bot.model import feed

_PREFIX = "notifications.argoproj.io/subscribe."
_SERVICE = ".slack"
CHANNELS_LIMIT = 10
TRIGGERS: Mapping[str, feed.Kind] = {
    "on-rollout-updated": feed.Kind.SHIPPED,
    "on-rollout-step-completed": feed.Kind.STEP_COMPLETED,
    "on-rollout-paused": feed.Kind.PAUSED,
    "on-rollout-aborted": feed.Kind.ROLLED_BACK,
    "on-rollout-completed": feed.Kind.DONE,
    "on-scaling-replica-set": feed.Kind.SCALED,
    "on-analysis-run-running": feed.Kind.ANALYSIS_RUNNING,
    "on-analysis-run-error": feed.Kind.ANALYSIS_ERROR,
    "on-analysis-run-failed": feed.Kind.ANALYSIS_FAILED,
}


def channels(annotations: Mapping[str, str], kind: feed.Kind) -> tuple[str, ...]:
    """The channels that want events of ``kind``, as they are written, each once."""
    found: dict[str, None] = {}
    for trigger, means in TRIGGERS.items():
        if means is kind:
            raw = annotations.get(f"{_PREFIX}{trigger}{_SERVICE}", "")
            for name in str(raw).split(";"):
                if plain := name.strip().lstrip("#")[:80]:
                    found[plain] = None
    return tuple(found)[:CHANNELS_LIMIT]


def any_of(annotations: Mapping[str, str]) -> bool:
    """Whether there is one at all."""
    return any(name.startswith(_PREFIX) and name.endswith(_SERVICE) for name in annotations)
