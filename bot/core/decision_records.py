"""What people, tools and the policy decided of a rollout, as records: who, by which way, why.

How the course of the rollout went is ``chronicle``'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.core import (
    codec_instant,
    gate_limits,
    glass_records,
    inconclusive,
    intake,
    loose_records,
    outcomes,
    record_looks,
    stock_records,
    writers,
)
from bot.core.notices import people
from bot.core.notices import scene as scenes
from bot.model import records
from bot.model import status as status_model
from bot.model.records import Kind, Way
from bot.model.status import Outcome


def of(look: record_looks.Look) -> Iterator[records.Record]:
    """Everything that was decided, as far as the status still says it."""
    yield from _opened(look)
    yield from _hurried(look)
    yield from handled(look)
    yield from stock_records.of(look)
    yield from _kept(look)
    for kind, at, actor, reason, mark in glass_records.of(look.status):
        base = loose_records.by(look.base, people.decode(actor))
        yield replace(look, base=base).record(kind, at, mark, reason=reason)


def _opened(look: record_looks.Look) -> Iterator[records.Record]:
    """The gate that was passed last: by a person, or by a tool that names nobody."""
    opened = look.status.bot.opened
    if opened is None or opened.revision != look.base.hash:
        return
    by = people.decode(opened.by)
    way = "" if by is not None and opened.how == "slack" else (opened.how or Way.STOCK)
    made = replace(look, base=loose_records.by(look.base, by, way))
    kind = Kind.APPROVED if by is not None else Kind.PROMOTED
    yield made.record(
        kind, opened.at, "promote", record_looks.second(opened.at),
        gate=look.was_paused or _asked_at(look, opened), reason=_passed(opened),
    )  # fmt: skip


def _asked_at(look: record_looks.Look, opened: status_model.Opened) -> str:
    """The gate whose request stands: a tool takes the pause away by which it is known else."""
    found = {}
    for key, record in look.status.bot.said.items():
        if key.startswith("gate:") and isinstance(record, Mapping):
            since = codec_instant.read(record.get("since"))
            same = (record.get("revision"), record.get("step")) == (opened.revision, opened.step)
            if same and since is not None and since <= opened.at:
                found[since] = key.removeprefix("gate:")
    return found[max(found)] if found else ""


def _passed(opened: status_model.Opened) -> str:
    step = f"step {opened.step + 1}" if opened.step >= 0 else "the gate before all traffic"
    late = opened.how == gate_limits.BY_POLICY
    return f"{step}: nobody answered in time, and the policy says promote" if late else step


def _hurried(look: record_looks.Look) -> Iterator[records.Record]:
    """That all steps which were left were skipped, also by a tool that names nobody."""
    hurried = look.status.bot.hurried
    if hurried is None or hurried.revision != look.base.hash:
        return
    by = people.decode(hurried.by)
    made = replace(look, base=loose_records.by(look.base, by, "" if by else hurried.how))
    at = record_looks.second(hurried.at)
    yield made.record(Kind.PROMOTED, hurried.at, "promote-full", at, reason=intake.STEPS_SKIPPED)


def _kept(look: record_looks.Look) -> Iterator[records.Record]:
    """What a tool wrote past a gate that named people open, and that it was taken back."""
    kept, started = look.status.bot.kept, look.status.bot.started
    at = codec_instant.read(kept.get("at"))
    if at is None or (started is not None and at < started):
        return
    who = str(kept.get("by") or "")
    way = Way.STOCK if not who or who == writers.UNKNOWN else who
    made = replace(look, base=loose_records.by(look.base, None, way))
    gate = scenes.gate(look.scene) if look.scene is not None else ""
    reason = f"wrote {kept.get('what') or 'the status'}: taken back, the gate stays shut"
    yield made.record(Kind.GATE_KEPT, at, "kept", at.isoformat(), reason=reason, gate=gate)


_DECIDED = {
    "promote": Kind.PROMOTED,
    "promote-full": Kind.PROMOTED,
    "abort": Kind.ABORTED,
    "retry": Kind.RETRIED,
    inconclusive.MEASURE_AGAIN: Kind.MEASURED_AGAIN,
    inconclusive.CONTINUE: Kind.CONTINUED,
}


def handled(look: record_looks.Look) -> Iterator[records.Record]:
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
        elif (came_to := outcomes.of(one)) is Outcome.VOTED:
            gate = _gate_of(look, one)
            yield made.record(Kind.VOTED, one.at, "vote", one.id, reason=one.sentence, gate=gate)
        elif came_to is Outcome.SKIPPED:
            yield made.record(Kind.PROMOTED, one.at, "skip", one.id, reason=one.sentence)
        elif one.kind in _DECIDED:
            kind = Kind.APPROVED if came_to is Outcome.OPENED else _DECIDED[one.kind]
            at = record_looks.second(one.at)
            yield made.record(kind, one.at, one.kind, at, reason=one.sentence)


def _gate_of(look: record_looks.Look, one: status_model.Handled) -> str:
    """The gate that one approval of several was given to; it may have been passed since."""
    known = (a.gate for a in look.status.bot.approvals if a.id == one.id)
    return next(known, look.was_paused)
