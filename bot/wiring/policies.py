"""The policy file behind the controller: who reads it, whom a mistake in it is told to."""

from typing import TYPE_CHECKING

from bot.adapters import policy_file
from bot.model import ports
from bot.runtime import rulebook
from bot.wiring import triggers

if TYPE_CHECKING:
    from bot.wiring import controller as controllers


def build(controller: "controllers.Controller") -> rulebook.Rulebook:
    """The rulebook of a controller; empty and at rest without a policy file."""
    chosen = controller.chosen

    def say(sentence: str) -> None:
        """Once for everybody: the replica that leads. An Event, and the default channel."""
        if not controller.leading:
            return
        controller.events.post(
            obj=_lease(chosen.lease_namespace, chosen.lease_name),
            type="Warning",
            reason="Policy",
            message=sentence,
        )
        controller.chat.say(sentence)

    def changed() -> None:
        """What counts may be another thing now for any of them."""
        for rollout in controller.caches.rollouts.list() if controller.leading else ():
            controller.queue.add(triggers.key_of(rollout))

    look = policy_file.PolicyFile(chosen.policy).look if chosen.policy else None
    return rulebook.Rulebook(cluster=chosen.cluster, look=look, changed=changed, say=say)


def _lease(namespace: str, name: str) -> ports.Object:
    """What an Event about the bot itself can be about."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"namespace": namespace, "name": name},
    }
