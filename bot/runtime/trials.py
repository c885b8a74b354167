"""Running Experiments: a pass over one, from what is seen of it to one write of its status.

What should be is ``core.experiments``'s business. What the server refuses is no failure of the
pass: the pure part hears of it, and says so in the status.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core import codec_status, experiments, revisions
from bot.core.experiments import codec, status_codec
from bot.model import errors, experiment, ports, world
from bot.runtime import apply, reconcile, resizing
from bot.runtime import world as worlds

MOST_TRIES = 8
_INSTANCE = "argo-rollouts.argoproj.io/controller-instance-id"

Changed = Callable[[ports.Object | None, ports.Object | None], None]


@dataclass(slots=True)
class _Said:
    """What the server answered within one pass: taken names, refusals, whether all was done."""

    taken: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    wrote: bool = False

    @property
    def count(self) -> int:
        return len(self.taken) + len(self.refused)


@dataclass(slots=True, kw_only=True)
class Trials:
    """Runs one pass for one Experiment; ``again(key)`` asks for another at once.

    ``changed`` hears of every status it writes, ``measure`` of every run it makes or ends: their
    own echoes wake nobody.
    """

    api: ports.Api
    caches: worlds.Caches
    clock: ports.Clock
    timers: ports.Timers
    events: reconcile.Events
    again: Callable[[str], None]
    changed: Changed
    measure: Callable[[ports.Object], None]
    shown: Callable[[ports.Object], None] = lambda _saved: None
    instance_id: str = ""

    async def reconcile(self, key: str) -> None:
        """One whole pass.

        Raises:
            errors.Conflict: somebody else wrote: the fresh object is in the cache, pass again.
            errors.Unavailable: the API server did not answer; later again.

        """
        namespace, _, name = key.partition("/")
        raw = self._cache.get(namespace, name)
        if raw is None or raw["metadata"].get("deletionTimestamp"):
            self.timers.cancel(f"experiment:{key}")
            return
        labels = raw["metadata"].get("labels") or {}
        if labels.get(_INSTANCE, "") != self.instance_id:
            return
        said = _Said()
        decision = await self._carry_out(raw, said)
        saved = await self._save(raw, decision)
        self._tell(saved, decision)
        self.shown(saved)
        await self._clean(saved, decision, said)
        self._wake(key, decision)
        if said.wrote or saved is not raw:
            self.again(key)

    @property
    def _cache(self) -> ports.Cache:
        if self.caches.experiments is None:
            raise errors.Unavailable("experiments are not watched")
        return self.caches.experiments

    async def _carry_out(self, raw: ports.Object, said: _Said) -> experiment.Decision:
        """Decide and apply; where the server refuses, decide once more with that known."""
        for _ in range(MOST_TRIES):
            seen = self._see(raw, said)
            decision = experiments.decide(raw, seen, self.clock())
            known = said.count
            await self._apply(raw, seen, decision.desired, said)
            if said.count == known:
                break
        return decision

    def _see(self, raw: ports.Object, said: _Said) -> experiment.Seen:
        meta, caches = raw["metadata"], self.caches
        namespace, uid = meta["namespace"], meta["uid"]
        return experiment.Seen(
            replica_sets=tuple(
                worlds.replica_set(obj)
                for obj in caches.replica_sets.owned_by(uid)
                if revisions.HASH in (obj["metadata"].get("labels") or {})
            ),
            services=frozenset(
                obj["metadata"]["name"]
                for obj in caches.services.owned_by(uid)
                if not obj["metadata"].get("deletionTimestamp")
            ),
            runs=tuple(worlds.run(obj) for obj in caches.runs.owned_by(uid)),
            foreign_runs=worlds.Foreign(caches.runs, namespace, uid),
            templates=worlds.Templates(caches, namespace),
            revisions=self._revisions(raw),
            taken=frozenset(said.taken),
            refused=dict(said.refused),
        )

    def _revisions(self, raw: ports.Object) -> Mapping[str, ports.Object] | None:
        """The ReplicaSets that ``specRef`` may mean; None without the Rollout of the label."""
        meta = raw["metadata"]
        name = str((meta.get("labels") or {}).get(codec.ROLLOUT) or "")
        rollout = self.caches.rollouts.get(meta["namespace"], name) if name else None
        if rollout is None:
            return None
        status = codec_status.decode(rollout.get("status"))
        by_hash = {
            (obj["metadata"].get("labels") or {}).get(revisions.HASH): obj
            for obj in self.caches.replica_sets.owned_by(rollout["metadata"]["uid"])
        }
        hashes = {"stable": status.stable_hash, "canary": status.current_hash}
        return {role: by_hash[one] for role, one in hashes.items() if one and one in by_hash}

    async def _apply(
        self, raw: ports.Object, seen: experiment.Seen, desired: experiment.Desired, said: _Said
    ) -> None:
        """Everything but the status and what is deleted."""
        sizes = desired.sizes
        work: list[Awaitable[None]] = [
            *([self._create_sets(raw, desired, said)] if desired.create_sets else []),
            *(self._create_service(raw, body, said) for body in desired.create_services),
            *(
                self._resize(raw, rs.name, patch, said)
                for rs in seen.replica_sets
                if rs.name in sizes and (patch := resizing.patch(rs, sizes[rs.name]))
            ),
            *(self._create_run(raw, body) for body in desired.create_runs),
            *(self._terminate(raw, name) for name in desired.terminate_runs),
        ]
        said.wrote = said.wrote or bool(work)
        await apply.all_of(work)

    async def _create_sets(
        self, raw: ports.Object, desired: experiment.Desired, said: _Said
    ) -> None:
        """One after the other: their age tells which template is which."""
        for body in desired.create_sets:
            await self._create_set(raw, body, said)

    async def _create_set(self, raw: ports.Object, body: Mapping[str, Any], said: _Said) -> None:
        ref = _ref(raw, ports.REPLICA_SET, body["metadata"]["name"])
        write = ports.Write(verb=ports.Verb.CREATE, ref=ref, body=dict(body))
        cache = self.caches.replica_sets
        try:
            cache.observe(await self.api.write(write))
        except errors.AlreadyExists:
            if not await self._mine(raw, ref, cache):
                said.taken.add(ref.name)
        except (errors.Refused, errors.Forbidden) as error:
            said.refused[ref.name] = str(error)

    async def _create_service(
        self, raw: ports.Object, body: Mapping[str, Any], said: _Said
    ) -> None:
        ref = _ref(raw, ports.SERVICE, body["metadata"]["name"])
        write = ports.Write(verb=ports.Verb.CREATE, ref=ref, body=dict(body))
        try:
            self.caches.services.observe(await self.api.write(write))
        except errors.AlreadyExists as error:
            if not await self._mine(raw, ref, self.caches.services):
                said.refused[f"service/{ref.name}"] = str(error)
        except (errors.Refused, errors.Forbidden) as error:
            said.refused[f"service/{ref.name}"] = str(error)

    async def _mine(self, raw: ports.Object, ref: ports.Ref, cache: ports.Cache) -> bool:
        """Whether an object of that name is ours: a lost answer left it behind.

        Raises:
            errors.Conflict: it is, and the cache has it now: read again.

        """
        try:
            there = await self.api.get(ref)
        except errors.NotFound:
            raise errors.Conflict(f"{ref.kind.name} {ref.name} is gone again") from None
        owners = there["metadata"].get("ownerReferences") or ()
        if not any(owner.get("uid") == raw["metadata"]["uid"] for owner in owners):
            return False
        if there["metadata"].get("deletionTimestamp"):
            raise errors.Unavailable(f"{ref.kind.name} {ref.name} is still being deleted")
        cache.observe(there)
        raise errors.Conflict(f"{ref.kind.name} {ref.name} exists already: read again")

    async def _resize(
        self, raw: ports.Object, name: str, patch: dict[str, Any], said: _Said
    ) -> None:
        ref = _ref(raw, ports.REPLICA_SET, name)
        write = ports.Write(verb=ports.Verb.PATCH, ref=ref, body=patch)
        try:
            self.caches.replica_sets.observe(await self.api.write(write))
        except errors.NotFound:
            self.caches.replica_sets.forget(ref.namespace, name)
        except (errors.Refused, errors.Forbidden) as error:
            said.refused[name] = str(error)

    async def _create_run(self, raw: ports.Object, body: Mapping[str, Any]) -> None:
        ref = _ref(raw, ports.RUN, body["metadata"]["name"])
        write = ports.Write(verb=ports.Verb.CREATE, ref=ref, body=dict(body))
        try:
            saved = await self.api.write(write)
        except errors.AlreadyExists:
            self.caches.runs.observe(await self.api.get(ref))
            raise errors.Conflict(f"AnalysisRun {ref.name} exists: read again") from None
        self._measure(saved)

    async def _terminate(self, raw: ports.Object, name: str) -> None:
        ref = _ref(raw, ports.RUN, name)
        write = ports.Write(verb=ports.Verb.PATCH, ref=ref, body={"spec": {"terminate": True}})
        try:
            self._measure(await self.api.write(write))
        except errors.NotFound:
            self.caches.runs.forget(ref.namespace, name)

    def _measure(self, run: ports.Object) -> None:
        self.caches.runs.observe(run)
        self.measure(run)

    async def _save(self, raw: ports.Object, decision: experiment.Decision) -> ports.Object:
        """One write of status, bound to the version it was decided on; none where it stands."""
        before = status_codec.encode(status_codec.decode(raw.get("status")))
        patch = codec_status.merge_patch(before, status_codec.encode(decision.status))
        if not patch:
            return raw
        meta = raw["metadata"]
        version = {"resourceVersion": meta["resourceVersion"], "uid": meta["uid"]}
        ref = _ref(raw, ports.EXPERIMENT, meta["name"])
        body = {"metadata": version, "status": patch}
        bad = decision.status.phase in {"Failed", "Error"}
        write = ports.Write(verb=ports.Verb.PATCH, ref=ref, body=body, urgent=bad)
        try:
            saved = await self.api.write(write)
        except errors.Conflict:
            self._cache.observe(await self.api.get(ref))
            raise
        except errors.NotFound:
            self._cache.forget(meta["namespace"], meta["name"])
            raise errors.Conflict(f"Experiment {ref.name} is gone") from None
        self._cache.observe(saved)
        self.changed(raw, saved)
        return saved

    def _tell(self, saved: ports.Object, decision: experiment.Decision) -> None:
        self._post(saved, decision.events)
        for owner in saved["metadata"].get("ownerReferences") or ():
            rollout = self.caches.rollouts.get(saved["metadata"]["namespace"], owner["name"])
            if rollout is not None and rollout["metadata"]["uid"] == owner["uid"]:
                self._post(rollout, decision.told)

    def _post(self, obj: ports.Object, events: tuple[world.Event, ...]) -> None:
        for event in events:
            kind = "Warning" if event.warning else "Normal"
            self.events.post(obj=obj, type=kind, reason=event.reason, message=event.message)

    async def _clean(
        self, saved: ports.Object, decision: experiment.Decision, said: _Said
    ) -> None:
        for name in decision.desired.delete_services:
            ref = _ref(saved, ports.SERVICE, name)
            said.wrote = True
            with contextlib.suppress(errors.NotFound):
                await self.api.write(ports.Write(verb=ports.Verb.DELETE, ref=ref, body={}))
            self.caches.services.forget(ref.namespace, name)

    def _wake(self, key: str, decision: experiment.Decision) -> None:
        at = decision.wake_at
        if at is None:
            self.timers.cancel(f"experiment:{key}")
        elif at <= self.clock():
            self.again(key)
        else:
            self.timers.set(f"experiment:{key}", at)


def _ref(raw: ports.Object, kind: ports.Kind, name: str) -> ports.Ref:
    return ports.Ref(kind=kind, namespace=raw["metadata"]["namespace"], name=name)
