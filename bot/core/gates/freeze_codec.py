"""Freezes as they stand in their ConfigMap: one entry an id, each a small JSON object.

What people typed is cut to size here; what cannot be read is nobody's freeze and is named.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.core import codec_instant, fields
from bot.model import errors, messenger, policy

LIMIT = 64
REASON_LIMIT = 300
LIFTED_LIMIT = 32
ENTRY_LIMIT = 8_000
READ_LIMIT = 4 * LIMIT
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_FOREVER = datetime.max.replace(tzinfo=UTC)


def decode(data: Any) -> tuple[tuple[policy.Freeze, ...], tuple[str, ...]]:
    """Every freeze by its begin, and a sentence for each entry that is none.

    Of too many those go first that are over, lifted or expired: of all that are not lifted these
    end the soonest. So one in force is never crowded out by them.
    """
    found: list[policy.Freeze] = []
    broken: list[str] = []
    entries = data if isinstance(data, Mapping) else {}
    keys = sorted(map(str, entries))
    if len(keys) > READ_LIMIT:
        broken.append(f"data: more than {READ_LIMIT} entries; the last of them count for nothing")
    for key in keys[:READ_LIMIT]:
        try:
            found.append(_one(key, entries[key]))
        except errors.UserError as problem:
            broken.append(problem.sentence)
    found.sort(key=lambda one: (one.at, one.id))
    kept = sorted(found, key=_lasts, reverse=True)[:LIMIT]
    return tuple(one for one in found if one in kept), tuple(broken)


def _lasts(one: policy.Freeze) -> tuple[bool, datetime]:
    """What is least of it gives room first; of two that are alike the one that began later."""
    return one.lifted_at is None, one.until or _FOREVER


def _one(key: str, raw: Any) -> policy.Freeze:
    path = f"data.{key[:60]}"
    if not ID.fullmatch(key) or not isinstance(raw, str) or len(raw) > ENTRY_LIMIT:
        raise fields.Invalid(path, "", "must be a JSON object under a short lower-case name")
    try:
        got = json.loads(raw)
    except (ValueError, RecursionError):
        raise fields.Invalid(path, raw[:80], "must be JSON") from None
    body = fields.mapping(got, path)
    at = codec_instant.read(body.get("at"))
    if at is None:
        raise fields.Invalid(f"{path}.at", body.get("at"), "must be an instant")
    until = codec_instant.read(body.get("until"))
    if until is None and body.get("until") is not None:
        raise fields.Invalid(f"{path}.until", body.get("until"), "must be an instant")
    return policy.Freeze(
        id=key,
        scope=policy.Scope(namespace=_text(body, "namespace"), name=_text(body, "name")),
        reason=_text(body, "reason"),
        by=_text(body, "by"),
        at=at,
        until=until,
        stop=body.get("stop") is True,
        lifted_for=tuple(str(one)[:320] for one in _list(body, "liftedFor"))[:LIFTED_LIMIT],
        lifted_by=_text(body, "liftedBy"),
        lifted_at=codec_instant.read(body.get("liftedAt")),
        told=tuple(str(one)[:120] for one in _list(body, "told"))[:LIMIT],
        begun_place=_place(body.get("begunPlace")),
        ended_place=_place(body.get("endedPlace")),
    )


def _text(body: Mapping[str, Any], key: str) -> str:
    found = body.get(key)
    return found[:REASON_LIMIT] if isinstance(found, str) else ""


def _list(body: Mapping[str, Any], key: str) -> list[Any]:
    found = body.get(key)
    return found if isinstance(found, list) else []


def _place(raw: Any) -> messenger.Place | None:
    body = raw if isinstance(raw, Mapping) else {}
    channel, ts = _text(body, "channel"), _text(body, "ts")
    return messenger.Place(channel=channel, ts=ts) if channel and ts else None


def encode(one: policy.Freeze) -> str:
    """The entry; what is empty is left out."""
    out = {
        "namespace": one.scope.namespace,
        "name": one.scope.name,
        "reason": one.reason[:REASON_LIMIT],
        "by": one.by[:REASON_LIMIT],
        "at": _stamp(one.at),
        "until": _stamp(one.until),
        "stop": one.stop,
        "liftedFor": list(one.lifted_for[:LIFTED_LIMIT]),
        "liftedBy": one.lifted_by[:REASON_LIMIT],
        "liftedAt": _stamp(one.lifted_at),
        "told": list(one.told),
        "begunPlace": _encode_place(one.begun_place),
        "endedPlace": _encode_place(one.ended_place),
    }
    kept = {key: value for key, value in out.items() if value not in (None, "", [], False)}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _encode_place(place: messenger.Place | None) -> dict[str, str] | None:
    return None if place is None else {"channel": place.channel, "ts": place.ts}


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def scope(text: str) -> policy.Scope:
    """What a person means: ``all``, a namespace, ``ns/*`` or ``ns/name`` (globs).

    Raises:
        errors.UserError: it can be no name of anything.

    """
    if text.strip().lower() == "all":
        return policy.Scope()
    namespace, slash, name = text.strip().partition("/")
    if not namespace or (slash and not name) or not _GLOB.fullmatch(f"{namespace}{name}"):
        raise errors.UserError(
            f'"{text[:80]}" is no scope: say all, a namespace, namespace/* or namespace/name.'
        )
    return policy.Scope(
        namespace="" if namespace == "*" else namespace, name="" if name == "*" else name
    )


_GLOB = re.compile(r"[a-z0-9.*?\[\]-]{1,320}")


def shown(one: policy.Scope) -> str:
    """A scope as a person types it."""
    if not one.namespace and not one.name:
        return "all"
    return f"{one.namespace or '*'}/{one.name or '*'}"
