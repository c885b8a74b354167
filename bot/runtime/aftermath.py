"""Looks after an abort whether it helped: measures the stable, counts what the canary served.

Beside the path of control: nothing waits for it and nothing is decided by it. What it found is
written beside the abort, so that a restart goes on and says nothing twice.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.core import aftermath, analysis, served
from bot.core.notices import card, degraded, measured
from bot.core.notices import scene as scenes
from bot.model import analysis as analysis_model
from bot.model import errors, ports
from bot.runtime import secret_values, tasks

log = logging.getLogger(__name__)

AT_ONCE = 4
TRIES = 64
SAMPLE_TIMEOUT_S = 20.0
WRITE_TIMEOUT_S = 10.0
COUNT_AFTER_S = 10.0
"""Counters are scraped now and then: what was served last is in them a little later."""


@dataclass(slots=True, kw_only=True)
class Aftermath:
    """One a process; ``found(key, rollout)`` hears what was written."""

    api: ports.Api
    providers: Mapping[str, ports.Provider]
    clock: ports.Clock
    queries: served.Queries = field(default_factory=served.Queries)
    found: Callable[[str, ports.Object], None] = lambda _key, _rollout: None
    _scenes: dict[str, scenes.Scene] = field(default_factory=dict)
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def watch(self, scene: scenes.Scene) -> None:
        """Take in how it stands; returns at once."""
        key = f"{scene.rollout.namespace}/{scene.rollout.name}"
        if not self._wanted(scene):
            self._scenes.pop(key, None)
            return
        self._scenes[key] = scene
        if key not in self._tasks:
            self._tasks[key] = tasks.spawn(self._visit(key), name=f"aftermath of {key}")

    def _wanted(self, scene: scenes.Scene) -> bool:
        safe = scenes.time(scene.abort.get("safeAt"))
        if safe is None or scene.stable is None or scene.problem or card.inherited(scene):
            return False
        if scene.now - safe > aftermath.TOO_LATE:
            return False
        unseen = "restored" not in scene.abort and degraded.measurable(scene)
        return unseen or ("served" not in scene.abort and bool(self._queries(scene).requests))

    def _queries(self, scene: scenes.Scene) -> served.Queries:
        return served.queries(scene.seen.annotations, self.queries)

    async def _visit(self, key: str) -> None:
        """Look again and again until it is known or too late."""
        try:
            for _ in range(TRIES):
                scene = self._scenes.get(key)
                if scene is None or not self._wanted(scene):
                    return
                async with self._turns:
                    fresh = {**await self._counted(scene), **await self._measured(scene)}
                if fresh:
                    await self._write(key, scene, fresh)
                await asyncio.sleep(aftermath.EVERY.total_seconds())
        finally:
            if self._tasks.get(key) is asyncio.current_task():
                del self._tasks[key]

    # -- what the canary served ------------------------------------------------------------

    async def _counted(self, scene: scenes.Scene) -> dict[str, Any]:
        queries, begun = self._queries(scene), scene.status.bot.started
        safe = scenes.time(scene.abort.get("safeAt"))
        if "served" in scene.abort or not queries.requests or begun is None or safe is None:
            return {}
        now = self.clock()
        if (now - safe).total_seconds() < COUNT_AFTER_S:
            return {}
        found = {}
        for name, query in (("requests", queries.requests), ("failed", queries.failed)):
            asked = served.filled(query, pod_hash=scene.hash, start=begun, end=now)
            number = await self._number(scene, asked) if query else None
            if number is not None:
                found[name] = number
        late = (now - safe).total_seconds() > 6 * COUNT_AFTER_S
        return {"served": found} if "requests" in found or late else {}

    async def _number(self, scene: scenes.Scene, query: str) -> int | None:
        try:
            async with asyncio.timeout(SAMPLE_TIMEOUT_S):
                config = {"query": query, "address": _address(scene)}
                sample = await self.providers["prometheus"].sample(config, now=self.clock())
        except (ports.MetricError, TimeoutError, KeyError) as problem:
            log.info("what the canary served is not known: %s", problem)
            return None
        return served.count(sample.value)

    # -- how the stable does ---------------------------------------------------------------

    async def _measured(self, scene: scenes.Scene) -> dict[str, Any]:
        source, stable = degraded.judging(scene), scene.stable
        if "restored" in scene.abort or source is None or stable is None:
            return {}
        run = aftermath.run_of_stable(source.raw, stable.hash)
        if run is None:
            said = aftermath.unmeasured(source.raw)
            return {"restored": {**said, "at": self.clock().isoformat()}} if said else {}
        result, why = await self._once(scene, run)
        safe, now = scenes.time(scene.abort.get("safeAt")), self.clock()
        own = aftermath.own(source.raw, stable.hash)
        limit = aftermath.OWN_LIMIT if own else aftermath.SHARED_LIMIT
        last = safe is None or now - safe > limit
        told = aftermath.told(run, result, why, last=last)
        return {"restored": {**told, "at": now.isoformat()}} if told else {}

    async def _once(
        self, scene: scenes.Scene, run: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], str]:
        """One measurement of each metric: the run's status, or why there is none."""
        secrets: dict[tuple[str, str], str | None] = {}
        decision = self._decide(run, {}, secrets)
        try:
            async with asyncio.timeout(SAMPLE_TIMEOUT_S):
                for wanted in decision.secrets:
                    secrets[wanted] = await secret_values.read(
                        self.api, scene.rollout.namespace, *wanted
                    )
        except (errors.RolloutBotError, TimeoutError) as problem:
            return {}, str(problem)
        if decision.secrets:
            decision = self._decide(run, {}, secrets)
        namespace = scene.rollout.namespace
        outcomes = {due.metric: await self._sample(due, namespace) for due in decision.due}
        if not outcomes:
            return {}, str((decision.status or {}).get("message", ""))
        return self._decide(run, outcomes, secrets).status or {}, ""

    def _decide(
        self,
        run: Mapping[str, Any],
        outcomes: Mapping[str, analysis_model.Outcome],
        secrets: Mapping[tuple[str, str], str | None],
    ) -> analysis_model.RunDecision:
        return analysis.decide_run(
            run, now=self.clock(), outcomes=outcomes, in_flight=frozenset(), secrets=secrets
        )

    async def _sample(self, due: analysis_model.Due, namespace: str) -> analysis_model.Outcome:
        started: datetime = self.clock()
        sample, error = None, ""
        try:
            provider = self.providers[due.provider]
            if isinstance(provider, ports.Placed):
                provider = provider.within(namespace)
            async with asyncio.timeout(SAMPLE_TIMEOUT_S):
                sample = await provider.sample(due.config, now=started)
        except (ports.MetricError, KeyError) as problem:
            error = str(problem) or "no answer"
        except TimeoutError:
            error = "the metric provider did not answer in time"
        return analysis_model.Outcome(
            started=started, finished=self.clock(), sample=sample, error=error
        )

    # -- writing it down -------------------------------------------------------------------

    async def _write(self, key: str, scene: scenes.Scene, fresh: Mapping[str, Any]) -> None:
        """Beside the abort it belongs to, and to no later one."""
        way = "/status/rolloutBot/abort"
        body = [
            {"op": "test", "path": "/metadata/uid", "value": scene.rollout.uid},
            {"op": "test", "path": f"{way}/at", "value": scene.abort["at"]},
            *({"op": "add", "path": f"{way}/{name}", "value": v} for name, v in fresh.items()),
        ]
        ref = ports.Ref(
            kind=ports.ROLLOUT, namespace=scene.rollout.namespace, name=scene.rollout.name
        )
        write = ports.Write(
            verb=ports.Verb.PATCH,
            ref=ref,
            body=body,
            patch=ports.PatchType.JSON,
            subresource="status",
            because="what came after the abort",
        )
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                saved = await self.api.write(write)
        except (errors.RolloutBotError, TimeoutError) as problem:
            log.warning("what came after the abort of %s was not written: %s", key, problem)
            return
        self.found(key, saved)

    def forget(self, key: str) -> None:
        """The rollout is gone."""
        self._scenes.pop(key, None)
        if (task := self._tasks.pop(key, None)) is not None:
            task.cancel()

    async def close(self) -> None:
        every = tuple(self._tasks.values())
        self._tasks.clear()
        await tasks.cancel(*every)


def _address(scene: scenes.Scene) -> str:
    """Where the metrics of this rollout are asked for; empty: the default."""
    run = degraded.judging(scene)
    for metric in () if run is None else (run.raw.get("spec") or {}).get("metrics") or ():
        config = (metric.get("provider") or {}).get("prometheus") or {}
        if run is not None and config.get("address"):
            return measured.filled(config["address"], run.raw)
    return ""
