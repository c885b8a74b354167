"""The history on a terminal: lines to read, rows to export, what the verification found."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from bot.model import chain, past, records
from bot.render import words

COLUMNS = (
    "seq", "at", "kind", "cluster", "namespace", "rollout", "revision", "hash", "actor",
    "actor_id", "way", "reason", "before_phase", "before_weight", "before_step", "after_phase",
    "after_weight", "after_step", "gate", "about", "channel", "ts", "permalink", "update_commit",
    "update_commit_at", "update_shipped_at", "update_bad_since", "update_detected_at",
    "update_zero_at", "update_restored_at", "uid", "id", "written_at", "previous", "digest",
)  # fmt: skip


def row(entry: records.Entry) -> dict[str, Any]:
    """One entry as plain values, with its place in the chain."""
    written = chain.flat(entry.record) | {"seq": entry.seq, "previous": entry.previous}
    written |= {"digest": entry.digest, "written_at": chain.stamp(entry.written_at)}
    return {name: written[name] for name in COLUMNS if name in written}


def as_jsonl(entries: Iterable[records.Entry]) -> str:
    return "".join(json.dumps(row(one), ensure_ascii=False) + "\n" for one in entries)


def as_csv(entries: Iterable[records.Entry], *, header: bool) -> str:
    """A text that a spreadsheet would calculate is led by an apostrophe: people write reasons."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    if header:
        writer.writeheader()
    for one in entries:
        writer.writerow({name: _inert(value) for name, value in row(one).items()})
    return out.getvalue()


def _inert(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value


def verdict(broken: chain.Broken | None, walker: chain.Walker) -> str:
    """What the verification came to, in a sentence."""
    if broken is not None:
        who = f"record {broken.id}" if broken.id else "the end of the chain"
        return f"not intact: entry {broken.seq}, {who}: {broken.sentence}"
    if not walker.seq:
        return "intact: the history is empty"
    return f"intact: {walker.seq} entries, the newest is {walker.seq}:{walker.previous}"


def lines(entries: Iterable[records.Entry], *, audit: bool = True) -> str:
    """One record a line, as people read it."""
    shown = past.told((one.record for one in entries), audit=audit)
    return "".join(f"{_line(one)}\n" for one in shown)


def _line(record: records.Record) -> str:
    at = f"{record.at:%Y-%m-%d %H:%M:%S}Z"
    # What is of no rollout is of the cluster; its scope stands in the reason.
    where = f"{record.namespace}/" if record.namespace and record.rollout else ""
    what = f"{where}{past.subject(record)} {past.sentence(record)}"
    parts = (at, what, past.change(record), past.reason(record), record.permalink)
    return " · ".join(words.bare(part, 400) for part in parts if part)
