"""That something is frozen and by whom, and that it is over: once in each channel it concerns."""

from bot.model import messages
from bot.render import blocks, words


def freeze(facts: messages.FreezeFacts) -> messages.Message:
    """News first: who stopped what until when; then why, and what holds."""
    head = _over(facts) if facts.over else _begun(facts)
    lines = [_rollouts(facts)]
    if not facts.over:
        reason = words.plain(facts.reason)
        lines = [reason, _rollouts(facts), "Aborts and rollbacks go through all the same."]
    parts = [
        *blocks.section([f"*{head}*", *lines]),
        *blocks.context([] if facts.over else [f"it ends with /rollout unfreeze {_id(facts)}"]),
        *blocks.actions(facts.buttons, blocks.Stakes()),
    ]
    return blocks.message(
        " ".join(f"{line.rstrip('.')}." for line in [head, *lines] if line), parts
    )


def _id(facts: messages.FreezeFacts) -> str:
    return words.name(facts.id)


def _where(facts: messages.FreezeFacts) -> str:
    scope = "everything" if facts.scope == "all" else words.name(facts.scope)
    return f"{scope} in {words.name(facts.cluster)}"


def _begun(facts: messages.FreezeFacts) -> str:
    until = f" until {words.by_day(facts.until)}" if facts.until is not None else ""
    if facts.stop:
        return f"{words.person(facts.by)} stopped the line: {_where(facts)} holds{until}"
    return f"{words.person(facts.by)} froze {_where(facts)}{until}"


def _over(facts: messages.FreezeFacts) -> str:
    what = "the line moves again" if facts.stop else "the freeze is over"
    by = f", by {words.person(facts.ended_by)}" if facts.ended_by is not None else ""
    return f"{what}: {_where(facts)}{by}"


def _rollouts(facts: messages.FreezeFacts) -> str:
    if not facts.count:
        return "no rollout is in flight there"
    names = [words.name(one) for one in facts.rollouts[:12]]
    more = f" and {facts.count - len(names)} more" if facts.count > len(names) else ""
    count = words.count(facts.count, "rollout", "rollouts")
    if facts.over:
        how = "goes on" if facts.count == 1 else "go on, one after the other"
        return f"{count} {how}: {', '.join(names)}{more}"
    held = "holds" if facts.count == 1 else "hold"
    return f"{count} {held}: {', '.join(names)}{more}"
