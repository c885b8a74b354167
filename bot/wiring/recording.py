"""The history behind the controller: built where one is configured, and said where none is."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.adapters import history
from bot.model import errors, ports, records, world
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.runtime import reconcile
from bot.runtime import recorder as recorders

if TYPE_CHECKING:
    from bot.wiring import controller as controllers

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Tap:
    """Hands what passes tell to the recorder, where there is one."""

    recorder: recorders.Recorder | None = None

    def tell(
        self,
        rollout: ports.Object,  # noqa: ARG002 - a port's shape
        spec: spec_model.Spec | errors.UserError,
        status: status_model.Status,
        seen: world.Seen,
        decision: world.Decision,
    ) -> None:
        if self.recorder is not None:
            self.recorder.take(spec, status, seen, decision.reasons)

    def forget(self, key: str) -> None:
        if self.recorder is not None:
            self.recorder.forget(key)


class Recording(Protocol):
    """What the controller needs of its history; ``history`` is None where none is kept."""

    teller: reconcile.Teller
    history: records.History | None

    @property
    def idle(self) -> bool:
        """Whether all that was handed over is written."""

    def note(self, record: records.Record) -> None: ...

    async def run(self) -> None: ...

    async def drain(self, timeout_s: float) -> None: ...

    async def close(self) -> None: ...


ELSEWHERE = (
    "Another replica keeps the history, in a file of its own, and this answer came from one that "
    "has none. Ask again; with PostgreSQL every replica has it."
)


class Reading:
    """The history as commands read it, on whichever replica they arrive."""

    def __init__(self, kept: history.SqlHistory, leading: Callable[[], bool]) -> None:
        self._kept = kept
        self._leading = leading

    async def find(self, query: records.Query) -> tuple[records.Entry, ...]:
        """The newest that fit.

        Raises:
            errors.UserError: the file is another replica's.

        """
        if not self._kept.shared and not self._leading():
            raise errors.UserError(ELSEWHERE)
        return await self._kept.find(query)


class Off:
    """No history: what passes tell goes to people only."""

    history: records.History | None = None

    def __init__(self) -> None:
        self.teller: reconcile.Teller = Tap()
        self.idle = True

    def note(self, record: records.Record) -> None:
        """Nobody keeps it."""

    async def run(self) -> None:
        log.warning(
            "no history is kept: give --history FILE or postgresql://…, or set "
            "ROLLOUT_BOT_HISTORY, to have /rollout history and audit"
        )

    async def drain(self, timeout_s: float) -> None:
        """Nothing waits."""

    async def close(self) -> None:
        """Nothing is open."""


class On:
    """The recorder, beside those who tell people."""

    def __init__(self, controller: "controllers.Controller") -> None:
        address = controller.chosen.history.reveal()
        self._where = history.shown(address)
        kept = history.SqlHistory(address)
        self.history: records.History | None = kept
        self.recorder = recorders.Recorder(
            history=kept,
            clock=controller.clock,
            rollouts=controller.caches.rollouts,
            cluster=controller.chosen.cluster,
            give_way=controller.manners.give_way,
            again=controller.queue.add,
            said=lambda gap: controller.chat.say(gap.sentence),
            away=controller.chat.say,
            link=controller.chat.link,
        )
        controller.chat.keep(Reading(kept, lambda: controller.leading))
        self.teller: reconcile.Teller = Tap(recorder=self.recorder)

    @property
    def idle(self) -> bool:
        return self.recorder.idle

    def note(self, record: records.Record) -> None:
        """One record that no rollout's status shows."""
        self.recorder.note(record)

    async def run(self) -> None:
        log.info("decisions are recorded in %s", self._where)
        await self.recorder.run()

    async def drain(self, timeout_s: float) -> None:
        await self.recorder.drain(timeout_s=timeout_s)

    async def close(self) -> None:
        if self.history is not None:
            await self.history.close()


def build(controller: "controllers.Controller") -> Recording:
    """The history that the settings ask for; none for a bot that only looks on.

    Raises:
        errors.UserError: its address is none that is known.

    """
    if not controller.chosen.history or controller.chosen.observe:
        return Off()
    return On(controller)
