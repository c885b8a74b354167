"""What a rollout's status says of its past, as records. Derived again, each has the same id.

Both the status that a pass has read and the one it came to are looked at: a bot that was killed
between writing a status and recording it finds all of it at its next pass. Ids come from the
rollout, the revision, what happened and when, never from the moment of looking.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.core import (
    codec_block,
    codec_status,
    glass_records,
    inconclusive,
    intake,
    loose_records,
    revisions,
)
from bot.core.notices import afterwards, card, degraded, people, standing
from bot.core.notices import scene as scenes
from bot.model import records, world
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.model.records import Kind, Way

STEPS_LIMIT = 100
_COMMIT_AT = "rollout-bot.io/commit-time"
_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
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
        return f"{self.base.hash}|{self.base.revision}|{_second(self.status.bot.started)}"

    def record(self, kind: Kind, at: datetime, *what: object, **more: Any) -> records.Record:
        """A record of this rollout; ``what`` tells it from all others."""
        mark = "|".join((self.seen.cluster, self.seen.uid, *(str(one) for one in what)))
        made = replace(self.base, id=loose_records.digest(mark), kind=kind, at=at)
        return replace(made, **more)


def derive(
    before: scenes.Scene, after: scenes.Scene, *, known: bool = False
) -> tuple[records.Record, ...]:
    """Everything that the status as read and the status as written show, in its order.

    ``known``: what the status as read shows was derived before, when it was written.
    """
    was, now = _stand(before), _stand(after)
    opened = before.status.bot.opened != after.status.bot.opened
    gate = intake.present_gate(after.seen.cluster, after.seen.uid, before.status)
    look = _look(after, gate if opened else "")
    found: dict[str, records.Record] = {}
    first = () if known else _all(_look(before, ""))
    for record in (*first, *_all(look), *_retried(before, look)):
        found.setdefault(record.id, replace(record, before=was, after=now))
    return tuple(sorted(found.values(), key=lambda one: (one.at, _ORDER[one.kind])))


def _second(at: datetime | None) -> str:
    return codec_status.stamp(at) if at is not None else ""


def _stand(scene: scenes.Scene) -> records.Stand:
    index, fits = scene.status.step_index, scene.hash == scene.status.current_hash
    steps = len(scene.steps)
    return records.Stand(
        phase=scene.status.phase,
        weight=(100 if scene.promoted else scenes.weight(scene)) if fits and scene.spec else None,
        step=None if index is None or not steps else min(index + 1, steps),
    )


def _look(scene: scenes.Scene, gate: str) -> _Look:
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
    look = _Look(
        status=status,
        scene=scene if fits else None,
        seen=scene.seen,
        now=scene.now,
        base=base,
        mine=mine,
        was_paused=gate,
    )
    return replace(look, base=loose_records.by(base, by) if by is not None else base)


def _all(look: _Look) -> Iterator[records.Record]:
    if not look.status.current_hash:
        return
    if look.mine is None:
        # Its ReplicaSet is only just being made: what number it gets is seen in the next pass.
        yield from _handled(look)
        return
    yield from _shipped(look)
    itself = replace(look, base=replace(look.base, actor="", actor_id="", way=Way.ITSELF))
    yield from _steps(itself)
    yield from _gate(itself)
    yield from _opened(look)
    yield from _handled(look)
    for kind, at, actor, reason, mark in glass_records.of(look.status):
        base = loose_records.by(look.base, people.decode(actor))
        yield replace(look, base=base).record(kind, at, mark, reason=reason)
    yield from _aborted(itself)
    yield from _restarted(itself)
    yield from _done(itself)


def _shipped(look: _Look) -> Iterator[records.Record]:
    """Once a revision's number: a retry ships nothing."""
    started = look.status.bot.started
    if started is None:
        return
    mine, number = look.mine, look.base.revision
    again = mine is not None and (mine.revision < number or revisions.HISTORY in mine.annotations)
    kind = Kind.UNDONE if again else Kind.SHIPPED
    label = scenes.label(look.mine)
    images = label.images if label is not None else ()
    yield look.record(
        kind, started, "shipped", look.base.hash, look.base.revision, reason=", ".join(images)
    )


def _steps(look: _Look) -> Iterator[records.Record]:
    """The steps that were passed, while that is what the status says: the end skips some."""
    status, scene = look.status, look.scene
    under_way = not (status.abort or status.promote_full or status.stable_hash in {
        "", status.current_hash
    })  # fmt: skip
    if scene is None or scene.sheet is None or not under_way or scene.sheet.skipping:
        return
    if scenes.switching(scene) is not None:
        if status.active == status.current_hash:
            yield look.record(
                Kind.WEIGHT, look.now, look.course, "switched", reason="all users switched"
            )
        return
    for number, step in enumerate(scene.steps[: min(scene.index, STEPS_LIMIT)]):
        kind = Kind.WEIGHT if isinstance(step, spec_model.SetWeight) else Kind.STEP
        text = standing.step_text(step, scene.spec.canary.full if scene.spec else 100)
        reason = f"step {number + 1} of {len(scene.steps)}: {text}"
        yield look.record(kind, look.now, look.course, "step", number, reason=reason)


