"""The fault switches: what goes wrong on purpose, and for how many calls. No HTTP here."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from bot.local.workspace.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOW_LIMIT_S = 120.0
_FOREVER = 1_000_000_000
_DOWN = ("", "503", "hang", "reset")


@dataclasses.dataclass(slots=True, kw_only=True)
class _Limited:
    """A fault for the next `left` calls of some methods (none named: of all)."""

    left: int = 0
    methods: tuple[str, ...] = ()

    def takes(self, method: str) -> bool:
        if self.left < 1 or (self.methods and method not in self.methods):
            return False
        self.left -= 1
        return True


class Faults:
    """What the switches say now.

    down         "503", "hang" or "reset"; true means "503"; sockets are cut and refused
    slow         seconds every call waits first
    rate_limit   Retry-After seconds, or {retry_after, times, methods}; 0 or false ends it
    drop         how many calls lose their answer: true, a count, or {times, methods, when};
                 when: "after" the work is done (default), or "before"
    lose         like drop, but answered ok:true with nothing done
    refuse       {error, methods, times, ts}: such calls (of the message ts alone) fail so
    duplicate    how many envelopes are delivered twice
    tiers        false switches Slack's ordinary rate tiers off
    """

    def __init__(self, *, tiers: bool = True) -> None:
        self.down = ""
        self.slow_s = 0.0
        self.retry_after_s = 0
        self.rate_limited = _Limited()
        self.dropped = _Limited()
        self.drop_when = "after"
        self.lost = _Limited()
        self.duplicated = _Limited()
        self.refused = _Limited()
        self.refused_as = ""
        self.refused_ts = ""
        self.tiers = tiers

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Turn switches; one that is not named stays as it is."""
        unknown = set(wanted) - set(_SWITCHES)
        if unknown:
            raise RefusedError("invalid_arguments", f"unknown fault: {min(unknown)}")
        try:
            for key, value in wanted.items():
                _SWITCHES[key](self, value)
        except (TypeError, ValueError) as error:
            raise RefusedError("invalid_arguments", str(error)) from None

    def shown(self) -> dict[str, Any]:
        return {
            "down": self.down,
            "slow": self.slow_s,
            "rate_limit": self.retry_after_s if self.rate_limited.left else 0,
            "drop": self.dropped.left,
            "lose": self.lost.left,
            "duplicate": self.duplicated.left,
            "refuse": self.refused_as if self.refused.left else "",
            "tiers": self.tiers,
        }

    def set_down(self, value: Any) -> None:
        mode = {True: "503", False: "", None: ""}.get(value, value)
        if mode not in _DOWN:
            raise ValueError("down is true, false, 503, hang or reset")
        self.down = str(mode)

    def set_slow(self, value: Any) -> None:
        self.slow_s = min(max(float(value or 0), 0.0), SLOW_LIMIT_S)

    def set_rate_limit(self, value: Any) -> None:
        seconds = value.get("retry_after", 1) if isinstance(value, dict) else value
        self.retry_after_s = int(seconds or 0)
        endless = value if isinstance(value, dict) else bool(value)
        self.rate_limited = _limited(endless if self.retry_after_s else 0)

    def set_drop(self, value: Any) -> None:
        when = value.get("when", "after") if isinstance(value, dict) else "after"
        if when not in {"after", "before"}:
            raise ValueError("drop.when is after or before")
        self.drop_when = when
        self.dropped = _limited(value)

    def set_lose(self, value: Any) -> None:
        self.lost = _limited(value)

    def set_refuse(self, value: Any) -> None:
        wanted = value if isinstance(value, dict) else {}
        if value and not wanted.get("error"):
            raise ValueError("refuse names an error of Slack's")
        self.refused_as, self.refused_ts = str(wanted.get("error", "")), str(wanted.get("ts", ""))
        self.refused = _limited(value or 0)

    def refuse(self, method: str, raw: Mapping[str, Any]) -> None:
        """Raise what Slack would answer to this call, where the switch says so."""
        if self.refused_ts and self.refused_ts != raw.get("ts"):
            return
        if self.refused.takes(method):
            raise RefusedError(self.refused_as)

    def set_duplicate(self, value: Any) -> None:
        self.duplicated = _limited(value)

    def set_tiers(self, value: Any) -> None:
        self.tiers = bool(value)


_SWITCHES = {
    "down": Faults.set_down,
    "slow": Faults.set_slow,
    "rate_limit": Faults.set_rate_limit,
    "drop": Faults.set_drop,
    "lose": Faults.set_lose,
    "refuse": Faults.set_refuse,
    "duplicate": Faults.set_duplicate,
    "tiers": Faults.set_tiers,
}


def _limited(value: Any) -> _Limited:
    """Read true (until switched off), a count, or {times, methods}."""
    if isinstance(value, dict):
        times = value.get("times")
        left = _FOREVER if times is None else int(times)
        return _Limited(left=left, methods=tuple(str(m) for m in value.get("methods", ())))
    if isinstance(value, bool):
        return _Limited(left=_FOREVER if value else 0)
    return _Limited(left=int(value or 0))
