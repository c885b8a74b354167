"""Taking measurements: a pass over one AnalysisRun, and the samples that are on their way.

A sample is taken beside the queue: a hanging server holds up no pass, and no abort. What is in
flight is known in memory only; after a crash it is taken again.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.core import analysis as core
from bot.core import codec_status
from bot.model import analysis, errors, ports
from bot.runtime import reconcile, secret_values, tasks

log = logging.getLogger(__name__)

STRICT = "rollout-bot.io/strict"
SAMPLE_TIMEOUT_S = 300.0
"""The last resort; every provider has its own, shorter limit."""

Heard = Callable[[str, analysis.Due, bool], None]
"""Whether the server of a measurement said anything; never raises."""

Changed = Callable[[ports.Object | None, ports.Object | None], None]


@dataclass(slots=True)
class _Flight:
    """The measurements of one run that are being taken, and those that came back.

    ``stopping`` names the lasting ones that are being ended.
    """

    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    outcomes: dict[str, analysis.Outcome] = field(default_factory=dict)
    stopping: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Measurer:
    """Runs one pass for one AnalysisRun; ``changed`` hears of every status it writes."""

    api: ports.Api
    runs: ports.Cache
    providers: Mapping[str, ports.Provider]
    lasting: Mapping[str, ports.LastingProvider] = field(default_factory=dict)
    clock: ports.Clock
    timers: ports.Timers
    events: reconcile.Events
    again: Callable[[str], None]
    changed: Changed
    instance_id: str = ""
    heard: Heard = lambda _run, _due, _answered: None
    _flights: dict[str, _Flight] = field(default_factory=dict)

    async def reconcile(self, key: str) -> None:
        """One whole pass over a run."""
        namespace, _, name = key.partition("/")
        run = self.runs.get(namespace, name)
        if run is None or run["metadata"].get("deletionTimestamp"):
            await self._forget(key)
            return
        if not self._ours(run):
            return
        flight = self._flights.setdefault(key, _Flight())
        taken = dict(flight.outcomes)
        decision = await self._decide(run, flight, taken)
        if decision.delete:
            await self._delete(run)
            return
        if decision.status is not None:
            await self._save(run, decision)
        for metric, outcome in taken.items():
            if flight.outcomes.get(metric) is outcome:
                # A lasting one may have ended while its beginning was written.
                del flight.outcomes[metric]
        await self._act(key, run, flight, decision)

    def _ours(self, run: ports.Object) -> bool:
        labels = run["metadata"].get("labels") or {}
        mark = labels.get("argo-rollouts.argoproj.io/controller-instance-id", "")
        return bool(mark == self.instance_id)

    async def _decide(
        self, run: ports.Object, flight: _Flight, taken: Mapping[str, analysis.Outcome]
    ) -> analysis.RunDecision:
        secrets: dict[tuple[str, str], str | None] = {}
        for _ in range(2):
            decision = core.decide_run(
                run,
                now=self.clock(),
                outcomes=taken,
                in_flight=frozenset(flight.tasks),
                secrets=secrets,
                strict=(run["metadata"].get("annotations") or {}).get(STRICT) == "true",
            )
            if not decision.secrets:
                break
            for wanted in decision.secrets:
                space = run["metadata"]["namespace"]
                secrets[wanted] = await secret_values.read(self.api, space, *wanted)
        return decision

    async def _save(self, run: ports.Object, decision: analysis.RunDecision) -> None:
        """Write the run's status: a merge patch on the object itself, bound to what was read."""
        meta = run["metadata"]
        patch = codec_status.merge_patch(run.get("status") or {}, decision.status)
        version = {"resourceVersion": meta["resourceVersion"], "uid": meta["uid"]}
        ref = ports.Ref(kind=ports.RUN, namespace=meta["namespace"], name=meta["name"])
        phase = (decision.status or {}).get("phase")
        write = ports.Write(
            verb=ports.Verb.PATCH,
            ref=ref,
            body={"metadata": version, "status": patch},
            urgent=phase in {"Failed", "Error"},
        )
        try:
            saved = await self.api.write(write)
        except errors.Conflict:
            self.runs.observe(await self.api.get(ref))
            raise
        except errors.NotFound:
            self.runs.forget(meta["namespace"], meta["name"])
            raise errors.Conflict(f"AnalysisRun {ref.name} is gone") from None
        self.runs.observe(saved)
        self.changed(run, saved)
        for event in decision.events:
            kind = "Warning" if event.warning else "Normal"
            self.events.post(obj=saved, type=kind, reason=event.reason, message=event.message)

    async def _act(
        self, key: str, run: ports.Object, flight: _Flight, decision: analysis.RunDecision
    ) -> None:
        for due in decision.due:
            if due.provider in self.lasting:
                work = self._last(key, flight, due, _check(run, due))
            else:
                work = self._take(key, flight, due)
            flight.tasks[due.metric] = tasks.spawn(work, name=f"measure {key} {due.metric}")
        finished = (decision.status or run.get("status") or {}).get("phase") in analysis.DONE
        for due in decision.stop:
            if finished:
                tasks.spawn(self._abandon(due), name=f"stop {key} {due.metric}")
            else:
                await self._stop(key, run, flight, due)
        if finished:
            await tasks.cancel(*flight.tasks.values())
            flight.tasks.clear()
            flight.outcomes.clear()
            flight.stopping.clear()
        if decision.wake_at is None:
            self.timers.cancel(f"run:{key}")
        elif decision.wake_at <= self.clock():
            self.again(key)
        else:
            # Finish times are whole seconds: one instant later is after, as Argo's test asks.
            self.timers.set(f"run:{key}", decision.wake_at + timedelta(milliseconds=1))

    async def _take(self, key: str, flight: _Flight, due: analysis.Due) -> None:
        started = self.clock()
        outcome: dict[str, Any] = {}
        answered = True
        try:
            provider = self.providers[due.provider]
            if isinstance(provider, ports.Placed):
                provider = provider.within(key.partition("/")[0])
            async with asyncio.timeout(SAMPLE_TIMEOUT_S):
                outcome["sample"] = await provider.sample(due.config, now=started)
        except ports.MetricError as error:
            outcome.update(error=str(error), metadata=error.metadata)
            answered = error.answered
        except KeyError:
            outcome["error"] = f"the metric provider {due.provider} is not supported yet"
        except TimeoutError:
            outcome["error"] = "the metric provider did not answer in time"
            answered = False
        except Exception as error:
            log.exception("a metric provider failed: a bug", extra={"key": key})
            outcome["error"] = f"{due.provider}: {type(error).__name__}"
        flight.outcomes[due.metric] = analysis.Outcome(
            started=started, finished=self.clock(), **outcome
        )
        flight.tasks.pop(due.metric, None)
        self.again(key)
        self.heard(key, due, answered)

    async def _stop(self, key: str, run: ports.Object, flight: _Flight, due: analysis.Due) -> None:
        """End a lasting measurement before its time, once."""
        if due.metric in flight.stopping or due.metric in flight.outcomes:
            return
        flight.stopping.add(due.metric)
        await tasks.cancel(flight.tasks.pop(due.metric, None))
        flight.tasks[due.metric] = tasks.spawn(
            self._last(key, flight, due, _check(run, due), stop=True),
            name=f"stop {key} {due.metric}",
        )

    async def _abandon(self, due: analysis.Due) -> None:
        """End a lasting measurement whose run is over already: nobody hears of it any more."""
        try:
            await self.lasting[due.provider].terminate(due.state or {})
        except (ports.MetricError, KeyError) as error:
            log.warning("the check of %s goes on: %s", due.metric, error)

    async def _last(
        self,
        key: str,
        flight: _Flight,
        due: analysis.Due,
        check: ports.Check,
        *,
        stop: bool = False,
    ) -> None:
        """Begin a lasting measurement, tell of it, and tell of its end."""
        started, state = self.clock(), due.state
        end: dict[str, Any] = {}
        try:
            provider = self.lasting[due.provider]
            if state is None:
                state = await provider.begin(due.config, check=check)
                flight.outcomes[due.metric] = analysis.Outcome(
                    started=started, finished=None, state=state
                )
                self.again(key)
            ending = provider.terminate(state) if stop else provider.follow(state)
            end["ending"] = await ending
        except ports.MetricError as error:
            end["error"] = str(error)
        except KeyError:
            end["error"] = f"the metric provider {due.provider} is not supported yet"
        except Exception as error:
            log.exception("a metric provider failed: a bug", extra={"key": key})
            end["error"] = f"{due.provider}: {type(error).__name__}"
        flight.outcomes[due.metric] = analysis.Outcome(
            started=started, finished=self.clock(), state=state or {}, **end
        )
        flight.tasks.pop(due.metric, None)
        self.again(key)
        if due.number > due.keep:
            await self._collect(due, check)

    async def _collect(self, due: analysis.Due, check: ports.Check) -> None:
        try:
            await self.lasting[due.provider].collect(check, keep=due.keep)
        except ports.MetricError as error:
            log.warning("old checks of %s are not deleted yet: %s", check.metric, error)

    async def _delete(self, run: ports.Object) -> None:
        meta = run["metadata"]
        ref = ports.Ref(kind=ports.RUN, namespace=meta["namespace"], name=meta["name"])
        options = {"preconditions": {"uid": meta["uid"]}}
        try:
            await self.api.write(ports.Write(verb=ports.Verb.DELETE, ref=ref, body=options))
        except errors.NotFound:
            self.runs.forget(meta["namespace"], meta["name"])

    async def _forget(self, key: str) -> None:
        self.timers.cancel(f"run:{key}")
        flight = self._flights.pop(key, None)
        if flight is not None:
            await tasks.cancel(*flight.tasks.values())


def _check(run: ports.Object, due: analysis.Due) -> ports.Check:
    meta = run["metadata"]
    return ports.Check(
        namespace=meta["namespace"],
        run=meta["name"],
        uid=meta["uid"],
        metric=due.metric,
        number=due.number,
    )
