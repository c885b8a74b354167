"""``rollout-bot decide``: what the bot would do about a rollout, without a cluster."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.cli import plain
from bot.core import codec_block, codec_status, decide
from bot.model import errors, ports
from bot.model import status as status_model
from bot.runtime import decoding
from bot.runtime import world as worlds

KINDS = ("promote", "promote-full", "abort", "retry")


def chosen(rollouts: Sequence[ports.Object], name: str) -> ports.Object:
    """The one Rollout that is meant.

    Raises:
        errors.UserError: there is none, or several and none is named.

    """
    named = [one for one in rollouts if name in {"", one["metadata"]["name"]}]
    if len(named) == 1:
        return named[0]
    names = ", ".join(one["metadata"]["name"] for one in rollouts) or "none"
    raise errors.UserError(f"name one Rollout with --rollout; the file holds: {names}")


def decided(
    rollout: ports.Object, *, reader: worlds.Reader, now: datetime, intent: str = ""
) -> dict[str, Any]:
    """The decision about ``rollout`` at ``now``, as JSON has it; ``intent`` is JSON too.

    Raises:
        errors.UserError: the intent is none.

    """
    spec = decoding.decoded(rollout, reader)
    status = codec_status.decode(rollout.get("status"))
    seen = reader.see(rollout, spec)
    intents = status.bot.intents
    if intent:
        intents = (*intents, _intent(intent, status, now))
    found = decide.decide(spec, status, seen, intents, now)
    out: dict[str, Any] = plain.plain(found)
    if found.status is not None:
        out["status"] = codec_status.encode(found.status)
    return out


def _intent(text: str, status: status_model.Status, now: datetime) -> status_model.Intent:
    """The intent, bound to the present revision and step where it says nothing else."""
    try:
        raw = json.loads(text)
    except ValueError as problem:
        raise errors.UserError(f"--intent is not JSON: {problem}") from None
    if not isinstance(raw, Mapping) or raw.get("kind") not in KINDS:
        raise errors.UserError(f"--intent needs a kind: one of {', '.join(KINDS)}")
    base = status_model.Intent(
        id="cli",
        kind=str(raw["kind"]),
        revision=status.current_hash,
        step=status.step_index,
        actor="cli",
        at=now,
    )
    known = codec_block.encode_intent(base)
    found = codec_block.intent("cli", {**known, **raw})
    if found is None:
        raise errors.UserError("--intent: a field of it has the wrong type")
    return found
