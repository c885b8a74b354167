"""Events about a rollout's coming and going, and about passes that the server refuses.

What a pass decides has its events in the core; these belong to no pass.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.model import errors, ports
from bot.runtime import reconcile

Work = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """``leading``: of several replicas one speaks. What was there before it did is no news."""

    events: reconcile.Events
    rollouts: ports.Cache
    leading: Callable[[], bool]

    def changed(self, old: ports.Object | None, new: ports.Object | None) -> None:
        """A listener for rollouts."""
        if not self.leading():
            return
        if old is None and new is not None and not new.get("status"):
            self._post(new, "RolloutAddedToInformer", "Rollout resource added to informer: {}")
        elif new is None and old is not None:
            self._post(old, "RolloutDeleted", "Rollout {} is deleted.")

    def telling(self, work: Work) -> Work:
        """``work`` whose refusals by the server are events of the rollout."""

        async def told(key: str) -> None:
            try:
                await work(key)
            except (errors.Forbidden, errors.Refused) as problem:
                namespace, _, name = key.partition("/")
                rollout = self.rollouts.get(namespace, name)
                if rollout is not None:
                    self.events.post(
                        obj=rollout,
                        type="Warning",
                        reason="ReconciliationError",
                        message=str(problem),
                    )
                raise

        return told

    def _post(self, rollout: ports.Object, reason: str, text: str) -> None:
        meta = rollout["metadata"]
        message = text.format(f"{meta.get('namespace', '')}/{meta['name']}")
        self.events.post(obj=rollout, type="Normal", reason=reason, message=message)
