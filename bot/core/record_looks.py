"""One status of a rollout as records are made of it: of which revision, and by whom."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.core import codec_status, loose_records
from bot.core.notices import card, people
from bot.core.notices import scene as scenes
from bot.model import records, world
from bot.model import status as status_model
from bot.model.records import Kind

_COMMIT_AT = "rollout-bot.io/commit-time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One status of a rollout. ``scene`` is None where the manifest is already of another one."""

    status: status_model.Status
    scene: scenes.Scene | None
    seen: world.Seen
    now: datetime
    base: records.Record
    mine: world.ReplicaSet | None
    was_paused: str = ""

    @property
    def course(self) -> str:
        """One way through the steps: a retry begins another."""
        return f"{self.base.hash}|{self.base.revision}|{second(self.status.bot.started)}"

    def record(self, kind: Kind, at: datetime, *what: object, **more: Any) -> records.Record:
        """A record of this rollout; ``what`` tells it from all others."""
        mark = "|".join((self.seen.cluster, self.seen.uid, *(str(one) for one in what)))
        made = replace(self.base, id=loose_records.digest(mark), kind=kind, at=at)
        return replace(made, **more)


def second(at: datetime | None) -> str:
    return codec_status.stamp(at) if at is not None else ""


def of(scene: scenes.Scene, gate: str) -> Look:
    status = scene.status
    fits = bool(status.current_hash) and scene.hash == status.current_hash
    mine = scene.of_hash(status.current_hash)
    change = card.change(scene) if fits else None
    by = change.by if change is not None else people.decode(status.bot.shipped_by)
    notes = scene.seen.annotations if fits else {}
    base = records.Record(
        id="",
        kind=Kind.SHIPPED,
        at=scene.now,
        cluster=scene.seen.cluster,
        namespace=scene.seen.namespace,
        rollout=scene.seen.name,
        uid=scene.seen.uid,
        revision=scenes.revision(scene).number if fits else mine.revision if mine else 0,
        hash=status.current_hash,
        update=records.Update(
            commit=change.commit if change is not None else "",
            commit_at=codec_status.time(notes.get(_COMMIT_AT)),
            shipped_at=status.bot.started,
        ),
    )
    look = Look(
        status=status,
        scene=scene if fits else None,
        seen=scene.seen,
        now=scene.now,
        base=base,
        mine=mine,
        was_paused=gate,
    )
    return replace(look, base=loose_records.by(base, by) if by is not None else base)
