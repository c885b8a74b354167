"""Who is told by Slack besides the channels of the rollouts: the outlets of a chat, wired."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.adapters.slack import handles
from bot.adapters.slack import messenger as messengers
from bot.model import feed
from bot.model import messenger as places
from bot.runtime import addressees, anchors, announce, asked, directs, escalating, subscriptions
from bot.runtime import desk as desks

if TYPE_CHECKING:
    from bot.wiring import controller as controllers


def by_slack(
    controller: "controllers.Controller",
    people: subscriptions.Subscriptions,
    *,
    messenger: messengers.SlackMessenger,
    teller: announce.Announcer,
    desk: desks.Desk,
) -> Sequence[feed.Outlet]:
    """Subscribers, the channels of Argo's annotations, and whom a policy's escalations name."""
    limit = controller.chosen.slack.message_budget

    def gate_at(event: feed.Event) -> places.Place | None:
        rollout = desk.scenery.rollout(f"{event.rollout.namespace}/{event.rollout.name}")
        if rollout is None or event.wait is None:
            return None
        record = teller.sender.places.of(rollout).get(f"gate:{event.wait.gate}", {})
        return anchors.place(record) if record.get("ts") else None

    return (
        directs.Directs(box=teller.box, chat=messenger, subscriptions=people),
        directs.ArgoChannels(
            box=teller.box,
            rules=desk.rules,
            budget=teller.folding.budget,
            clock=controller.clock,
            limit=lambda: limit,
        ),
        escalating.Escalations(
            box=teller.box,
            chat=messenger,
            rules=desk.rules,
            roster=desk.roster,
            effective=controller.rulebook.effective,
            scene=desk.scenery.of,
            gate_at=gate_at,
            kept=asked.Asked(box=teller.box, places=teller.sender.places),
            addressees=addressees.Addressees(
                handle=handles.Handles(client=messenger.client).of,
                again=controller.queue.add,
            ),
        ),
    )
