"""Who leads: one lease, held by one process at a time.

Belongs here: taking, renewing, losing, releasing. Does not belong here: what leading means.

The lease is Argo's own, so that neither controller can lead beside the other. Times are compared
on our monotonic clock only: a holder is alive while its record keeps changing, whatever its
clock says. We stop before the lease that others saw can run out: the renew deadline counts from
the *sending* of the last renewal that succeeded.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from bot.model import errors, ports

log = logging.getLogger(__name__)
_uniform = random.SystemRandom().uniform

NAME = "argo-rollouts-controller-lock"
JITTER = 1.2
RELEASE_TIMEOUT_S = 3.0
STOP_REMINDER_S = 1.0

Lead = Callable[[], Awaitable[None]]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The record as it was last read, and when it last changed by our clock."""

    version: str
    spec: dict[str, Any]
    changed_at: float


class _Work:
    """The leading itself: how it ended, if it did."""

    def __init__(self, lead: Lead) -> None:
        self._lead = lead
        self.ended = asyncio.Event()
        self.failure: Exception | None = None

    async def run(self) -> None:
        try:
            await self._lead()
        except Exception as error:  # noqa: BLE001 - raised again by the elector, bare
            self.failure = error
        finally:
            self.ended.set()


class Lease:
    """One candidate. ``identity`` must be unique to the process, not to the machine."""

    def __init__(
        self,
        *,
        api: ports.Api,
        namespace: str,
        identity: str,
        clock: ports.Clock,
        name: str = NAME,
        duration_s: int = 15,
        renew_deadline_s: float = 10.0,
        retry_s: float = 2.0,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        uniform: Callable[[float, float], float] = _uniform,
    ) -> None:
        if not 0 < retry_s * JITTER < renew_deadline_s < duration_s:
            raise errors.UserError("retry < renew deadline < duration must hold", path="lease")
        self.holder = ""
        self._ref = ports.Ref(kind=ports.LEASE, namespace=namespace, name=name)
        self._api = api
        self._identity = identity
        self._clock = clock
        self._duration_s = duration_s
        self._renew_deadline_s = renew_deadline_s
        self._retry_s = retry_s
        self._monotonic = monotonic
        self._sleep = sleep
        self._uniform = uniform
        self._seen: _Seen | None = None
        self._renewed_at: float | None = None
        self._problem = ""

    @property
    def leading(self) -> bool:
        """True while nobody else may lead; false by itself when a stopped process wakes late."""
        renewed = self._renewed_at
        return renewed is not None and self._monotonic() - renewed < self._duration_s

    async def run(self, lead: Lead) -> None:
        """Run ``lead()`` whenever we lead; cancel it when the lease is lost and apply again.

        Returns when ``lead()`` returns, raises what it raises. The lease is released whenever
        the work has stopped while we still hold it, also on cancellation.
        """
        while True:
            await self._acquire()
            log.info("leading as %s", self._identity)
            work = _Work(lead)
            try:
                async with asyncio.TaskGroup() as group:
                    task = group.create_task(work.run(), name="leading")
                    await self._hold(work)
                    lost, self._renewed_at = not work.ended.is_set(), None
                    await _stopped(task, work)
            finally:
                await self._release()
            if work.failure is not None:
                raise work.failure
            if not lost:
                return
            log.warning("the lease is lost; applying for it again")

    async def _acquire(self) -> None:
        while not await self._attempt(within_s=self._renew_deadline_s):
            await self._sleep(self._retry_s * self._uniform(1.0, JITTER))

    async def _hold(self, work: _Work) -> None:
        """Renew until the work ends by itself or the renew deadline passes."""
        while not work.ended.is_set():
            await self._pause(work, min(self._retry_s, self._left()))
            if (left := self._left()) <= 0:
                return
            if work.ended.is_set() or await self._attempt(within_s=left):
                continue
            if self._left() <= 0 or self.holder not in {"", self._identity}:
                return

    async def _pause(self, work: _Work, seconds: float) -> None:
        """Sleep, or return early because the work has ended."""
        async with asyncio.TaskGroup() as group:
            ended = group.create_task(work.ended.wait(), name="work ended")
            nap = group.create_task(_nap(self._sleep, seconds), name="renewal pause")
            await asyncio.wait({ended, nap}, return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            nap.cancel()

    def _left(self) -> float:
        if self._renewed_at is None:
            return 0.0
        return self._renewed_at + self._renew_deadline_s - self._monotonic()

    async def _attempt(self, *, within_s: float) -> bool:
        """Take or renew the lease; whatever goes wrong is a failed attempt."""
        sent_at = self._monotonic()
        try:
            async with asyncio.timeout(within_s):
                held = await self._take()
        except Exception as error:  # noqa: BLE001 - nothing may end the election
            self._report(f"{type(error).__name__}: {error}")
            return False
        if held:
            self._renewed_at = sent_at
            self._report("")
        return held

    def _report(self, problem: str) -> None:
        if problem and problem != self._problem:
            log.warning("lease %s/%s: %s", self._ref.namespace, self._ref.name, problem)
        self._problem = problem

    async def _take(self) -> bool:
        try:
            lease = await self._api.get(self._ref, urgent=True)
        except errors.NotFound:
            if self._held_by_another():  # somebody deleted it under a leader at work
                return False
            self._note(await self._api.write(self._creation()))
            return True
        seen = self._note(lease)
        if self._held_by_another():
            return False
        patch = {
            "metadata": {"resourceVersion": seen.version},
            "spec": self._record(before=seen.spec),
        }
        write = ports.Write(
            verb=ports.Verb.PATCH, ref=self._ref, body=patch, urgent=True, because="lease"
        )
        self._note(await self._api.write(write))
        return True

    def _note(self, lease: ports.Object) -> _Seen:
        """Remember the record; its age counts from the moment we first saw this version."""
        version, spec = str(lease["metadata"]["resourceVersion"]), lease.get("spec") or {}
        if self._seen is None or self._seen.version != version:
            self._seen = _Seen(version=version, spec=spec, changed_at=self._monotonic())
        holder = str(spec.get("holderIdentity") or "")
        if holder != self.holder:
            log.info("lease holder is now %s", holder or "nobody")
        self.holder = holder
        return self._seen

    def _held_by_another(self) -> bool:
        if self._seen is None or self.holder in {"", self._identity}:
            return False
        promised = self._seen.spec.get("leaseDurationSeconds") or self._duration_s
        return bool(self._monotonic() - self._seen.changed_at < promised)

    def _record(self, *, before: dict[str, Any]) -> dict[str, Any]:
        now = self._now()
        record = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": self._duration_s,
            "renewTime": now,
        }
        if before.get("holderIdentity") != self._identity:
            record["acquireTime"] = now
            record["leaseTransitions"] = int(before.get("leaseTransitions") or 0) + 1
        return record

    def _creation(self) -> ports.Write:
        record = {**self._record(before={}), "leaseTransitions": 0}
        metadata = {"name": self._ref.name, "namespace": self._ref.namespace}
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": record,
        }
        return ports.Write(verb=ports.Verb.CREATE, ref=self._ref, body=body, urgent=True)

    def _now(self) -> str:
        return self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    async def _release(self) -> None:
        """Give the lease back, so that a successor need not wait for its end."""
        seen, self._renewed_at = self._seen, None
        if seen is None or self.holder != self._identity:
            return
        now = self._now()
        spec = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": now}
        body = {"metadata": {"resourceVersion": seen.version}, "spec": spec}
        write = ports.Write(verb=ports.Verb.PATCH, ref=self._ref, body=body, urgent=True)
        try:
            async with asyncio.timeout(RELEASE_TIMEOUT_S):
                self._note(await self._api.write(write))
        except Exception as error:  # noqa: BLE001 - it runs out by itself
            log.warning("the lease was not released: %s", error)


async def _nap(sleep: Sleep, seconds: float) -> None:
    await sleep(seconds)


async def _stopped(task: asyncio.Task[None], work: _Work) -> None:
    """Cancel the work and insist: nothing may go on beside a new leader."""
    while not task.done() and not work.ended.is_set():
        task.cancel()
        _, pending = await asyncio.wait({task}, timeout=STOP_REMINDER_S)
        if pending:
            log.error("the work of the leader does not stop; canceling it again")
