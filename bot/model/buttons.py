"""Buttons: their kinds, what a click is bound to, and how that is written into them.

Labels and dialogs are ``bot.render``'s; who may press what is nobody's here.
"""

import json
from dataclasses import dataclass
from enum import StrEnum

from bot.model import errors, facts

VALUE_LIMIT = 2_000  # Slack's limit for the value of a button
ACTION_PREFIX = "rollout:"  # a button's action_id is this plus its kind


class ButtonKind(StrEnum):
    APPROVE = "approve"
    PROMOTE = "promote"
    PROMOTE_FULL = "promote_full"
    SKIP_WAIT = "skip_wait"
    SWITCH = "switch"  # of a blue-green: all traffic at once
    SWITCH_BACK = "switch_back"
    MEASURE_AGAIN = "measure_again"
    CONTINUE = "continue"
    ABORT = "abort"
    RETRY = "retry"
    UNDO = "undo"
    WHY = "why"
    OPEN = "open"
    AGREE = "agree"  # to a break-glass; its gate id is the request's
    REFUSE = "refuse"
    RESUME = "resume"  # a stopped line; its value names a freeze, not a rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonValue:
    """What a click is bound to. It carries no right and no secret."""

    cluster: str
    namespace: str
    name: str
    uid: str
    revision: str  # the pod template hash
    step: int | None = None
    gate_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """``url`` only for ``OPEN``: a link to a message or a page.

    The rest is what a press would do, for the dialog that asks once more: ``revision`` gets
    ``weight``, or users return to ``stable``. A card, gate or alert fills in what is None.
    """

    kind: ButtonKind
    value: ButtonValue
    url: str = ""
    revision: facts.RevisionLabel | None = None
    stable: facts.RevisionLabel | None = None
    weight: int | None = None


def resume(*, cluster: str, freeze: str, scope: str) -> Button:
    """Ends a freeze: it belongs to no rollout and carries the freeze's id; ``scope`` is shown."""
    value = ButtonValue(cluster=cluster, namespace=scope, name=freeze, uid="", revision="")
    return Button(kind=ButtonKind.RESUME, value=value)


_KEYS = {
    "c": "cluster", "n": "namespace", "r": "name", "u": "uid",
    "h": "revision", "s": "step", "g": "gate_id",
}  # fmt: skip


def encode_value(value: ButtonValue) -> str:
    """Write a button's value as compact JSON.

    Raises:
        UserError: it would not fit into what Slack keeps.

    """
    raw = {short: getattr(value, name) for short, name in _KEYS.items()}
    text = json.dumps(raw, separators=(",", ":"))
    if len(text) > VALUE_LIMIT:
        raise errors.UserError("These names are too long for a button; use /rollout instead.")
    return text


def decode_value(text: str) -> ButtonValue:
    """Read what a click brought.

    Raises:
        UserError: it is none of ours, or of another version of us.

    """
    refusal = errors.UserError("This button is of another version; use /rollout instead.")
    if len(text) > VALUE_LIMIT:
        raise refusal
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise refusal from None
    if not isinstance(raw, dict) or set(raw) != set(_KEYS):
        raise refusal
    step = raw.pop("s")
    if not (step is None or (type(step) is int and step >= 0)):
        raise refusal
    if not all(isinstance(item, str) for item in raw.values()):
        raise refusal
    return ButtonValue(step=step, **{_KEYS[short]: item for short, item in raw.items()})
