"""Who is told besides the channels: the outlets that the settings ask for, wired."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot import settings
from bot.adapters import pager, webhooks
from bot.adapters.kubernetes import informer
from bot.model import errors, feed, ports, world
from bot.model import spec as spec_model
from bot.model import status as status_model
from bot.runtime import anchors, escalating, feeding, reconcile, subscriptions
from bot.wiring import triggers

if TYPE_CHECKING:
    from bot.wiring import controller as controllers


class Tellers:
    """Several tellers as one: each gets every pass."""

    def __init__(self, *tellers: reconcile.Teller) -> None:
        self._tellers = tellers

    def tell(
        self,
        rollout: ports.Object,
        spec: spec_model.Spec | errors.UserError,
        status: status_model.Status,
        seen: world.Seen,
        decision: world.Decision,
    ) -> None:
        for teller in self._tellers:
            teller.tell(rollout, spec, status, seen, decision)

    def forget(self, key: str) -> None:
        for teller in self._tellers:
            teller.forget(key)


def outlets(chosen: settings.Settings) -> list[feed.Outlet]:
    """Those that need no Slack."""
    found: list[feed.Outlet] = []
    if chosen.pager is not None:
        found.append(
            pager.Pager(
                url=chosen.pager.url.reveal(),
                routing_key=chosen.pager.routing_key.reveal(),
                severity=chosen.pager.severity,
            )
        )
    for hook in chosen.webhooks:
        found.append(
            webhooks.Webhook(
                url=hook.url.reveal(),
                secret=hook.secret.reveal(),
                on=hook.on,
                namespaces=hook.namespaces,
            )
        )
    return found


def subscriptions_of(
    controller: "controllers.Controller",
) -> tuple[tuple[informer.Informer], subscriptions.Subscriptions]:
    """The watch of subscriptions, and who they are of. In sight, every rollout is looked at."""
    inside = controller.chosen.lease_namespace
    cache = informer.Informer(
        source=controller.api,
        kind=ports.CONFIG_MAP,
        namespace=inside,
        fields=f"metadata.name={subscriptions.NAME}",
    )

    def seen(old: ports.Object | None, _: ports.Object | None) -> None:
        for rollout in controller.caches.rollouts.list() if old is None else ():
            controller.queue.add(triggers.key_of(rollout))

    cache.listen(seen)
    found = subscriptions.Subscriptions(api=controller.api, cache=cache, namespace=inside)
    return (cache,), found


def build(controller: "controllers.Controller", more: Sequence[feed.Outlet]) -> feeding.Feed:
    """The feed of this process; a bot that only looks on tells nobody."""

    def sent(event: feed.Event, outlet: str, good: bool) -> None:  # noqa: FBT001 - a port's shape
        family = "notification_send_success" if good else "notification_send_error"
        controller.meter.count(
            family,
            namespace=event.rollout.namespace,
            name=event.rollout.name,
            type=outlet,
            reason=str(event.kind),
        )

    chosen = controller.chosen
    asking = [one.look_up for one in more if isinstance(one, escalating.Escalations)]
    return feeding.Feed(
        outlets=[] if chosen.observe else [*outlets(chosen), *more],
        places=anchors.Anchors(
            api=controller.api, observe=controller.caches.rollouts.observe, written=True
        ),
        clock=controller.clock,
        sent=sent,
        look_up=asking[0] if asking else feeding.nothing,
    )
