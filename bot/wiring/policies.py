"""The policy file behind the controller: who reads it, whom a mistake in it is told to."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.adapters import policy_file
from bot.model import ports
from bot.runtime import rulebook, signing, signing_key
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

    look = policy_file.PolicyFile(chosen.policy).look if chosen.policy else None
    return rulebook.Rulebook(cluster=chosen.cluster, look=look, changed=again(controller), say=say)


def signer(
    controller: "controllers.Controller",
) -> tuple[signing_key.SigningKey, signing.Signer]:
    """The key of approvals, and what signs with it; who only looks on makes none."""
    chosen = controller.chosen
    key = signing_key.SigningKey(
        api=controller.api,
        namespace=chosen.lease_namespace,
        make=not chosen.observe,
        changed=again(controller),
    )
    return key, signing.Signer(cluster=chosen.cluster, key=key.get)


def again(controller: "controllers.Controller") -> Callable[[], None]:
    """What counts may be another thing now, for any of them."""

    def look() -> None:
        for rollout in controller.caches.rollouts.list() if controller.leading else ():
            controller.queue.add(triggers.key_of(rollout))

    return look


def _lease(namespace: str, name: str) -> ports.Object:
    """What an Event about the bot itself can be about."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"namespace": namespace, "name": name},
    }
