"""What is kept of the past: one record a fact or decision, and the port to where they are kept.

The history is a projection of the cluster: it may lag and may be lost; nothing is decided by it.
Which records a rollout has is ``bot.core.chronicle``'s business, how they are chained ``chain``'s.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

TEXT_LIMIT = 600
NAME_LIMIT = 256
TOOL = " (field manager)"
"""What follows the name of a tool where a person's would stand: nobody knows who used it."""


class Kind(StrEnum):
    """What happened, in the order in which it does within one moment."""

    SHIPPED = "shipped"
    UNDONE = "undone"  # an earlier revision was shipped again
    VOTED = "approved in part"  # one of several approvals that a gate needs
    APPROVED = "approved"
    PROMOTED = "promoted"
    ABORTED = "aborted"
    ROLLED_BACK = "rolled-back"  # by itself
    EXPLAINED = "reason given"  # of an abort, after it
    RETRIED = "retried"
    MEASURED_AGAIN = "measured-again"
    CONTINUED = "continued"  # without a verdict
    MOVED = "moved"  # to another step, by a tool
    HALTED = "paused"  # with ``spec.paused``
    RESUMED = "resumed"
    WEIGHT_ZERO = "weight-zero"
    RESTORED = "restored"
    NOT_RESTORED = "not-restored"
    GLASS_ASKED = "break-glass asked for"
    GLASS_BROKEN = "glass broken"
    GLASS_REFUSED = "break-glass refused"
    REFUSED = "refused"  # asked for and not done
    GATE_KEPT = "gate kept shut"  # what a tool wrote past it was taken back
    STEP = "step"
    WEIGHT = "weight"
    GATE_OPENED = "gate-opened"  # it waits for a person from here on
    RESTARTED = "restarted"
    DONE = "done"
    FROZEN = "frozen"
    UNFROZEN = "unfrozen"
    GAP = "gap"  # nothing could be recorded for a while


class Way(StrEnum):
    """How somebody came in."""

    SLACK = "slack"
    TERMINAL = "terminal"
    STOCK = "kubectl"  # kubectl, Argo CD and the like: no name is known
    MANIFEST = "manifest"  # a field or annotation that somebody applied
    POLICY = "policy"  # nobody answered in time
    ITSELF = "itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """How a rollout stood; ``step`` counts from 1, as people do."""

    phase: str = ""
    weight: int | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The instants that an update is measured by, as far as they are known."""

    commit: str = ""
    commit_at: datetime | None = None
    shipped_at: datetime | None = None
    bad_since: datetime | None = None
    detected_at: datetime | None = None
    zero_at: datetime | None = None
    restored_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One fact. ``id`` follows from what it is of: written twice it is there once.

    ``about`` is the id of the record that this one adds something to.
    """

    id: str
    kind: Kind
    at: datetime
    cluster: str
    namespace: str = ""
    rollout: str = ""
    uid: str = ""
    revision: int = 0
    hash: str = ""
    actor: str = ""
    actor_id: str = ""
    way: str = Way.ITSELF
    reason: str = ""
    before: Stand = field(default_factory=Stand)
    after: Stand = field(default_factory=Stand)
    channel: str = ""
    ts: str = ""
    permalink: str = ""
    gate: str = ""
    about: str = ""
    update: Update = field(default_factory=Update)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record as it stands in the chain: ``digest`` covers it and the entry before it."""

    seq: int
    written_at: datetime
    previous: str
    digest: str
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest entry, kept apart from the entries: cutting the end off is then noticed."""

    seq: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which records: empty is any. ``since`` is their own time, not that of writing."""

    cluster: str = ""
    namespace: str = ""
    rollout: str = ""
    since: datetime | None = None
    kinds: frozenset[Kind] = frozenset()
    limit: int = 20


class Readable(Protocol):
    """What commands need of the history."""

    async def find(self, query: Query) -> tuple[Entry, ...]: ...


class History(Protocol):
    """Where records are kept. Each call has a timeout of its own.

    ``errors.Unavailable``: later again. ``errors.Refused``: again would not help.
    """

    async def append(self, batch: Sequence[Record], *, at: datetime) -> tuple[str, ...]:
        """Add those that are not there yet, in this order; the ids that were added."""

    async def find(self, query: Query) -> tuple[Entry, ...]:
        """The newest that fit, newest first."""

    async def walk(self, *, after: int | None, limit: int) -> tuple[Entry, ...]:
        """Entries beyond the sequence number ``after``, in their order; None: from the first."""

    async def head(self) -> Head:
        """The newest entry; sequence number 0 where there is none."""

    async def close(self) -> None: ...


def cleaned(record: Record) -> Record:
    """Without what a database cannot hold, and within its limits."""
    changes: dict[str, Any] = {
        one.name: clean(
            getattr(record, one.name), TEXT_LIMIT if one.name == "reason" else NAME_LIMIT
        )
        for one in dataclasses.fields(record)
        if type(getattr(record, one.name)) is str
    }
    update = dataclasses.replace(record.update, commit=clean(record.update.commit, NAME_LIMIT))
    before, after = (
        dataclasses.replace(one, phase=clean(one.phase, NAME_LIMIT))
        for one in (record.before, record.after)
    )
    return dataclasses.replace(record, **changes, update=update, before=before, after=after)


def clean(text: str, limit: int) -> str:
    """No NUL, nothing that is no character, at most ``limit`` long."""
    plain = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"
