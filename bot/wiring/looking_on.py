"""The observer of ``run --observe``, wired: what differs is counted as well as logged."""

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.core import differing
from bot.model import ports
from bot.runtime import observing

if TYPE_CHECKING:
    from bot.wiring import controller as controllers


def build(controller: "controllers.Controller", clock: ports.Clock) -> observing.Observer:
    """Looks on with the controller's caches."""

    def told(rollout: ports.Object, one: differing.Difference) -> None:
        meta = rollout["metadata"]
        controller.meter.count(
            "rollout_bot_observed_differences_total",
            namespace=meta.get("namespace", ""),
            name=meta["name"],
            path=one.path,
        )

    return observing.Observer(
        reader=controller.reader,
        clock=clock,
        timers=controller.timers,
        settled=timedelta(seconds=controller.chosen.observe_after_s),
        instance_id=controller.chosen.instance_id,
        told=told,
        latest=controller.latest,
        teller=controller.chat.teller,
    )