def _gate(look: _Look) -> Iterator[records.Record]:
    gate = scenes.gate(look.scene) if look.scene is not None else ""
    held = look.status.pause_conditions
    if gate and held:
        yield look.record(Kind.GATE_OPENED, held[0].start, "gate", gate, gate=gate)


def _opened(look: _Look) -> Iterator[records.Record]:
    """The gate that was passed last: by a person, or by a tool that names nobody."""
    opened = look.status.bot.opened
    if opened is None or opened.revision != look.base.hash:
        return
    by = people.decode(opened.by)
    way = "" if by is not None and opened.how == "slack" else (opened.how or Way.STOCK)
    made = replace(look, base=loose_records.by(look.base, by, way))
    kind = Kind.APPROVED if by is not None else Kind.PROMOTED
    yield made.record(
        kind, opened.at, "promote", _second(opened.at), gate=look.was_paused,
        reason=f"step {opened.step + 1}" if opened.step >= 0 else "",
    )  # fmt: skip


_DECIDED = {
    "promote": Kind.PROMOTED,
    "promote-full": Kind.PROMOTED,
    "abort": Kind.ABORTED,
    "retry": Kind.RETRIED,
    inconclusive.MEASURE_AGAIN: Kind.MEASURED_AGAIN,
    inconclusive.CONTINUE: Kind.CONTINUED,
}


def _handled(look: _Look) -> Iterator[records.Record]:
    """What was asked; of an earlier course the revision is not known any more."""
    started = look.status.bot.started
    for one in look.status.bot.handled:
        base = loose_records.by(look.base, people.decode(one.actor))
        if started is not None and one.at < started:
            base = replace(base, revision=0, hash="", update=records.Update())
        made = replace(look, base=base)
        if not one.accepted:
            reason = f"{one.kind}: {one.sentence}"
            yield made.record(Kind.REFUSED, one.at, "refused", one.id, reason=reason)
        elif one.kind == "abort" and look.status.abort:
            continue  # the abort itself knows more
        elif one.kind in _DECIDED:
            yield made.record(
                _DECIDED[one.kind], one.at, one.kind, _second(one.at), reason=one.sentence
            )


def _retried(before: scenes.Scene, look: _Look) -> Iterator[records.Record]:
    """A retry by a tool leaves nothing but that the abort is gone."""
    started, same = look.status.bot.started, before.status.current_hash == look.base.hash
    if before.status.abort and not look.status.abort and same and started is not None:
        made = replace(look, base=loose_records.by(look.base, None))
        yield made.record(Kind.RETRIED, started, "retry", _second(started))


def _aborted(look: _Look) -> Iterator[records.Record]:
    """The way back: why, since when it was bad, and when no user was left on the canary."""
    abort = look.status.bot.abort if look.status.abort else {}
    at, safe = codec_block.instant(abort.get("at")), codec_block.instant(abort.get("safeAt"))
    if at is None:
        return
    update = replace(look.base.update, detected_at=at, zero_at=safe)
    text, by = str(abort.get("reason") or abort.get("cause") or ""), str(abort.get("by") or "")
    if look.scene is not None:
        bad = degraded.alert(look.scene, {}).bad_since
        update = replace(update, bad_since=bad)
        text = text if by else standing.because(look.scene) or text
    base = replace(look.base, update=update)
    if by or not abort.get("cause"):
        base = loose_records.by(base, people.decode(by))
    kind = Kind.ABORTED if by or not abort.get("cause") else Kind.ROLLED_BACK
    made = replace(look, base=base)
    first = replace(update, zero_at=None)
    yield made.record(kind, at, "abort", _second(at), reason=text, update=first)
    if safe is not None:
        yield look.record(
            Kind.WEIGHT_ZERO, safe, "safe", look.base.hash, _second(at), update=update
        )
    yield from _helped(look, afterwards.found(abort), update, _second(at))


_HELPED = {
    afterwards.RESTORED: Kind.RESTORED,
    afterwards.NOT_RESTORED: Kind.NOT_RESTORED,
}


def _helped(
    look: _Look, found: afterwards.Found | None, update: records.Update, mark: str
) -> Iterator[records.Record]:
    """Whether the way back helped, where the stable could be measured."""
    kind = _HELPED.get(found.verdict) if found is not None else None
    if found is None or kind is None:
        return
    whole = replace(update, restored_at=found.at) if kind is Kind.RESTORED else update
    yield look.record(
        kind, found.at, kind, look.base.hash, mark, reason=found.measured, update=whole
    )


def _restarted(look: _Look) -> Iterator[records.Record]:
    at = look.status.restarted_at
    if at is not None:
        yield look.record(Kind.RESTARTED, at, "restart", _second(at), way=Way.MANIFEST)


def _done(look: _Look) -> Iterator[records.Record]:
    """An update is over when the stable is the present revision and that is complete."""
    status = look.status
    completed = status.condition("Completed")
    promoted = bool(status.stable_hash) and status.stable_hash == status.current_hash
    healthy = promoted and not status.abort and status.phase == status_model.Phase.HEALTHY
    if healthy and completed is not None and completed.status == "True":
        at = max(completed.transitioned, status.bot.started or completed.transitioned)
        yield look.record(Kind.DONE, at, "done", look.base.hash, look.base.revision)
