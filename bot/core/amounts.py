"""Pods from counts and per cents: how Argo resolves maxSurge and maxUnavailable (spec §1.3)."""

import math
import re
from typing import Any

from bot.core import fields

_PERCENT = re.compile(r"(\d+)%?")


def pods(raw: Any, replicas: int, path: str, *, up: bool) -> int:
    """``raw`` (int, "25%" or "25", a text is always a per cent) of ``replicas``, in pods."""
    value = "25" if raw is None else raw
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise fields.Invalid(path, raw, "must be greater than or equal to 0")
        return value
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise fields.Invalid(path, raw, "must be a whole number or a percentage such as 25%")
    share = replicas * int(match[1])
    return -(-share // 100) if up else share // 100


def surge_and_unavailable(
    surge: Any, unavailable: Any, replicas: int, path: str
) -> tuple[int, int]:
    """Both limits in pods; where both come to 0, one pod may be unavailable."""
    up = pods(surge, replicas, f"{path}.maxSurge", up=True)
    down = min(pods(unavailable, replicas, f"{path}.maxUnavailable", up=False), replicas)
    if up == 0 and down == 0:
        down = 1
    return up, 0 if replicas == 0 else down


def share_of(weight: int, replicas: int, full: int) -> int:
    """The pods that ``weight`` of ``full`` parts of the traffic need, rounded up."""
    return math.ceil(weight * replicas / full)
