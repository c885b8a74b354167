"""What other tools wrote of the course, as records: with the tool, for nobody knows the person."""

from collections.abc import Iterator
from dataclasses import replace

from bot.core import loose_records, record_looks
from bot.model import records
from bot.model import stock as stock_model
from bot.model.records import Kind

_HALTS = {
    "halted": (Kind.HALTED, "spec.paused was set"),
    "resumed": (Kind.RESUMED, "spec.paused was taken away"),
}


def of(look: record_looks.Look) -> Iterator[records.Record]:
    """The last of each sort and those before, as far as the status keeps them."""
    known = look.status.bot.stock
    last = ((sort, getattr(known, sort)) for sort in stock_model.SORTS)
    for sort, one in (*known.earlier, *last):
        if one is not None:
            yield from _one(_of(look, one), sort, one)


def _one(look: record_looks.Look, sort: str, one: stock_model.Write) -> Iterator[records.Record]:
    at = record_looks.second(one.at)
    if sort in _HALTS:
        kind, reason = _HALTS[sort]
        yield look.record(kind, one.at, kind, at, reason=reason)
    elif one.revision == look.status.current_hash:
        if sort == "retried":
            yield look.record(Kind.RETRIED, one.at, "retry", at)
        else:
            yield _moved(look, one)


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
