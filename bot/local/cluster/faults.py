"""Refusals on order: so that tests and people can see what the bot does about them."""

import asyncio
import fnmatch
from dataclasses import dataclass, field
from typing import Any

from bot.local.cluster import refusals

MOST = 100


@dataclass(slots=True, kw_only=True)
class Fault:
    """``answer`` is a code, ``hang`` or ``cut``; ``left`` how often it still happens."""

    verb: str = "*"
    resource: str = "*"
    answer: str = "500"
    left: int = 1
    retry_after_s: int = 1


@dataclass(slots=True)
class Faults:
    """The faults that are in force."""

    active: list[Fault] = field(default_factory=list)

    def order(self, raw: dict[str, Any]) -> None:
        """Take one order: ``{verb, resource, answer, times, retry_after_s}``."""
        if len(self.active) >= MOST:
            raise refusals.bad("too many faults are in force")
        self.active.append(
            Fault(
                verb=str(raw.get("verb", "*")),
                resource=str(raw.get("resource", "*")),
                answer=str(raw.get("answer", "500")),
                left=int(raw.get("times", 1)),
                retry_after_s=int(raw.get("retry_after_s", 1)),
            )
        )

    async def strike(self, verb: str, resource: str) -> None:
        """Refuse, hang or cut this request if an order says so."""
        for fault in self.active:
            if fnmatch.fnmatch(verb, fault.verb) and fnmatch.fnmatch(resource, fault.resource):
                fault.left -= 1
                if fault.left <= 0:
                    self.active.remove(fault)
                await _happen(fault)
                return


async def _happen(fault: Fault) -> None:
    if fault.answer == "hang":
        await asyncio.sleep(3600)
    if fault.answer == "cut":
        raise ConnectionResetError("cut on order")
    code = int(fault.answer)
    reason = {409: "Conflict", 429: "TooManyRequests", 403: "Forbidden"}.get(code, "InternalError")
    details = {"retryAfterSeconds": fault.retry_after_s} if code == 429 else {}
    raise refusals.Refusal(code, reason, f"fault on order: {code}", **details)
