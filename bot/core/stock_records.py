"""What other tools wrote of the course, as records: with the tool, for nobody knows the person."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core import loose_records, record_looks
from bot.model import records
from bot.model import stock as stock_model
from bot.model.records import Kind


def of(look: record_looks.Look) -> Iterator[records.Record]:
    """The last of each sort, as far as the status keeps it."""
    known = look.status.bot.stock
    if (one := known.retried) is not None and one.revision == look.base.hash:
        yield _of(look, one).record(Kind.RETRIED, one.at, "retry", record_looks.second(one.at))
    if (one := known.moved) is not None and one.revision == look.base.hash:
        yield _moved(_of(look, one), one)
    for kind, found, reason in (
        (Kind.HALTED, known.halted, "spec.paused was set"),
        (Kind.RESUMED, known.resumed, "spec.paused was taken away"),
    ):
        if found is not None:
            at = record_looks.second(found.at)
            yield _of(look, found).record(kind, found.at, kind, at, reason=reason)


def _of(look: record_looks.Look, one: stock_model.Write) -> record_looks.Look:
    """Of another revision than the present one its number is not known any more."""
    base = loose_records.by(look.base, None, one.how)
    if one.revision != look.base.hash:
        base = replace(base, revision=0, hash="", update=records.Update())
    return replace(look, base=base)


def _moved(look: record_looks.Look, one: stock_model.Write) -> records.Record:
    start, to = (one.start or 0) + 1, (one.to or 0) + 1
    total = len(look.scene.steps) if look.scene is not None else 0
    reason = f"from step {start} to {'the end' if total and to > total else f'step {to}'}"
    at = record_looks.second(one.at)
    before = records.Stand(step=min(start, total) if total else start)
    return look.record(Kind.MOVED, one.at, "moved", at, one.to, reason=reason, before=before)
