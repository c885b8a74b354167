"""``status.rolloutBot`` ↔ typed. Unknown keys are kept: a newer bot may have written them."""

from collections.abc import Mapping
from typing import Any

from bot.core import codec_instant, codec_seals, codec_stock
from bot.model import status

VERSION = 1
INTENTS_KEPT = 32
_KNOWN = frozenset(
    {
        "version",
        "intents",
        "handled",
        "opened",
        "hurried",
        "fullGateSince",
        "held",
        "wentOn",
        "abort",
        "started",
        "shippedBy",
        "previousStable",
        "notSupported",
        "overruled",
        "approvals",
        "passes",
        "shut",
        "glasses",
        "kept",
        "rolledBack",
        "stock",
        "said",
    }
)


def decode(raw: Any) -> status.BotBlock:
    """The block; anything malformed in it counts as absent."""
    got = raw if isinstance(raw, Mapping) else {}
    intents, handled = _map(got.get("intents")), _map(got.get("handled"))
    return status.BotBlock(
        intents=tuple(
            sorted(
                (i for key, entry in intents.items() if (i := intent(key, entry)) is not None),
                key=lambda i: (i.at, i.id),
            )
        ),
        handled=tuple(
            sorted(
                (h for key, entry in handled.items() if (h := _handled(key, entry)) is not None),
                key=lambda h: (h.at, h.id),
            )
        ),
        opened=_opened(got.get("opened")),
        hurried=_opened(got.get("hurried")),
        full_gate_since=codec_instant.read(got.get("fullGateSince")),
        held=held(got.get("held")),
        went_on=went_on(got.get("wentOn")),
        abort=_map(got.get("abort")),
        started=codec_instant.read(got.get("started")),
        shipped_by=_text(got.get("shippedBy")),
        previous_stable=_text(got.get("previousStable")),
        not_supported=_text(got.get("notSupported")),
        overruled=_texts(got.get("overruled")),
        kept=_map(got.get("kept")),
        rolled_back=_map(got.get("rolledBack")),
        stock=codec_stock.decode(got.get("stock")),
        said=_map(got.get("said")),
        **codec_seals.decode(got),
        extra={key: value for key, value in got.items() if key not in _KNOWN},
    )


def encode(block: status.BotBlock) -> dict[str, Any]:
    """The raw block, empty where there is nothing to keep."""
    plain: dict[str, Any] = {
        "intents": {i.id: encode_intent(i) for i in block.intents[-INTENTS_KEPT:]},
        "handled": {h.id: _encode_handled(h) for h in block.handled[-INTENTS_KEPT:]},
        "opened": _encode_opened(block.opened),
        "hurried": _encode_opened(block.hurried),
        "fullGateSince": block.full_gate_since.isoformat() if block.full_gate_since else None,
        "held": _encode_held(block.held),
        "wentOn": _encode_went_on(block.went_on),
        "abort": dict(block.abort),
        "started": block.started.isoformat() if block.started else None,
        "shippedBy": block.shipped_by,
        "previousStable": block.previous_stable,
        "notSupported": block.not_supported,
        "overruled": list(block.overruled),
        "kept": dict(block.kept),
        "rolledBack": dict(block.rolled_back),
        "stock": codec_stock.encode(block.stock),
        "said": dict(block.said),
        **codec_seals.encode(block),
    }
    out = dict(block.extra) | {key: v for key, v in plain.items() if v not in (None, "", {}, [])}
    return out | {"version": VERSION} if out else {}


def intent(key: str, raw: Any) -> status.Intent | None:
    """One open intent of the map, or None where it is malformed."""
    got = _map(raw)
    at = codec_instant.read(got.get("at"))
    if at is None or not got.get("kind"):
        return None
    step = got.get("step")
    return status.Intent(
        id=key,
        kind=_text(got["kind"]),
        revision=_text(got.get("revision")),
        step=step if isinstance(step, int) else None,
        actor=_text(got.get("actor")),
        at=at,
        gate=_text(got.get("gate")),
        reason=_text(got.get("reason")),
        expires=codec_instant.read(got.get("expires")),
        seal=_text(got.get("seal")),
    )


def encode_intent(value: status.Intent) -> dict[str, Any]:
    """The intent as it stands in the map, without its id."""
    out = {
        "kind": value.kind,
        "revision": value.revision,
        "step": value.step,
        "actor": value.actor,
        "at": value.at.isoformat(),
        "gate": value.gate,
        "reason": value.reason,
        "expires": value.expires.isoformat() if value.expires else None,
        "seal": value.seal,
    }
    return {key: found for key, found in out.items() if found not in (None, "")}


def _handled(key: str, raw: Any) -> status.Handled | None:
    got = _map(raw)
    at = codec_instant.read(got.get("at"))
    if at is None:
        return None
    return status.Handled(
        id=key,
        kind=_text(got.get("kind")),
        accepted=got.get("accepted") is True,
        sentence=_text(got.get("sentence")),
        actor=_text(got.get("actor")),
        at=at,
        outcome=_text(got.get("outcome")),
    )


def _encode_handled(value: status.Handled) -> dict[str, Any]:
    came_to = {"outcome": str(value.outcome)} if value.outcome else {}
    return came_to | {
        "kind": value.kind,
        "accepted": value.accepted,
        "sentence": value.sentence,
        "actor": value.actor,
        "at": value.at.isoformat(),
    }


def _opened(raw: Any) -> status.Opened | None:
    got = _map(raw)
    at = codec_instant.read(got.get("at"))
    step = got.get("step")
    if at is None or not isinstance(step, int):
        return None
    return status.Opened(
        revision=_text(got.get("revision")),
        step=step,
        by=_text(got.get("by")),
        how=_text(got.get("how")),
        at=at,
    )


def _encode_opened(value: status.Opened | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {
        "revision": value.revision,
        "step": value.step,
        "by": value.by,
        "how": value.how,
        "at": value.at.isoformat(),
    }


def held(raw: Any) -> status.Held | None:
    """Since when and for what it is held, or None."""
    got = _map(raw)
    since = codec_instant.read(got.get("since"))
    if since is None:
        return None
    return status.Held(
        since=since,
        rule=_text(got.get("rule")),
        until=codec_instant.read(got.get("until")),
        freed=codec_instant.read(got.get("freed")),
    )


def _encode_held(value: status.Held | None) -> dict[str, Any] | None:
    if value is None:
        return None
    out = {
        "since": value.since.isoformat(),
        "rule": value.rule,
        "until": value.until.isoformat() if value.until else None,
        "freed": value.freed.isoformat() if value.freed else None,
    }
    return {key: found for key, found in out.items() if found is not None}


def went_on(raw: Any) -> status.WentOn | None:
    """That it went on after a hold, or None."""
    got = _map(raw)
    since, at = codec_instant.read(got.get("since")), codec_instant.read(got.get("at"))
    return None if since is None or at is None else status.WentOn(since=since, at=at)


def _encode_went_on(value: status.WentOn | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {"since": value.since.isoformat(), "at": value.at.isoformat()}


def _map(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _texts(raw: Any) -> tuple[str, ...]:
    return tuple(one for one in raw if isinstance(one, str))[:8] if isinstance(raw, list) else ()


def _text(raw: Any) -> str:
    return raw if isinstance(raw, str) else ""
