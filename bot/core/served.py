"""How many requests the canary served, and failed: queries that somebody configured.

``{{hash}}`` and ``{{range}}`` stand for the canary's revision and the time that it had traffic.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

REQUESTS = "rollout-bot.io/requests-query"
FAILED = "rollout-bot.io/failed-query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """PromQL, each empty where nobody gave one."""

    requests: str = ""
    failed: str = ""


def queries(annotations: Mapping[str, str], default: Queries) -> Queries:
    """The annotations', else those of the settings."""
    return Queries(
        requests=annotations.get(REQUESTS) or default.requests,
        failed=annotations.get(FAILED) or default.failed,
    )


def filled(query: str, *, pod_hash: str, start: datetime, end: datetime) -> str:
    seconds = max(1, math.ceil((end - start).total_seconds()))
    return query.replace("{{hash}}", pod_hash).replace("{{range}}", f"{seconds}s")


def count(value: Any) -> int | None:
    """A query's answer as a number of requests; None where it is none."""
    one = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
    if isinstance(one, bool) or not isinstance(one, int | float):
        return None
    return round(one) if math.isfinite(one) and 0 <= one < 1e15 else None
