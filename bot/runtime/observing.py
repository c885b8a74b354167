"""``run --observe``: the passes of a bot that only looks on while another controller works.

It decides about every rollout and writes nothing. What it would still change when the world has
stood still for a while is a difference, and is told once. So is a measurement that it would have
judged otherwise.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core import codec_status, differing
from bot.core import decide as core
from bot.core.analysis import rejudging
from bot.model import errors, ports, world
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.runtime import decoding, reconcile
from bot.runtime import world as worlds

log = logging.getLogger(__name__)

STRICT = "rollout-bot.io/strict"


@dataclass(slots=True, kw_only=True)
class _Watch:
    """What would be changed, since when that has been the same, and whether it was told."""

    wanted: tuple[differing.Difference, ...]
    since: datetime
    told: bool = False


@dataclass(slots=True, kw_only=True)
class Observer:
    """One a process; ``told`` is called with each difference.

    ``settled`` is how long the other controller has before something that it has not done counts.
    """

    reader: worlds.Reader
    clock: ports.Clock
    timers: ports.Timers
    settled: timedelta
    instance_id: str = ""
    told: Callable[[ports.Object, differing.Difference], None] = lambda _rollout, _one: None
    teller: reconcile.Teller | None = None
    latest: dict[str, tuple[world.Reason, ...]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    differences: int = 0
    _watched: dict[str, _Watch] = field(default_factory=dict)
    _judged: dict[str, set[differing.Difference]] = field(default_factory=dict)

    async def look(self, key: str) -> None:
        """One pass over one rollout.

        Raises:
            errors.Unavailable: something that it names is only just being read.

        """
        namespace, _, name = key.partition("/")
        rollout = self.reader.caches.rollouts.get(namespace, name)
        if rollout is None or rollout["metadata"].get("deletionTimestamp"):
            self._forget(key)
            return
        if not self._ours(rollout):
            return
        self.seen.add(key)
        decision, wanted = self._decided(rollout)
        if self.latest.get(key) != decision.reasons:
            self.latest[key] = decision.reasons
            why = "; ".join(reason.sentence for reason in decision.reasons)
            log.info("decided", extra={"key": key, "why": why})
        self._compare(key, rollout, wanted)
        self._wake(key, decision)

    def _ours(self, obj: ports.Object) -> bool:
        labels = obj["metadata"].get("labels") or {}
        mark = labels.get("argo-rollouts.argoproj.io/controller-instance-id", "")
        return bool(mark == self.instance_id)

    def judge(self, key: str) -> None:
        """Find the verdicts of one AnalysisRun anew from the values that stand in its status."""
        namespace, _, name = key.partition("/")
        run = self.reader.caches.runs.get(namespace, name)
        if run is None:
            self._judged.pop(key, None)
        elif self._ours(run):
            strict = (run["metadata"].get("annotations") or {}).get(STRICT) == "true"
            known = self._judged.setdefault(key, set())
            for one in rejudging.of(run, strict=strict):
                if one not in known:
                    known.add(one)
                    self._say(key, run, one)

    def _decided(
        self, rollout: ports.Object
    ) -> tuple[world.Decision, tuple[differing.Difference, ...]]:
        spec = work = decoding.decoded(rollout, self.reader)
        if isinstance(spec, errors.UserError):
            work = decoding.salvaged(rollout, self.reader, spec)
        status = codec_status.decode(rollout.get("status"))
        seen = self.reader.see(rollout, work)
        decision = core.decide(work, status, seen, (), self.clock())
        self._tell(rollout, spec, status, seen, decision)
        return decision, differing.of(status, seen, decision)

    def _tell(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec | errors.UserError,
        status: status_model.Status,
        seen: world.Seen,
        decision: world.Decision,
    ) -> None:
        """Show how it stands by the other controller's status, not by what we would do."""
        if self.teller is None:
            return
        try:
            self.teller.tell(rollout, spec, status, seen, decision)
        except Exception:
            # What people are told must never stop the comparison.
            log.exception("telling failed: a bug", extra={"key": seen.name})

    def _forget(self, key: str) -> None:
        self._watched.pop(key, None)
        self.timers.cancel(key)
        if self.teller is not None:
            self.teller.forget(key)

    def _compare(
        self, key: str, rollout: ports.Object, wanted: tuple[differing.Difference, ...]
    ) -> None:
        known, now = self._watched.get(key), self.clock()
        if known is None or known.wanted != wanted:
            if known is not None and known.told and not wanted:
                log.info("both agree again", extra={"key": key})
            known = self._watched[key] = _Watch(wanted=wanted, since=now)
        if known.told or not wanted or now - known.since < self.settled:
            return
        known.told = True
        for one in wanted:
            self._say(key, rollout, one)

    def _say(self, key: str, obj: ports.Object, one: differing.Difference) -> None:
        self.differences += 1
        log.warning(
            "difference",
            extra={"key": key, "path": one.path, "theirs": one.theirs, "ours": one.ours},
        )
        self.told(obj, one)

    def _wake(self, key: str, decision: world.Decision) -> None:
        """At the next instant of the rollout, or when what differs has stood for long enough."""
        known, now = self._watched[key], self.clock()
        instants = [known.since + self.settled] if known.wanted and not known.told else []
        if decision.wake_at is not None:
            # A moment later: the other controller must have its chance.
            instants.append(max(decision.wake_at, now) + timedelta(seconds=1))
        if instants:
            self.timers.set(key, min(instants))
        else:
            self.timers.cancel(key)

    def summary(self) -> str:
        """What was seen so far, in a sentence."""
        return f"rollouts observed: {len(self.seen)}, differences told: {self.differences}"
