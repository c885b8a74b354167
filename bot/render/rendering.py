"""Any facts to their message: the one door for who sends them."""

from typing import assert_never

from bot.model import messages
from bot.render import (
    alerts,
    answers,
    cards,
    digests,
    freezes,
    gates,
    glass,
    plans,
    threads,
    trials,
    trouble,
)


def render(facts: messages.Facts) -> messages.Message:
    """The message that says these facts, within Slack's limits."""
    match facts:
        case messages.CardFacts():
            return cards.card(facts)
        case messages.GateFacts():
            return gates.gate(facts)
        case messages.AlertFacts():
            return alerts.alert(facts)
        case messages.ThreadFact():
            return threads.line(facts)
        case messages.WaitingFacts():
            return answers.waiting(facts)
        case messages.ListFacts():
            return answers.listing(facts)
        case messages.SentenceFacts():
            return answers.sentences(facts)
        case messages.NotInChannel():
            return trouble.not_in_channel(facts)
        case messages.SlackWasAway():
            return trouble.slack_was_away(facts)
        case messages.DigestFacts():
            return digests.digest(facts)
        case messages.MetricsAway():
            return trouble.metrics_away(facts)
        case messages.FreezeFacts():
            return freezes.freeze(facts)
        case messages.GlassFacts():
            return glass.glass(facts)
        case messages.PlanFacts():
            return plans.plan(facts)
        case messages.TrialFacts():
            return trials.card(facts)
        case _:
            assert_never(facts)
