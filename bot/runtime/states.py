"""What one pass hands over to those who tell people, and which states are worth telling apart."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from bot.core.notices import ailing
from bot.core.notices import scene as scenes
from bot.model import errors, ports, world
from bot.model import spec as spec_model
from bot.model import status as status_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one pass handed over."""

    rollout: ports.Object
    spec: spec_model.Spec | errors.UserError
    status: status_model.Status
    seen: world.Seen
    reasons: tuple[world.Reason, ...]
    at: datetime
    ailment: ailing.Ailment | None = None
    room: str = ""

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.seen.namespace}/{self.seen.name}"


def told(
    rollout: ports.Object,
    spec: spec_model.Spec | errors.UserError,
    status: status_model.Status,
    seen: world.Seen,
    decision: world.Decision,
    *,
    at: datetime,
) -> Told:
    """What a pass left behind at ``at``."""
    return Told(
        rollout=rollout, spec=spec, status=status, seen=seen, reasons=decision.reasons, at=at
    )


def scene(told: Told) -> scenes.Scene:
    """The rollout at that moment."""
    return scenes.build(
        spec=told.spec,
        status=told.status,
        seen=told.seen,
        reasons=told.reasons,
        now=told.at,
        ailment=told.ailment,
        room=told.room,
    )


def mark(status: status_model.Status) -> str:
    """What makes two states worth telling apart: a later one of equal mark replaces it."""
    bot = status.bot
    weight = status.weights.canary if status.weights is not None else -1
    parts = (
        status.current_hash, status.stable_hash, status.abort, status.aborted_at,
        bot.abort.get("at"), status.pause_conditions, status.step_index, weight, bot.opened,
        bot.started, len(bot.handled), bot.abort.get("safeAt"), status.phase,
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()
