"""PagerDuty, Events API v2: an incident for a rollback, resolved once it is over."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.adapters import outward
from bot.model import feed, ports
from bot.render import feed as wording

_WANTED = frozenset({feed.Kind.ROLLED_BACK, feed.Kind.RECOVERED})
_SUMMARY_LIMIT = 1_000  # of 1,024


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pager:
    """Implements ``feed.Outlet``. ``severity`` is that of a rollback that is safe already.

    While users are still on the revision it is ``critical``; by a person it is ``warning``.
    """

    url: str
    routing_key: str
    severity: str = "error"
    name: str = "pager"
    timeout_s: float = 15.0

    def follows(self, rollout: ports.Object) -> bool:
        del rollout
        return True

    def targets(self, event: feed.Event, rollout: ports.Object) -> tuple[str, ...]:
        del rollout
        return ("",) if event.kind in _WANTED else ()

    def due(self, event: feed.Event, target: str, now: datetime) -> datetime:
        del event, target
        return now

    async def deliver(self, events: tuple[feed.Event, ...], target: str) -> None:
        del target
        for event in events:
            body = json.dumps(self._body(event)).encode()
            await outward.post(self.url, body=body, headers={})

    def _body(self, event: feed.Event) -> dict[str, Any]:
        shared = {
            "routing_key": self.routing_key,
            "dedup_key": event.key[:255],
            "event_action": "resolve" if event.kind is feed.Kind.RECOVERED else "trigger",
        }
        if event.kind is feed.Kind.RECOVERED:
            return shared
        details = wording.body(event)
        return shared | {
            "payload": {
                "summary": wording.sentence(event)[:_SUMMARY_LIMIT],
                "source": event.rollout.cluster,
                "severity": self._severity(event),
                "timestamp": details["at"],
                "component": event.rollout.name,
                "group": event.rollout.namespace,
                "class": str(event.kind),
                "custom_details": details,
            },
            "client": "rollout-bot",
        }

    def _severity(self, event: feed.Event) -> str:
        if not event.safe and event.weight:
            return "critical"
        return "warning" if event.by is not None else self.severity
