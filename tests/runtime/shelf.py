"""A history in memory that can say no, and a stage whose passes are recorded."""

from bot.core import codec_status
from bot.model import chain, errors, records
from bot.runtime import recorder, tasks
from tests.runtime import stage as stages
from tests.runtime import virtual


class Shelf:
    """Implements ``records.History``; ``fail(number)`` may return an error for the n-th call."""

    def __init__(self):
        self.entries = []
        self.calls = 0
        self.fail = lambda number: None
        self.after = lambda number: None

    async def append(self, batch, *, at):
        self.calls += 1
        if (problem := self.fail(self.calls)) is not None:
            raise problem
        fresh = []
        for one in batch:
            if one.id not in {e.record.id for e in self.entries}:
                head = await self.head()
                self.entries.append(
                    chain.entry(one, seq=head.seq + 1, previous=head.digest, written_at=at)
                )
                fresh.append(one.id)
        if (problem := self.after(self.calls)) is not None:
            raise problem
        return tuple(fresh)

    async def find(self, query):
        found = [e for e in self.entries if e.record.rollout == query.rollout or not query.rollout]
        return tuple(reversed(found))[: query.limit]

    async def walk(self, *, after, limit):
        return tuple(self.entries[after or 0 : (after or 0) + limit])

    async def head(self):
        if not self.entries:
            return records.Head(seq=0, digest=chain.START)
        return records.Head(seq=self.entries[-1].seq, digest=self.entries[-1].digest)

    async def close(self):
        pass

    def kinds(self):
        return [str(e.record.kind) for e in self.entries]

    def records(self):
        return [e.record for e in self.entries]


class Cache:
    """The stage's one rollout."""

    def __init__(self, stage):
        self.stage = stage

    def get(self, namespace, name):
        return self.stage.api.rollout if name == "checkout" else None

    def list(self, namespace=""):
        return [self.stage.api.rollout]


class Recorded(stages.Stage):
    """Passes that are recorded; ``reboot`` is a kill: nothing of the old process is left."""

    def __init__(self, steps=stages.STEPS, **more):
        super().__init__(steps, **more)
        self.shelf = Shelf()
        self.gaps = []
        self.outages = []
        self.asked = []
        self.recorder = None
        self._task = None

    async def boot(self):
        self.recorder = recorder.Recorder(
            history=self.shelf,
            clock=virtual.now,
            rollouts=Cache(self),
            cluster="prod-eu",
            again=self.asked.append,
            said=self.gaps.append,
            away=self.outages.append,
            link=lambda place: f"https://x.example/{place.channel}/{place.ts}",
        )
        self._task = tasks.spawn(self.recorder.run(), name="recorder")

    async def reboot(self):
        await tasks.cancel(self._task)
        await self.boot()

    async def stop(self):
        await tasks.cancel(self._task)

    def step(self):
        before = codec_status.decode(self.api.rollout.get("status"))
        spec, status, seen, decision = self.decide()
        assert codec_status.decode(seen.raw.get("status")) == before
        if self.recorder is not None:
            self.recorder.take(spec, status, seen, decision.reasons)
        return status


AWAY = errors.Unavailable("the history does not answer")
