"""Slack's rate tiers as token buckets: a burst of one minute's worth, then the steady rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TIER_2, _TIER_3, _TIER_4 = 20, 50, 100
PER_MINUTE = {
    "apps.connections.open": _TIER_3,
    "chat.update": _TIER_3,
    "chat.delete": _TIER_3,
    "chat.postEphemeral": _TIER_4,
    "conversations.list": _TIER_2,
    "conversations.info": _TIER_3,
    "conversations.join": _TIER_3,
    "conversations.open": _TIER_3,
    "conversations.history": _TIER_3,
    "conversations.replies": _TIER_3,
    "conversations.members": _TIER_4,
    "users.info": _TIER_4,
    "users.list": _TIER_2,
    "users.lookupByEmail": _TIER_3,
    "usergroups.list": _TIER_2,
    "usergroups.users.list": _TIER_2,
    "views.open": _TIER_4,
    "views.push": _TIER_4,
    "views.update": _TIER_4,
    "views.publish": _TIER_4,
    "reactions.add": _TIER_3,
    "reactions.remove": _TIER_2,
    "reactions.get": _TIER_3,
    "files.getUploadURLExternal": _TIER_4,
    "files.completeUploadExternal": _TIER_4,
    "files.info": _TIER_4,
    "team.info": _TIER_3,
    "bots.info": _TIER_3,
}
POST_BURST = 10
"""chat.postMessage: about one a second and channel; Slack tolerates short bursts."""


class Tiers:
    """One bucket a method; `chat.postMessage` has one a channel."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def wait_s(self, *, method: str, channel: str) -> int:
        """Take one call; return 0, or after how many seconds to come again."""
        if method == "chat.postMessage":
            key, burst, rate = (method, channel), float(POST_BURST), 1.0
        elif method in PER_MINUTE:
            key, burst, rate = (method, ""), float(PER_MINUTE[method]), PER_MINUTE[method] / 60
        else:
            return 0
        now = self._clock()
        tokens, then = self._buckets.get(key, (burst, now))
        tokens = min(burst, tokens + (now - then) * rate)
        if len(self._buckets) > 1_000:
            self._buckets.clear()
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            return math.ceil((1 - tokens) / rate)
        self._buckets[key] = (tokens - 1, now)
        return 0
