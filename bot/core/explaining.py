"""The reason of an abort that is given afterwards: none is asked for before (ruling 6).

Once, by the person who aborted; how it is come by is not the core's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core import codec_instant
from bot.core import draft as draft_module
from bot.model import status as status_model

KIND = "explain"
LIMIT = 600
_LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Who gave it and when; ``by`` is as intents carry people."""

    by: str
    at: datetime
    text: str


def awaited(status: status_model.Status) -> str:
    """Whose reason is missing; empty where nobody's is."""
    abort = status.bot.abort if status.abort else {}
    return "" if reason(abort) else str(abort.get("by") or "")


def reason(abort: Mapping[str, Any]) -> str:
    """Why a person aborted, said at once or later."""
    found = later(abort)
    return str(abort.get("reason") or "") or (found.text if found is not None else "")


def later(abort: Mapping[str, Any]) -> Later | None:
    """What was said of it afterwards."""
    raw = abort.get(_LATER)
    got = raw if isinstance(raw, Mapping) else {}
    at, text = codec_instant.read(got.get("at")), got.get("text")
    if at is None or not isinstance(text, str) or not text:
        return None
    return Later(by=str(got.get("by") or ""), at=at, text=text[:LIMIT])


def take(d: draft_module.Draft, intent: status_model.Intent) -> tuple[bool, str]:
    """Keep it beside the abort: whether it counts, and what to say."""
    text = intent.reason.strip()[:LIMIT]
    if not text or not intent.actor or awaited(d.status) != intent.actor:
        return False, "Nobody waits for that reason; nothing was changed."
    said = {"by": intent.actor, "at": d.now.isoformat(), "text": text}
    d.set_bot(abort={**d.status.bot.abort, _LATER: said})
    return True, "The reason is kept with the abort."
