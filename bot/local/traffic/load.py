"""Requests at a constant rate through the proxy, and what came of each one.

Open loop: a slow answer does not slow the next request down. Counts are of what was seen on the
wire; nothing here knows what was asked for.
"""

import asyncio
import collections
import csv
import dataclasses
import time
from pathlib import Path

import aiohttp

from bot.local.traffic import jobs

RATE = 40.0
MAX_RATE = 500.0
TIMEOUT_S = 5.0
_IN_FLIGHT = 400
_ROWS = 200_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request: ``t`` is Unix time of its start; status 0 is no answer at all."""

    t: float
    status: int
    revision: str
    version: str
    ms: float


class Load:
    """``start`` it, or ask for a ``burst``; ``rows`` holds the last 200,000 requests."""

    def __init__(self, *, url: str, host: str, rate: float = RATE) -> None:
        if not 0 < rate <= MAX_RATE:
            raise ValueError(f"a rate between 0 and {MAX_RATE:.0f} requests a second, not {rate}")
        self.rows: collections.deque[Row] = collections.deque(maxlen=_ROWS)
        self.total = 0
        self.left_out = 0
        self._url, self._host, self._rate = url, host, rate
        self._jobs, self._flying = jobs.Jobs(), jobs.Jobs()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._jobs.start(self._loop(), name="load")

    async def stop(self) -> None:
        await self._jobs.stop()
        await self._flying.stop()
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def burst(
        self, *, count: int, workers: int = 16, headers: dict[str, str] | None = None
    ) -> list[Row]:
        """``count`` requests as fast as they are answered; they are in ``rows`` too."""
        left, rows = iter(range(count)), list[Row]()

        async def work() -> None:
            for _ in left:
                rows.append(await self._request(headers=headers))

        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
        return rows

    def window(self, *, since: float = 0.0) -> list[Row]:
        """The requests that started at ``since`` (Unix time) or later."""
        return [row for row in self.rows if row.t >= since]

    def counts(self, *, since: float = 0.0) -> dict[tuple[int, str, str], int]:
        """How many by (status, revision, version)."""
        rows = self.window(since=since)
        return dict(collections.Counter((r.status, r.revision, r.version) for r in rows))

    def seconds(self, *, since: float = 0.0) -> dict[tuple[int, int, str, str], int]:
        """How many by (Unix second, status, revision, version)."""
        rows = self.window(since=since)
        return dict(collections.Counter((int(r.t), r.status, r.revision, r.version) for r in rows))

    def share(
        self, *, since: float = 0.0, revision: str | None = None, version: str | None = None
    ) -> float | None:
        """The part that one revision (or image tag) answered; None when nothing answered."""
        rows = [row for row in self.window(since=since) if row.revision]
        if not rows:
            return None
        return sum(
            revision in (None, row.revision) and version in (None, row.version) for row in rows
        ) / len(rows)

    def error_share(self, *, since: float = 0.0, version: str | None = None) -> float | None:
        """The part that failed, no answer included; None when there was nothing."""
        rows = [r for r in self.window(since=since) if version in (None, r.version)]
        return sum(r.status == 0 or r.status >= 500 for r in rows) / len(rows) if rows else None

    def write_csv(self, path: Path) -> None:
        """``requests.csv``: t, status, revision, version, ms."""
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["t", "status", "revision", "version", "ms"])
            for row in sorted(self.rows, key=lambda row: row.t):
                values = (f"{row.t:.3f}", row.status, row.revision, row.version, f"{row.ms:.1f}")
                table.writerow(values)

    async def _loop(self) -> None:
        due = time.monotonic()
        while True:
            due += 1 / self._rate
            now = time.monotonic()
            if due < now - 1.0:
                due = now  # the machine stood still: no flood afterwards
            await asyncio.sleep(max(0.0, due - now))
            if len(self._flying) < _IN_FLIGHT:
                self._flying.start(self._request(), name="request")
            else:
                self.left_out += 1

    async def _request(self, *, headers: dict[str, str] | None = None) -> Row:
        at, started = time.time(), time.monotonic()
        status, revision, version = 0, "", ""
        try:
            async with self._client().get(self._url, headers=headers) as answer:
                await answer.read()
                status = answer.status
                revision = answer.headers.get("x-revision", "")
                version = answer.headers.get("x-version", "")
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass  # status 0 says it
        ms = (time.monotonic() - started) * 1000
        row = Row(t=at, status=status, revision=revision, version=version, ms=ms)
        self.rows.append(row)
        self.total += 1
        return row

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Host": self._host, "User-Agent": "rollout-bot-load"},
                connector=aiohttp.TCPConnector(limit=_IN_FLIGHT),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                trust_env=False,
            )
        return self._session
