"""One thing that people are shown, and whom and what the worked examples are about."""

import dataclasses
from dataclasses import dataclass

from bot.model import messages as m
from bot.render import rendering
from tests.render import examples as ex

PROMETHEUS = "https://prometheus.example/graph?g0.expr=sum(rate(x[1m]))&g0.range_input=30m"
LINKED = tuple(
    dataclasses.replace(one, url=PROMETHEUS, query="sum(rate(x[1m]))", taken=20)
    for one in (ex.SUCCESS, ex.LATENCY)
)
LONG = m.RolloutId(
    cluster="prod-eu-central-1-blue",
    namespace="payments-and-invoices",
    name="recommendation-engine-personalization-api",
    uid="u-9",
)
SAM = m.Person(name="carol", slack_id="UCAROL0001")  # whom the page knows
LEE = m.Person(name="bob", slack_id="UBOB000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """``facts`` are what it was drawn from; None where a renderer takes arguments instead."""

    name: str
    message: m.Message
    facts: object = None
    is_home: bool = False
    is_private: bool = False
    press: str = ""  # this action, for the dialog that asks once more


def of(name: str, facts: m.Facts) -> Sample:
    private = isinstance(facts, m.WaitingFacts | m.ListFacts | m.SentenceFacts | m.PlanFacts)
    return Sample(name=name, facts=facts, message=rendering.render(facts), is_private=private)
