"""What of a message is news: two states with equal news need no edit between them.

Every measurement and every pod changes some figure; a card that is edited for each of them
uses up the workspace's edits and moves under the reader's eyes. The figures themselves ride
along with the next edit. No wording and no time-keeping here.
"""

from dataclasses import replace

from bot.model import facts, messages

Stood = messages.CardFacts | messages.GateFacts | messages.AlertFacts | messages.GlassFacts


def of(stood: Stood) -> Stood:
    """``stood`` without what may wait: compare this to learn whether people must see it now."""
    if isinstance(stood, messages.CardFacts):
        return replace(
            stood,
            metrics=_metrics(stood.metrics),
            canary_pods=_pods(stood.canary_pods),
            stable_pods=_pods(stood.stable_pods),
            share=None,
            generation=0,
        )
    if isinstance(stood, messages.GateFacts):
        return replace(stood, metrics=_metrics(stood.metrics), generation=0)
    return replace(stood, generation=0)


def _metrics(found: tuple[facts.MetricFact, ...]) -> tuple[facts.MetricFact, ...]:
    """Verdict, failures and the first answer count; values and further good answers do not."""
    return tuple(
        replace(
            metric,
            value_text="",
            stable_text="said" if metric.stable_text else None,
            taken=min(metric.taken, 1),
            message="said" if metric.message else "",
            since=None,
            until=None,
            url="",
        )
        for metric in found
    )


def _pods(found: facts.PodsFact | None) -> facts.PodsFact | None:
    """None, some or all of the pods; with a trouble every one counts."""
    if found is None or found.trouble or found.ready in (0, found.wanted):
        return found
    return replace(found, ready=-1)
