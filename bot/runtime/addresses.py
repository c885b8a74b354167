"""What a message links to, by the addresses of the settings: the core knows none of them."""

from dataclasses import replace

from bot.core import links
from bot.model import messages


def of_gate(facts: messages.GateFacts, known: links.Links) -> messages.GateFacts:
    """With a link for each metric whose query can be looked at."""
    return replace(facts, metrics=tuple(_linked(one, known) for one in facts.metrics))


def of_alert(facts: messages.AlertFacts, known: links.Links) -> messages.AlertFacts:
    """The same for the metric that failed, and for what keeps the object as Git has it."""
    metric = None if facts.metric is None else _linked(facts.metric, known)
    url = facts.git_url or links.application(known.argocd, facts.git_app)
    return replace(facts, metric=metric, git_url=url)


def _linked(metric: messages.MetricFact, known: links.Links) -> messages.MetricFact:
    url = links.metric(known.metrics, metric.query, metric.since, metric.until)
    return replace(metric, url=url)
