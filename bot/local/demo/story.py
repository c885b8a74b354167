"""What every story has: a stage, versions that are shipped one after another, and the checks.

What is shipped, and what must come of it, is each story's own module.
"""

import abc
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bot.local.demo import checks, options, shipment, witness
from bot.local.demo import stage as stages


class Story(abc.ABC):
    """One story on one stage; ``checks`` grows as it goes."""

    def __init__(self, stage: stages.Stage, chosen: options.Options, say: shipment.Say) -> None:
        self.stage, self.chosen, self.say = stage, chosen, say
        self.began = time.time()
        self.shipments: list[shipment.Shipment] = []
        self.checks: list[checks.Check] = []

    async def play(self) -> list[checks.Check]:
        """Play to the end and judge.

        Raises:
            errors.TookTooLongError: a version was not over in time.

        """
        self.began = time.time()
        async with self._reading():
            await self._act()
        return self.checks

    @abc.abstractmethod
    async def _act(self) -> None:
        """Ship, and append the checks."""

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[None]:
        """Somebody reads the channel all the time."""
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(self.stage.chat.follow())
            try:
                yield
            finally:
                reader.cancel()

    async def _ship(self, image: str, *, approves: bool, order: str = "") -> shipment.Shipment:
        one = shipment.Shipment(
            self.stage, image=image, approves=approves, say=self.say, order=order
        )
        self.shipments.append(one)
        await one.play(timeout_s=self.chosen.timeout_s)
        return one

    @property
    def sights(self) -> list[witness.Sight]:
        return [sight for one in self.shipments for sight in one.seen.sights]

    def answers(self) -> list[Any]:
        """Every request since the story began, oldest first."""
        rows = self.stage.traffic.load.window(since=self.began)
        return sorted(rows, key=lambda row: row.t)

    async def save_charts(self, folder: Path) -> None:
        for one in self.shipments:
            for file in one.pictures():
                await self.stage.chat.save(file, folder)

    def _check(self, name: str, ok: bool, evidence: str) -> None:  # noqa: FBT001
        self.checks.append(checks.Check(id=name, ok=ok, evidence=evidence))
