"""Wake-ups at an instant, by APScheduler. Implements ``ports.Timers``.

Belongs here: the scheduler and its pitfalls. Does not belong here: what waking means; a timer is
a hint, recomputed from the status at start, so it lives in memory only.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from apscheduler import events
from apscheduler.schedulers import asyncio as schedulers

log = logging.getLogger(__name__)


class Timers:
    """One date job a key; ``woken(key)`` is called on the loop once its instant has passed.

    ``start()`` needs the running loop. What is set before the start fires after it.
    """

    def __init__(self, *, woken: Callable[[str], None]) -> None:
        self._woken = woken
        self._instants: dict[str, datetime] = {}
        self._scheduler = schedulers.AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_listener(
            self._skipped, events.EVENT_JOB_MAX_INSTANCES | events.EVENT_JOB_MISSED
        )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._instants.clear()

    def set(self, key: str, at: datetime) -> None:
        """Wake the key at ``at`` (aware), instead of at any instant set before."""
        if at.tzinfo is None:
            raise ValueError(f"timer {key}: {at} names no time zone")
        if self._instants.get(key) == at:
            return  # replacing a job costs twice what adding one does
        self._instants[key] = at
        self._scheduler.add_job(
            self._fire,
            "date",
            run_date=at,
            args=(key, at),
            id=key,
            # The default, one second, would drop the wake-up of a loop that was busy.
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
            replace_existing=True,
        )

    def cancel(self, key: str) -> None:
        """Forget the key's timer; nothing happens when it has none."""
        if self._instants.pop(key, None) is not None and self._scheduler.get_job(key) is not None:
            self._scheduler.remove_job(key)

    async def _fire(self, key: str, at: datetime) -> None:
        """Run on the loop because it is a coroutine function; a plain one would get a thread."""
        self._done(key, at)

    def _skipped(self, event: Any) -> None:
        """Wake the key of a job that was dropped: a spare pass is cheap, a lost one hangs."""
        if (at := self._instants.get(event.job_id)) is not None:
            self._done(event.job_id, at)

    def _done(self, key: str, at: datetime) -> None:
        if self._instants.get(key) == at:
            del self._instants[key]
        try:
            self._woken(key)
        except Exception:  # APScheduler would only drop the job
            log.exception("waking %s failed", key)
