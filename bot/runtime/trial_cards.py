"""The card of each Experiment of its own: posted once, edited in place, its place in its status.

Beside the path of control: nothing waits for it, and nothing in here may raise into a pass.
"""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core.notices import trial
from bot.model import errors, messages, ports
from bot.render import rendering
from bot.runtime import anchors, authorize, outbox, tasks

log = logging.getLogger(__name__)

EDIT_S = 3.0
"""Between two edits: what came meanwhile is in the next one."""
KNOWN_LIMIT = 500


@dataclass(slots=True, kw_only=True)
class TrialCards:
    """One a process; ``places`` writes into Experiments. ``show`` is called by every pass."""

    box: outbox.Outbox
    places: anchors.Anchors
    rules: authorize.Rules
    runs: ports.Cache
    replica_sets: ports.Cache
    clock: ports.Clock
    cluster: str
    _waiting: dict[str, ports.Object] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _shown: OrderedDict[str, messages.TrialFacts] = field(default_factory=OrderedDict)

    def show(self, raw: ports.Object) -> None:
        """Take in how it stands; returns at once."""
        if not trial.own(raw):
            return
        key = f"{raw['metadata']['namespace']}/{raw['metadata']['name']}"
        record = self.places.of(raw).get(trial.KEY, {})
        if record.get("end") or not (record.get("ts") or trial.news(raw, self.clock())):
            return
        self._waiting[key] = raw
        if key not in self._tasks:
            self._tasks[key] = tasks.spawn(self._work(key), name=f"card of experiment {key}")

    async def _work(self, key: str) -> None:
        try:
            while key in self._waiting:
                await self._stand(key, self._waiting.pop(key))
                await asyncio.sleep(EDIT_S)
        except Exception:
            log.exception("telling of an experiment failed: a bug", extra={"key": key})
        finally:
            self._tasks.pop(key, None)

    async def _stand(self, key: str, raw: ports.Object) -> None:
        record = self.places.of(raw).get(trial.KEY, {})
        if record.get("end"):
            return
        facts = self._facts(raw)
        try:
            if not record.get("ts"):
                await self._post(key, raw)
            elif self._shown.get(raw["metadata"]["uid"]) != facts:
                await self._edit(key, raw, record)
        except errors.RolloutBotError as problem:
            log.warning("the card of experiment %s was not sent: %s", key, problem)
            return
        stands = self.places.of(raw).get(trial.KEY, {}).get("ts")
        newest = self._waiting.get(key, raw)
        if stands and newest is raw and trial.settled(raw, self._runs(raw)):
            await self.places.record(raw, trial.KEY, {"end": "over"})

    async def _post(self, key: str, raw: ports.Object) -> None:
        place = await self.box.post(
            channel=self.rules.channel(raw), content=lambda: self._content(key, raw)
        )
        if place is not None:
            where: dict[str, Any] = {"channel": place.channel, "ts": place.ts}
            await self.places.record(raw, trial.KEY, where)

    async def _edit(self, key: str, raw: ports.Object, record: anchors.Record) -> None:
        try:
            await self.box.update(
                place=anchors.place(record), content=lambda: self._content(key, raw)
            )
        except errors.NotFound:
            # Somebody deleted it: what still runs stands again, what is over stays away.
            if not trial.settled(raw, self._runs(raw)):
                await self._post(key, raw)

    def _content(self, key: str, raw: ports.Object) -> messages.Message:
        """As it is at the moment of sending."""
        newest = self._waiting.get(key, raw)
        facts = self._facts(newest)
        self._shown[newest["metadata"]["uid"]] = facts
        while len(self._shown) > KNOWN_LIMIT:
            self._shown.popitem(last=False)
        mark = anchors.mark(newest, trial.KEY)
        return replace(rendering.render(facts), mark=mark)

    def _facts(self, raw: ports.Object) -> messages.TrialFacts:
        sets = list(self.replica_sets.owned_by(raw["metadata"]["uid"]))
        return trial.card(raw, self._runs(raw), sets, cluster=self.cluster)

    def _runs(self, raw: ports.Object) -> list[ports.Object]:
        return list(self.runs.owned_by(raw["metadata"]["uid"]))

    async def close(self) -> None:
        every = tuple(self._tasks.values())
        self._tasks.clear()
        await tasks.cancel(*every)
