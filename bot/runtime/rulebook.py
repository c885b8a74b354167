"""The policy in force: loaded once, looked at now and then, replaced only by one that is right.

Whoever asks what counts for a rollout asks here. Reads no file itself and tells nobody itself.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.core.policies import codec, resolve
from bot.model import errors, policy, ports

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
NOBODY = "nobody"
LOCKED = policy.Policy(
    rules=(
        policy.Rule(
            path="no policy could be read",
            match=policy.Match(),
            may={
                action: (NOBODY,) for action in policy.Action if action is not policy.Action.ABORT
            },
            approval=policy.Approval(approvers=(NOBODY,)),
        ),
    )
)
"""What counts while the only policy there is cannot be read: aborts, and nothing else."""

Look = Callable[[], Awaitable[tuple[bool, Any]]]


@dataclass(slots=True, kw_only=True)
class Rulebook:
    """``look`` gives the raw file where it has changed; None where there is no policy file.

    ``changed`` is called when another policy is in force, ``say`` with each new sentence that
    people should read: what is wrong with the file, and that it is right again.
    """

    cluster: str
    look: Look | None = None
    changed: Callable[[], None] = lambda: None
    say: Callable[[str], None] = lambda _: None
    current: policy.Policy = field(default_factory=policy.Policy)
    _problem: str = ""

    def effective(self, rollout: ports.Object) -> policy.Effective:
        """What counts for one rollout."""
        meta = rollout["metadata"]
        return resolve.resolve(
            self.current,
            cluster=self.cluster,
            namespace=meta.get("namespace", ""),
            name=meta["name"],
            labels=meta.get("labels") or {},
            annotations=meta.get("annotations") or {},
        )

    async def load(self) -> None:
        """At the start: a file that is wrong locks every gate, and keeps no abort from working."""
        if self.look is not None:
            self.current = LOCKED
            await self.refresh()

    def repeat(self) -> None:
        """Say again what is wrong now: whoever begins to lead may be the first who can."""
        if self._problem:
            self.say(self._sentence())

    async def run(self) -> None:
        """Look at the file until canceled."""
        while self.look is not None:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.refresh()

    async def refresh(self) -> None:
        """Look once. Never raises: whatever the file is, the policy in force stays."""
        if self.look is None:
            return
        try:
            new, raw = await self.look()
            if not new:
                return
            found = codec.decode(raw)
        except errors.RolloutBotError as problem:
            self._wrong(problem)
        except Exception:
            log.exception("the policy file was not taken in: a bug")
        else:
            self._right(found)

    def _right(self, found: policy.Policy) -> None:
        log.info("a policy is in force", extra={"rules": len(found.rules)})
        if self._problem:
            self._problem = ""
            self.say("The policy file is right again and in force.")
        if found != self.current:
            self.current = found
            self.changed()

    def _wrong(self, problem: errors.RolloutBotError) -> None:
        sentence = str(problem)
        if sentence == self._problem:
            return
        self._problem = sentence
        log.error("the policy file is wrong: %s", sentence)
        self.say(self._sentence())

    def _sentence(self) -> str:
        stays = "The policy before it stays in force."
        if self.current is LOCKED:
            stays = "No gate can be opened until it is mended; aborts work."
        return f"The policy file is wrong: {self._problem.rstrip('.')}. {stays}"
