"""What a rollout's status says of its past, as records. Derived again, each has the same id.

Both the status that a pass has read and the one it came to are looked at: a bot that was killed
between writing a status and recording it finds all of it at its next pass. Ids come from the
rollout, the revision, what happened and when, never from the moment of looking.
"""

from collections.abc import Iterator
from dataclasses import replace

from bot.core import (
    codec_instant,
    decision_records,
    explaining,
    intake,
    loose_records,
    record_looks,
    revisions,
)
from bot.core.notices import afterwards, degraded, people, standing
from bot.core.notices import scene as scenes
from bot.model import records
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.model.records import Kind, Way

STEPS_LIMIT = 100
RESTARTED = "its pods are replaced, as spec.restartAt asks"
_ORDER = {kind: place for place, kind in enumerate(Kind)}


def derive(
    before: scenes.Scene, after: scenes.Scene, *, known: bool = False
) -> tuple[records.Record, ...]:
    """Everything that the status as read and the status as written show, in its order.

    ``known``: what the status as read shows was derived before, when it was written.
    """
    was, now = _stand(before), _stand(after)
    opened = before.status.bot.opened != after.status.bot.opened
    gate = intake.present_gate(after.seen.cluster, after.seen.uid, before.status)
    look = record_looks.of(after, gate if opened else "")
    found: dict[str, records.Record] = {}
    first = () if known else _all(record_looks.of(before, ""))
    for record in (*first, *_all(look)):
        step = record.before.step  # the one that is read is where a tool has moved it to
        stood = was if step is None else replace(was, step=step)
        found.setdefault(record.id, replace(record, before=stood, after=now))
    return tuple(sorted(found.values(), key=lambda one: (one.at, _ORDER[one.kind])))


def _stand(scene: scenes.Scene) -> records.Stand:
    index, fits = scene.status.step_index, scene.hash == scene.status.current_hash
    steps = len(scene.steps)
    return records.Stand(
        phase=scene.status.phase,
        weight=(100 if scene.promoted else scenes.weight(scene)) if fits and scene.spec else None,
        step=None if index is None or not steps else min(index + 1, steps),
    )


def _all(look: record_looks.Look) -> Iterator[records.Record]:
    if not look.status.current_hash:
        return
    if look.mine is None:
        # Its ReplicaSet is only just being made: what number it gets is seen in the next pass.
        yield from decision_records.handled(look)
        return
    yield from _shipped(look)
    itself = replace(look, base=replace(look.base, actor="", actor_id="", way=Way.ITSELF))
    yield from _steps(itself)
    yield from _gate(itself)
    yield from decision_records.of(look)
    yield from _aborted(itself)
    yield from _restarted(itself)
    yield from _done(itself)


def _shipped(look: record_looks.Look) -> Iterator[records.Record]:
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


def _steps(look: record_looks.Look) -> Iterator[records.Record]:
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


def _gate(look: record_looks.Look) -> Iterator[records.Record]:
    gate = scenes.gate(look.scene) if look.scene is not None else ""
    held = look.status.pause_conditions
    if gate and held:
        yield look.record(Kind.GATE_OPENED, held[0].start, "gate", gate, gate=gate)


def _aborted(look: record_looks.Look) -> Iterator[records.Record]:
    """The way back: why, since when it was bad, and when no user was left on the canary."""
    abort = look.status.bot.abort if look.status.abort else {}
    at, safe = codec_instant.read(abort.get("at")), codec_instant.read(abort.get("safeAt"))
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
        base = loose_records.by(base, people.decode(by), str(abort.get("how") or ""))
    kind = Kind.ABORTED if by or not abort.get("cause") else Kind.ROLLED_BACK
    made = replace(look, base=base)
    first = replace(update, zero_at=None)
    yield made.record(kind, at, "abort", record_looks.second(at), reason=text, update=first)
    if safe is not None:
        yield look.record(
            Kind.WEIGHT_ZERO, safe, "safe", look.base.hash, record_looks.second(at), update=update
        )
    if (said := explaining.later(abort)) is not None:
        base = loose_records.by(look.base, people.decode(said.by))
        of = replace(look, base=base)
        mark = record_looks.second(at)
        about = look.record(kind, at, "abort", mark).id
        yield of.record(Kind.EXPLAINED, said.at, "reason", mark, reason=said.text, about=about)
    yield from _helped(look, afterwards.found(abort), update, record_looks.second(at))


_HELPED = {
    afterwards.RESTORED: Kind.RESTORED,
    afterwards.NOT_RESTORED: Kind.NOT_RESTORED,
}


def _helped(
    look: record_looks.Look, found: afterwards.Found | None, update: records.Update, mark: str
) -> Iterator[records.Record]:
    """Whether the way back helped, where the stable could be measured."""
    kind = _HELPED.get(found.verdict) if found is not None else None
    if found is None or kind is None:
        return
    whole = replace(update, restored_at=found.at) if kind is Kind.RESTORED else update
    yield look.record(
        kind, found.at, kind, look.base.hash, mark, reason=found.measured, update=whole
    )


def _restarted(look: record_looks.Look) -> Iterator[records.Record]:
    at = look.status.restarted_at
    if at is not None:
        yield look.record(
            Kind.RESTARTED,
            at,
            "restart",
            record_looks.second(at),
            way=Way.MANIFEST,
            reason=RESTARTED,
        )


def _done(look: record_looks.Look) -> Iterator[records.Record]:
    """An update is over when the stable is the present revision and that is complete."""
    status = look.status
    completed = status.condition("Completed")
    promoted = bool(status.stable_hash) and status.stable_hash == status.current_hash
    healthy = promoted and not status.abort and status.phase == status_model.Phase.HEALTHY
    if healthy and completed is not None and completed.status == "True":
        at = max(completed.transitioned, status.bot.started or completed.transitioned)
        yield look.record(Kind.DONE, at, "done", look.base.hash, look.base.revision)
