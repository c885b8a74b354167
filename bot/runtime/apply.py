"""Making the cluster what a decision says: ordered writes, each only where something differs.

Order: what adds capacity, Services, the route, what takes capacity away, runs, and last the
status that announces it all. Any prefix of it is safe (design §4, rule 1).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core import revisions
from bot.model import errors, ports, routers, world
from bot.model import spec as spec_model
from bot.runtime import children, resizing
from bot.runtime import world as worlds

_REFUSALS = (
    errors.Refused,
    errors.Forbidden,
    errors.Unavailable,
    errors.NotFound,
    errors.UserError,
)
_MANAGED = "argo-rollouts.argoproj.io/managed-by-rollouts"


@dataclass(slots=True, kw_only=True)
class Applied:
    """What applying came to: events of routers, what a router refused, whether it wrote.

    ``mark_problem`` is an annotation of a ReplicaSet that was refused during an abort.
    """

    wrote: bool = False
    events: list[world.Event] = field(default_factory=list)
    route_problem: str = ""
    mark_problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applier:
    """Writes through ``api`` and lets the caches know the answers at once.

    ``begun`` hears of every run and experiment that was made or stopped: its own echo wakes
    nobody.
    """

    api: ports.Api
    caches: worlds.Caches
    reader: worlds.Reader
    begun: Callable[[ports.Object], None]

    async def write(self, write: ports.Write, cache: ports.Cache | None = None) -> ports.Object:
        """One write; its answer goes into the cache of its kind."""
        answer = await self.api.write(write)
        if cache is not None and write.verb is not ports.Verb.DELETE:
            cache.observe(answer)
        return answer

    async def apply(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec,
        seen: world.Seen,
        desired: world.Desired,
    ) -> Applied:
        """Everything but the status and the clean-up.

        Raises:
            errors.RolloutBotError: a write failed; the status must not be saved. A router that
                refuses during an abort does not raise: it is reported in ``route_problem``.

        """
        done = Applied()
        urgent = desired.route_urgent
        growing, shrinking = resizing.of(seen, desired)
        first = [
            *([self._create(seen, desired.create)] if desired.create else []),
            *(self._grow(seen, *change, done, urgent=urgent) for change in growing),
            *self._select(seen, desired.selectors, urgent=urgent),
        ]
        done.wrote = bool(first or shrinking or children.changed(desired))
        if urgent:
            await all_of([self._route(rollout, spec, desired, done), *first])
        else:
            await all_of(first)
            await self._route(rollout, spec, desired, done)
        await all_of(
            [
                *(self._resize(seen, *change) for change in shrinking),
                *children.work(
                    api=self.api, caches=self.caches, begun=self.begun, seen=seen, desired=desired
                ),
            ]
        )
        return done

    async def _create(self, seen: world.Seen, body: Mapping[str, Any]) -> None:
        ref = _ref(ports.REPLICA_SET, seen, body["metadata"]["name"])
        write = ports.Write(verb=ports.Verb.CREATE, ref=ref, body=dict(body))
        try:
            await self.write(write, self.caches.replica_sets)
        except errors.AlreadyExists:
            await self._adopt(seen, ref, body)
        except errors.Refused as problem:
            raise errors.PodsRefused(str(problem)) from problem
        except errors.Forbidden as problem:
            raise errors.RevisionRefused(str(problem)) from problem

    async def _adopt(self, seen: world.Seen, ref: ports.Ref, body: Mapping[str, Any]) -> None:
        """A lost answer left our own object behind, or a stranger has the name (spec §1.12)."""
        there = await self.api.get(ref)
        if there["metadata"].get("deletionTimestamp"):
            raise errors.Unavailable(f"ReplicaSet {ref.name} is still being deleted")
        ours = any(o.get("uid") == seen.uid for o in there["metadata"].get("ownerReferences", ()))
        mine = revisions.without_hash(body["spec"]["template"])
        if ours and _within(mine, there["spec"]["template"]):
            self.caches.replica_sets.observe(there)
            raise errors.Conflict(f"ReplicaSet {ref.name} exists already: read again")
        count = (seen.raw.get("status") or {}).get("collisionCount") or 0
        target = _ref(ports.ROLLOUT, seen, seen.name)
        body_patch = {"status": {"collisionCount": count + 1}}
        await self.write(
            ports.Write(verb=ports.Verb.PATCH, ref=target, body=body_patch, subresource="status"),
            self.caches.rollouts,
        )
        raise errors.Conflict(f"the name {ref.name} is taken: another one is made up")

    async def _grow(
        self, seen: world.Seen, name: str, patch: dict[str, Any], done: Applied, *, urgent: bool
    ) -> None:
        """No abort waits for a mark: one that is refused is told after its status is saved."""
        try:
            await self._resize(seen, name, patch)
        except _REFUSALS as refused:
            if not urgent or "spec" in patch:
                raise
            done.mark_problem = f"ReplicaSet {name}: {refused}"

    async def _resize(self, seen: world.Seen, name: str, patch: dict[str, Any]) -> None:
        ref = _ref(ports.REPLICA_SET, seen, name)
        write = ports.Write(verb=ports.Verb.PATCH, ref=ref, body=patch)
        await self.write(write, self.caches.replica_sets)

    def _select(
        self, seen: world.Seen, selectors: Mapping[str, str], *, urgent: bool
    ) -> list[Awaitable[Any]]:
        found: list[Awaitable[Any]] = []
        for name, pod_hash in selectors.items():
            service = seen.services[name]
            if service.hash == pod_hash and service.managed_by == seen.name:
                continue
            patch: dict[str, Any] = {"spec": {"selector": {revisions.HASH: pod_hash}}}
            if service.managed_by != seen.name:
                patch["metadata"] = {"annotations": {_MANAGED: seen.name}}
            write = ports.Write(
                verb=ports.Verb.PATCH,
                ref=_ref(ports.SERVICE, seen, name),
                body=patch,
                urgent=urgent,
            )
            found.append(self.write(write, self.caches.services))
        return found

    async def _route(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec,
        desired: world.Desired,
        done: Applied,
    ) -> None:
        if desired.route is None:
            return
        for router in spec.canary.routers:
            try:
                await self._one_router(rollout, spec, router, desired, done)
            except _REFUSALS as error:
                done.route_problem = str(error)
                done.events.append(
                    world.Event(reason="TrafficRoutingError", message=str(error), warning=True)
                )
                if not desired.route_urgent:
                    raise

    async def _one_router(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec,
        router: spec_model.RouterSpec,
        desired: world.Desired,
        done: Applied,
    ) -> None:
        route = desired.route
        if route is None:
            return
        subject = replace(
            self.reader.subject(rollout, spec, router),
            canary_service=route.canary_service,
            stable_service=route.stable_service,
        )
        refused: list[errors.RolloutBotError] = []
        for planned in self.reader.routers[router.kind].plan(subject, route, self.caches.look):
            try:
                await self._send(planned, urgent=desired.route_urgent)
            except _REFUSALS as error:
                refused.append(error)
                if desired.route_urgent:
                    continue  # one object that refuses must not keep traffic on the others
                break
            done.wrote = True
            done.events.append(planned.event)
        if refused:
            raise refused[0]

    async def _send(self, planned: routers.RouteWrite, *, urgent: bool) -> None:
        plain = planned.write
        write = ports.Write(
            verb=plain.verb,
            ref=plain.ref,
            body=plain.body,
            patch=plain.patch,
            urgent=urgent,
        )
        cache = self.caches.of_route(plain.ref.kind)
        try:
            await self.write(write, cache)
        except errors.Conflict:
            if cache is not None:
                cache.observe(await self.api.get(plain.ref, urgent=urgent))
            raise

    async def clean(self, seen: world.Seen, desired: world.Desired) -> None:
        """Delete what history no longer keeps; a failure is no reason to stop anything."""
        gone = [
            *((ports.RUN, name, self.caches.runs) for name in desired.delete_runs),
            *(
                (ports.EXPERIMENT, name, self.caches.experiments)
                for name in desired.delete_experiments
            ),
            *(
                (ports.REPLICA_SET, name, self.caches.replica_sets)
                for name in desired.delete_replica_sets
            ),
        ]
        for kind, name, cache in gone:
            options = {"propagationPolicy": "Background"}
            write = ports.Write(verb=ports.Verb.DELETE, ref=_ref(kind, seen, name), body=options)
            try:
                await self.api.write(write)
            except errors.NotFound:
                if cache is not None:
                    cache.forget(seen.namespace, name)


async def all_of(awaitables: Sequence[Awaitable[Any]]) -> None:
    """Await all, then raise the first failure: one refusal does not cancel the others."""
    results = await asyncio.gather(*awaitables, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


def _ref(kind: ports.Kind, seen: world.Seen, name: str) -> ports.Ref:
    return ports.Ref(kind=kind, namespace=seen.namespace, name=name)


def _within(mine: Any, theirs: Any) -> bool:
    """Whether all of ``mine`` stands in ``theirs``; what the server filled in does not count."""
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return all(key in theirs and _within(value, theirs[key]) for key, value in mine.items())
    if isinstance(mine, list) and isinstance(theirs, list):
        return len(mine) == len(theirs) and all(map(_within, mine, theirs))
    return bool(mine == theirs)
