"""Signed webhooks: each event as JSON to an address of the settings (``docs/webhooks.md``)."""

import fnmatch
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.adapters import outward
from bot.model import feed, ports
from bot.render import feed as wording

SIGNATURE = "X-Rollout-Bot-Signature"
TIMESTAMP = "X-Rollout-Bot-Timestamp"
ID = "X-Rollout-Bot-Id"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """``v1=`` and the HMAC-SHA256 of the timestamp, a dot and the body, in hex."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Webhook:
    """Implements ``feed.Outlet``. ``namespaces`` are globs; empty: all of them."""

    url: str
    secret: str
    on: frozenset[feed.Kind]
    namespaces: tuple[str, ...] = ()
    seconds: Callable[[], float] = time.time
    timeout_s: float = 15.0

    @property
    def name(self) -> str:
        """By the address, so that another order of the settings repeats nothing."""
        return f"hook-{hashlib.sha256(self.url.encode()).hexdigest()[:8]}"

    def follows(self, rollout: ports.Object) -> bool:
        namespace = str(rollout["metadata"].get("namespace", ""))
        return not self.namespaces or any(
            fnmatch.fnmatchcase(namespace, glob) for glob in self.namespaces
        )

    def targets(self, event: feed.Event, rollout: ports.Object) -> tuple[str, ...]:
        return ("",) if event.kind in self.on and self.follows(rollout) else ()

    def due(self, event: feed.Event, target: str, now: datetime) -> datetime:
        del event, target
        return now

    async def deliver(self, events: tuple[feed.Event, ...], target: str) -> None:
        del target
        for event in events:
            body = json.dumps(wording.body(event), separators=(",", ":")).encode()
            timestamp = str(int(self.seconds()))
            headers = {
                TIMESTAMP: timestamp,
                ID: wording.event_id(event),
                SIGNATURE: signature(self.secret, timestamp, body),
            }
            await outward.post(self.url, body=body, headers=headers)
