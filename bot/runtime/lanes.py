"""What waits to be told of one rollout, in one lane: its states, the newest last."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from bot.core.notices import scene as scenes
from bot.runtime import states

PENDING_LIMIT = 24
"""States of one rollout that wait to be told; beyond it the oldest quiet ones go."""


@dataclass(slots=True, kw_only=True)
class Lane:
    """``task`` works it off."""

    pending: deque[tuple[str, states.Told]] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None

    def put(self, mark: str, told: states.Told) -> None:
        """A state that says the same as the one before it takes its place."""
        if self.pending and self.pending[-1][0] == mark:
            self.pending.pop()
        self.pending.append((mark, told))
        if len(self.pending) > PENDING_LIMIT:
            every = enumerate(self.pending)
            quiet = next((at for at, (_, one) in every if not one.status.abort), 0)
            del self.pending[quiet]

    def take(self) -> list[states.Told]:
        """All that waits."""
        every = [told for _, told in self.pending]
        self.pending.clear()
        return every

    def newest(self, fallback: states.Told) -> scenes.Scene:
        return states.scene(self.pending[-1][1] if self.pending else fallback)
