"""core/v1 Events: what kubectl describe shows. Never on the path of control.

Belongs here: the queue, the senders, counting repeats. Does not belong here: what is worth an
Event.

An Event that cannot be written is lost with a log line: it is news, not memory.
"""

import asyncio
import collections
import contextlib
import logging
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.adapters.kubernetes import limits
from bot.model import errors, ports

log = logging.getLogger(__name__)

COMPONENT = "rollouts-controller"
SENDERS = 4
QUEUE_LIMIT = 512
REPEATS_KEPT = 4_096
MESSAGE_LIMIT = 1_024
NAME_LIMIT = 253
ATTEMPTS = 3
LONGEST_WAIT_S = 5.0
RATE = 10.0
BURST = 100
"""Events a second, and at once. A fleet that moves would else write more news than state."""
SAY_AGAIN_S = 60.0
TOLD = frozenset({"RolloutUpdated", "RolloutCompleted"})
"""Always written, as every Warning is; the rest says what the status says in other words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """One Event to write."""

    subject: ports.Object
    name: str
    type: str
    reason: str
    message: str
    at: datetime

    @property
    def same(self) -> tuple[str, ...]:
        """What makes it a repeat of another one."""
        return (_identity(self.subject), self.type, self.reason, self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    name: str
    count: int


def _identity(subject: ports.Object) -> str:
    metadata = subject["metadata"]
    return str(
        metadata.get("uid")
        or f"{subject.get('kind')}/{metadata.get('namespace')}/{metadata.get('name')}"
    )


class _Lane:
    """The queue of one sender: what concerns one object stays in one lane, so in order."""

    def __init__(self) -> None:
        self.posts: collections.deque[_Post] = collections.deque()
        self.filled = asyncio.Event()
        self.empty = asyncio.Event()
        self.empty.set()
        self.dropping = False

    def put(self, post: _Post) -> None:
        if len(self.posts) >= QUEUE_LIMIT:
            self.posts.popleft()
            if not self.dropping:
                self.dropping = True
                log.warning("too many Events are waiting: the oldest are dropped")
        self.posts.append(post)
        self.filled.set()
        self.empty.clear()

    async def next(self) -> _Post:
        await self.filled.wait()
        return self.posts.popleft()

    def done(self) -> None:
        if not self.posts:
            self.filled.clear()
            self.empty.set()
            self.dropping = False


class EventWriter:
    """Takes Events without waiting and writes them while ``run()`` runs."""

    def __init__(self, *, api: ports.Api, clock: ports.Clock, component: str = COMPONENT) -> None:
        self._api = api
        self._clock = clock
        self._component = component
        self._lanes = tuple(_Lane() for _ in range(SENDERS))
        self._written: collections.OrderedDict[tuple[str, ...], _Written] = (
            collections.OrderedDict()
        )
        self._last_stamp = 0
        self._allowance = limits.Allowance(rate=RATE, burst=BURST)
        self._said_at = -SAY_AGAIN_S

    def post(
        self,
        *,
        obj: ports.Object,
        type: str,  # noqa: A002 - the field's own name
        reason: str,
        message: str,
    ) -> None:
        """Queue an Event about ``obj``; never waits, never raises for a full queue.

        ``type`` is Normal or Warning.
        """
        if self._shed(type, reason):
            return
        subject, at = _reference(obj), self._clock().astimezone(UTC)
        post = _Post(
            subject=subject,
            name=self._name(subject, at),
            type=type,
            reason=reason,
            message=_shortened(message),
            at=at,
        )
        lane = zlib.crc32(_identity(post.subject).encode()) % len(self._lanes)
        self._lanes[lane].put(post)

    def _shed(self, type: str, reason: str) -> bool:  # noqa: A002
        """Whether so much is told at present that this one is left out."""
        now = self._clock().timestamp()
        if self._allowance.take(now) or type != "Normal" or reason in TOLD:
            return False
        if now - self._said_at >= SAY_AGAIN_S:
            self._said_at = now
            log.warning("more than %g Events a second: lesser ones are left out", RATE)
        return True

    async def run(self) -> None:
        """Write what is posted until canceled."""
        async with asyncio.TaskGroup() as group:
            for number, lane in enumerate(self._lanes):
                group.create_task(self._send_all(lane), name=f"event sender {number}")

    async def flush(self, timeout_s: float) -> bool:
        """Wait until everything is written; false if time ran out first."""
        try:
            async with asyncio.timeout(timeout_s):
                for lane in self._lanes:
                    await lane.empty.wait()
        except TimeoutError:
            return False
        return True

    async def _send_all(self, lane: _Lane) -> None:
        while True:
            post = await lane.next()
            try:
                await self._send(post)
            except errors.RolloutBotError as error:
                log.warning("Event %s was not written: %s", post.reason, error)
            except Exception:  # a bug here must not silence every later Event
                log.exception("Event %s was not written", post.reason)
            finally:
                lane.done()

    async def _send(self, post: _Post) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._write(post)
            except errors.Unavailable as error:
                if attempt == ATTEMPTS:
                    raise
                wait_s = error.retry_after_s if error.retry_after_s is not None else attempt
                await asyncio.sleep(min(wait_s, LONGEST_WAIT_S))
            else:
                return

    async def _write(self, post: _Post) -> None:
        """Count a repeat on the Event that is there, else create one."""
        before = self._written.get(post.same)
        if before is not None and await self._counted(post, before):
            return
        # An earlier attempt may have arrived though its answer did not.
        with contextlib.suppress(errors.AlreadyExists):
            await self._api.write(
                ports.Write(
                    verb=ports.Verb.CREATE,
                    ref=_ref(post, post.name),
                    body=self._body(post),
                    because="event",
                )
            )
        self._remember(post, _Written(name=post.name, count=1))

    async def _counted(self, post: _Post, before: _Written) -> bool:
        now = replace(before, count=before.count + 1)
        patch = {"count": now.count, "lastTimestamp": _stamp(post.at)}
        try:
            await self._api.write(
                ports.Write(
                    verb=ports.Verb.PATCH,
                    ref=_ref(post, before.name),
                    body=patch,
                    because="event",
                )
            )
        except errors.NotFound:  # the server keeps Events for an hour
            return False
        self._remember(post, now)
        return True

    def _remember(self, post: _Post, written: _Written) -> None:
        self._written[post.same] = written
        self._written.move_to_end(post.same)
        if len(self._written) > REPEATS_KEPT:
            self._written.popitem(last=False)

    def _name(self, subject: ports.Object, at: datetime) -> str:
        """Return ``<object>.<nanoseconds in hex>``, never the same twice."""
        self._last_stamp = max(self._last_stamp + 1, int(at.timestamp() * 1_000_000) * 1_000)
        suffix = f".{self._last_stamp:x}"
        return str(subject["metadata"]["name"])[: NAME_LIMIT - len(suffix)] + suffix

    def _body(self, post: _Post) -> dict[str, Any]:
        metadata = post.subject["metadata"]
        involved = {
            "apiVersion": post.subject.get("apiVersion"),
            "kind": post.subject.get("kind"),
            **{key: metadata[key] for key in _INVOLVED if metadata.get(key)},
        }
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": post.name, "namespace": _namespace(post)},
            "involvedObject": involved,
            "type": post.type,
            "reason": post.reason,
            "message": post.message,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "reportingInstance": "",
            "firstTimestamp": _stamp(post.at),
            "lastTimestamp": _stamp(post.at),
            "count": 1,
        }


_INVOLVED = ("namespace", "name", "uid", "resourceVersion")


def _reference(obj: ports.Object) -> ports.Object:
    """Keep of the object what an Event says of it, so that the queue holds no big ones."""
    metadata = obj["metadata"]
    return {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj.get("kind"),
        "metadata": {key: metadata[key] for key in _INVOLVED if metadata.get(key)},
    }


def _shortened(message: str) -> str:
    """Cut to the server's limit, which counts bytes."""
    if len(message.encode()) <= MESSAGE_LIMIT:
        return message
    return message.encode()[: MESSAGE_LIMIT - 3].decode(errors="ignore") + "…"


def _namespace(post: _Post) -> str:
    """Return where the Event lives: those on cluster-wide objects live in ``default``."""
    return str(post.subject["metadata"].get("namespace") or "default")


def _ref(post: _Post, name: str) -> ports.Ref:
    return ports.Ref(kind=ports.EVENT, namespace=_namespace(post), name=name)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
