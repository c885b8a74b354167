"""Which story is which class: one line a story."""

from bot.local.demo import bluegreen, checkout, ecommerce, options, shipment, story
from bot.local.demo import stage as stages

KINDS: dict[str, type[story.Story]] = {
    "good": checkout.Checkout,
    "bad": checkout.Checkout,
    "ecommerce": ecommerce.Ecommerce,
    "bluegreen": bluegreen.BlueGreen,
}


def make(stage: stages.Stage, chosen: options.Options, say: shipment.Say) -> story.Story:
    return KINDS[chosen.story](stage, chosen, say)
