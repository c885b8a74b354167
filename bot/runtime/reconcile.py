"""The pass: read, decode, see, decide, apply, save, tell, wake. One key at a time.

Knows ports only. What should be is the core's business, how it is written is ``apply``'s.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bot.core import codec_status, outcome, restarts, revisions, uncreated
from bot.core import decide as core
from bot.model import errors, ports, world
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.runtime import admitted, apply, decoding, pods, references, signing, workloads
from bot.runtime import world as worlds

log = logging.getLogger(__name__)


class Events(Protocol):
    """Where Kubernetes events go; never waits."""

    def post(self, *, obj: ports.Object, type: str, reason: str, message: str) -> None: ...  # noqa: A002


class Teller(Protocol):
    """Who tells people; takes the facts and returns at once."""

    def tell(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec | errors.UserError,
        status: status_model.Status,
        seen: world.Seen,
        decision: world.Decision,
    ) -> None: ...

    def forget(self, key: str) -> None: ...


@dataclass(slots=True, kw_only=True)
class Reconciler:
    """Runs one pass for one rollout; ``again(key)`` asks for another at once.

    ``noticed`` gets the rollout as each pass leaves it: the watch is silent on our own writes.
    """

    api: ports.Api
    reader: worlds.Reader
    applier: apply.Applier
    pods: pods.Pods
    clock: ports.Clock
    timers: ports.Timers
    events: Events
    teller: Teller
    index: references.Index
    again: Callable[[str], None]
    instance_id: str = ""
    signer: signing.Signer = field(default_factory=signing.Signer)
    noticed: Callable[[ports.Object], None] = lambda _: None
    latest: dict[str, tuple[world.Reason, ...]] = field(default_factory=dict)

    async def reconcile(self, key: str) -> None:
        """One whole pass.

        Raises:
            errors.Conflict: somebody else wrote: the fresh object is in the cache, pass again.
            errors.Unavailable: the API server did not answer; later again.

        """
        namespace, _, name = key.partition("/")
        rollout = self.reader.caches.rollouts.get(namespace, name)
        if rollout is None or rollout["metadata"].get("deletionTimestamp"):
            self._forget(key)
            return
        if not self._ours(rollout):
            return
        status = self._known(rollout)
        spec = decoding.despite(rollout, self.reader, status)
        work = spec
        if isinstance(spec, errors.UserError):
            work = decoding.salvaged(rollout, self.reader, spec)
        seen = self.reader.see(rollout, work)
        if isinstance(work, spec_model.Spec) and self._restarts(work, status):
            seen = replace(seen, pods=await self.pods.read(seen))
        self._index(key, rollout, spec)
        status = admitted.vouched(work, status, seen, self.clock())
        decision = core.decide(work, status, seen, status.bot.intents, self.clock())
        decision = self._sealed(decision, rollout)
        self.latest[key] = decision.reasons
        saved, wrote, trouble = await self._carry_out(rollout, work, status, seen, decision)
        self._tell(saved, spec, status, seen, decision)
        self._wake(key, decision)
        if trouble:
            # Only now: people must hear of an abort whose route cannot be written.
            raise errors.Unavailable(trouble)
        if wrote or saved is not rollout:
            # Nobody tells us of our own writes: look once more, until there is nothing to do.
            self.again(key)

    def _restarts(self, spec: spec_model.Spec, status: status_model.Status) -> bool:
        """Whether the pods must be looked at; never before an order of a person is carried out."""
        urgent = status.abort or bool(status.bot.intents)
        return not urgent and restarts.due(spec, status, self.clock())

    def _ours(self, rollout: ports.Object) -> bool:
        labels = rollout["metadata"].get("labels") or {}
        mark = labels.get("argo-rollouts.argoproj.io/controller-instance-id", "")
        return bool(mark == self.instance_id)

    def _index(
        self, key: str, rollout: ports.Object, spec: spec_model.Spec | errors.UserError
    ) -> None:
        """Remember what this rollout names, so that a change of it wakes the rollout."""
        if isinstance(spec, spec_model.Spec):
            self.index.put(key, references.of(rollout, spec, self.reader))
        elif (workload := workloads.ref(rollout)) is not None:
            self.index.put(key, frozenset({workload}))

    async def _carry_out(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec | errors.UserError,
        status: status_model.Status,
        seen: world.Seen,
        decision: world.Decision,
    ) -> tuple[ports.Object, bool, str]:
        """Everything that the decision asks for.

        The fresh object, whether others changed, and what a router refused during an abort.
        """
        if decision.desired.replicas_default:
            return await self._annotate(rollout, {"spec": {"replicas": 1}}), True, ""
        if decision.status is None:
            return rollout, False, ""
        done = apply.Applied()
        if isinstance(spec, spec_model.Spec):
            rollout = await self._revision(rollout, seen, decision.desired)
            try:
                done = await self.applier.apply(rollout, spec, seen, decision.desired)
            except (errors.PodsRefused, errors.RevisionRefused) as problem:
                await self._in_vain(rollout, spec, seen, decision, problem)
                raise
        events = [*done.events, *await self._taken_over(seen, decision.desired)]
        following = _with_trouble(status, decision.status, done.route_problem)
        saved = await self._save(rollout, status, following)
        first = [event for event in decision.events if outcome.goes_first(event)]
        then = [event for event in decision.events if not outcome.goes_first(event)]
        self._post(saved, (*first, *events, *then))
        await self.applier.clean(seen, decision.desired)
        await self.pods.evict(seen, decision.desired.evict)
        marked = await self.pods.mark(seen, decision.desired.marks)
        return saved, done.wrote or marked, done.route_problem or done.mark_problem

    def _known(self, rollout: ports.Object) -> status_model.Status:
        return self.signer.verified(codec_status.decode(rollout.get("status")), rollout)

    def _sealed(self, decision: world.Decision, rollout: ports.Object) -> world.Decision:
        """What the core signed bears a seal before it is written, whichever pass decided it."""
        if decision.status is None:
            return decision
        return replace(decision, status=self.signer.sealed(decision.status, rollout))

    async def _in_vain(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec,
        seen: world.Seen,
        planned: world.Decision,
        problem: errors.PodsRefused | errors.RevisionRefused,
    ) -> None:
        """Only the server knew that the pods cannot be: say so, and abort what is in flight."""
        status = self._known(rollout)
        known, said = uncreated.decide(
            problem, spec, status, seen, planned=planned, now=self.clock()
        )
        said = self._sealed(said, rollout)
        saved, _, trouble = await self._carry_out(rollout, spec, status, seen, said)
        self._tell(saved, known, status, seen, said)
        if trouble:
            raise errors.Unavailable(trouble)

    async def _taken_over(
        self, seen: world.Seen, desired: world.Desired
    ) -> tuple[world.Event, ...]:
        """The Deployment shrinks before the status says that the Rollout has replaced it."""
        shelves = self.reader.caches.workloads
        trouble = await workloads.scale(self.api, shelves, seen, desired.workload_replicas)
        return () if trouble is None else (trouble,)

    async def _revision(
        self, rollout: ports.Object, seen: world.Seen, desired: world.Desired
    ) -> ports.Object:
        wanted = {revisions.WORKLOAD: desired.workload_generation}
        if desired.revision is not None:
            wanted[revisions.REVISION] = str(desired.revision)
        notes = {
            key: value
            for key, value in wanted.items()
            if value and seen.annotations.get(key) != value
        }
        if not notes:
            return rollout
        return await self._annotate(rollout, {"metadata": {"annotations": notes}})

    async def _annotate(self, rollout: ports.Object, patch: dict[str, Any]) -> ports.Object:
        return await self._guarded(rollout, patch, subresource="", urgent=False)

    async def _save(
        self,
        rollout: ports.Object,
        before: status_model.Status,
        after: status_model.Status,
    ) -> ports.Object:
        """One write of status, bound to the version it was decided on; none if nothing changed."""
        patch = codec_status.merge_patch(codec_status.encode(before), codec_status.encode(after))
        if not patch:
            return rollout
        urgent = bool(before.bot.intents) or after.abort != before.abort
        return await self._guarded(rollout, {"status": patch}, subresource="status", urgent=urgent)

    async def _guarded(
        self, rollout: ports.Object, patch: dict[str, Any], *, subresource: str, urgent: bool
    ) -> ports.Object:
        meta = rollout["metadata"]
        ref = ports.Ref(kind=ports.ROLLOUT, namespace=meta["namespace"], name=meta["name"])
        version = {"resourceVersion": meta["resourceVersion"], "uid": meta["uid"]}
        body = {**patch, "metadata": {**patch.get("metadata", {}), **version}}
        write = ports.Write(
            verb=ports.Verb.PATCH, ref=ref, body=body, subresource=subresource, urgent=urgent
        )
        rollouts = self.reader.caches.rollouts
        try:
            return await self.applier.write(write, rollouts)
        except errors.Conflict:
            rollouts.observe(await self.api.get(ref, urgent=True))
            raise
        except errors.NotFound:
            rollouts.forget(meta["namespace"], meta["name"])
            raise errors.Conflict(f"Rollout {ref.name} is gone") from None

    def _post(self, rollout: ports.Object, events: Sequence[world.Event]) -> None:
        for event in events:
            self.events.post(
                obj=rollout,
                type="Warning" if event.warning else "Normal",
                reason=event.reason,
                message=event.message,
            )

    def _tell(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec | errors.UserError,
        before: status_model.Status,
        seen: world.Seen,
        decision: world.Decision,
    ) -> None:
        status = decision.status or before
        try:
            self.noticed(rollout)
            self.teller.tell(rollout, spec, status, seen, decision)
        except Exception:
            # What people are told must never stop what is done.
            log.exception("telling failed: a bug", extra={"key": seen.name})

    def _wake(self, key: str, decision: world.Decision) -> None:
        at = decision.wake_at
        if at is None:
            self.timers.cancel(key)
        elif at <= self.clock():
            self.again(key)
        else:
            self.timers.set(key, at)

    def _forget(self, key: str) -> None:
        self.timers.cancel(key)
        self.index.drop(key)
        self.latest.pop(key, None)
        self.teller.forget(key)


def _with_trouble(
    before: status_model.Status, after: status_model.Status, problem: str
) -> status_model.Status:
    """A route that could not be written must not be announced: the old weights stay true.

    One that was written again ends the trouble.
    """
    if not problem:
        known = {key: value for key, value in after.bot.abort.items() if key != "trouble"}
        return replace(after, bot=replace(after.bot, abort=known))
    known = {**after.bot.abort, "trouble": problem}
    known.pop("safeAt", None)
    return replace(after, weights=before.weights, bot=replace(after.bot, abort=known))
