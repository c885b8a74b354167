"""The sealed records of the block, raw ↔ typed, and the text that a seal is made over."""

import json
from collections.abc import Mapping
from typing import Any, assert_never

from bot.core import codec_instant
from bot.model import sealed, status

KEPT = 32


def approved(key: str, raw: Any) -> sealed.Approved | None:
    got = raw if isinstance(raw, Mapping) else {}
    at, step = codec_instant.read(got.get("at")), got.get("step")
    if at is None or not isinstance(step, int):
        return None
    return sealed.Approved(
        id=key,
        revision=_text(got.get("revision")),
        step=step,
        gate=_text(got.get("gate")),
        actor=_text(got.get("actor")),
        at=at,
        seal=_text(got.get("seal")),
    )


def passed(raw: Any) -> sealed.Passed | None:
    got = raw if isinstance(raw, Mapping) else {}
    at, step, by = codec_instant.read(got.get("at")), got.get("step"), got.get("by")
    if at is None or not isinstance(step, int):
        return None
    return sealed.Passed(
        revision=_text(got.get("revision")),
        step=step,
        by=tuple(_text(one) for one in by[:16]) if isinstance(by, list) else (),
        how=_text(got.get("how")),
        at=at,
        seal=_text(got.get("seal")),
    )


def held(raw: Any) -> sealed.Held | None:
    got = raw if isinstance(raw, Mapping) else {}
    start, step, weight = codec_instant.read(got.get("start")), got.get("step"), got.get("weight")
    if start is None or not isinstance(step, int) or not isinstance(weight, int):
        return None
    return sealed.Held(
        revision=_text(got.get("revision")),
        step=step,
        start=start,
        steps=_text(got.get("steps")),
        weight=weight,
        stable=_text(got.get("stable")),
        seal=_text(got.get("seal")),
    )


def glass(raw: Any) -> sealed.Glass | None:
    got = raw if isinstance(raw, Mapping) else {}
    at, until = codec_instant.read(got.get("at")), codec_instant.read(got.get("until"))
    if at is None or until is None:
        return None
    return sealed.Glass(
        id=_text(got.get("id")),
        revision=_text(got.get("revision")),
        gate=_text(got.get("gate")),
        actor=_text(got.get("actor")),
        reason=_text(got.get("reason")),
        at=at,
        until=until,
        second=_text(got.get("second")),
        answer=_text(got.get("answer")),
        answered=codec_instant.read(got.get("answered")),
        seal=_text(got.get("seal")),
    )


def decode(got: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the block; what is malformed counts as absent."""
    approvals, passes, glasses = got.get("approvals"), got.get("passes"), got.get("glasses")
    named = approvals if isinstance(approvals, Mapping) else {}
    listed = passes if isinstance(passes, list) else []
    broken = glasses if isinstance(glasses, list) else []
    found = [one for key, raw in named.items() if (one := approved(key, raw)) is not None]
    return {
        "approvals": tuple(sorted(found, key=lambda one: (one.at, one.id)))[-KEPT:],
        "passes": tuple(p for raw in listed[-KEPT:] if (p := passed(raw)) is not None),
        "shut": held(got.get("shut")),
        "glasses": tuple(g for raw in broken[-KEPT:] if (g := glass(raw)) is not None),
    }


def encode(block: status.BotBlock) -> dict[str, Any]:
    """The raw fields; empty ones are left out by the block's codec."""
    return {
        "approvals": {one.id: _approved(one) for one in block.approvals[-KEPT:]},
        "passes": [_passed(one) for one in block.passes[-KEPT:]],
        "shut": None if block.shut is None else _held(block.shut),
        "glasses": [_glass(one) for one in block.glasses[-KEPT:]],
    }


def _approved(one: sealed.Approved) -> dict[str, Any]:
    return {
        "revision": one.revision,
        "step": one.step,
        "gate": one.gate,
        "actor": one.actor,
        "at": one.at.isoformat(),
        "seal": one.seal,
    }


def _passed(one: sealed.Passed) -> dict[str, Any]:
    return {
        "revision": one.revision,
        "step": one.step,
        "by": list(one.by),
        "how": one.how,
        "at": one.at.isoformat(),
        "seal": one.seal,
    }


def _held(one: sealed.Held) -> dict[str, Any]:
    return {
        "revision": one.revision,
        "step": one.step,
        "start": one.start.isoformat(),
        "steps": one.steps,
        "weight": one.weight,
        "stable": one.stable,
        "seal": one.seal,
    }


def _glass(one: sealed.Glass) -> dict[str, Any]:
    return {
        "id": one.id,
        "revision": one.revision,
        "gate": one.gate,
        "actor": one.actor,
        "reason": one.reason,
        "at": one.at.isoformat(),
        "until": one.until.isoformat(),
        "second": one.second,
        "answer": str(one.answer),
        "answered": one.answered.isoformat() if one.answered else "",
        "seal": one.seal,
    }


def text(record: sealed.Record | status.Intent, *, cluster: str, uid: str) -> bytes:
    """What a seal is made over: the kind of record, whose it is, and every field of it.

    Two records that differ in anything differ here; none of one kind is one of another.
    """
    match record:
        case sealed.Approved():
            body: list[Any] = ["approved", record.id, *_approved(record).items()]
        case sealed.Passed():
            body = ["passed", *_passed(record).items()]
        case sealed.Held():
            body = ["held", *_held(record).items()]
        case sealed.Glass():
            body = ["glass", *_glass(record).items()]
        case status.Intent():
            body = [
                "intent", record.id, record.kind, record.revision, record.step, record.actor,
                record.at.isoformat(), record.gate, record.reason,
                record.expires.isoformat() if record.expires else "",
            ]  # fmt: skip
        case _:
            assert_never(record)
    plain = [one for one in body if not (isinstance(one, tuple) and one[0] == "seal")]
    return json.dumps([1, cluster, uid, *plain], separators=(",", ":")).encode()


def _text(raw: Any) -> str:
    return raw if isinstance(raw, str) else ""
