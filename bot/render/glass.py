"""Break-glass: a loud request to a second person, and what came of it."""

from bot.model import messages
from bot.render import blocks, words


def glass(facts: messages.GlassFacts) -> messages.Message:
    """Who wants to pass the policy and why; once answered, who agreed or refused."""
    head = _head(facts)
    tail = _ended(facts) if facts.over else _open(facts)
    parts = [
        *blocks.section([f"*{head}*", words.plain(facts.reason), tail]),
        *blocks.actions(
            () if facts.over else facts.buttons, blocks.Stakes(revision=facts.revision)
        ),
    ]
    text = f"{head}: {words.plain(facts.reason) or 'no reason given'}. {tail}."
    return blocks.message(text, parts, generation=facts.generation)


def _head(facts: messages.GlassFacts) -> str:
    who = words.who(facts.rollout, facts.revision)
    by = words.person(facts.by) if facts.by is not None else "somebody"
    place = words.name(facts.rollout.cluster)
    if not facts.over:
        return f"break-glass: {by} wants {who} past the policy in {place}"
    if facts.agreed:
        return f"break-glass: {who} goes past the policy in {place}, asked by {by}"
    return f"break-glass: {who} stays under the policy in {place}, asked by {by}"


def _open(facts: messages.GlassFacts) -> str:
    until = f" until {words.exactly(facts.until)}" if facts.until is not None else ""
    return f"A second person must agree{until}; without, nothing changes"


def _ended(facts: messages.GlassFacts) -> str:
    if facts.agreed is None:
        return "Closed: nobody agreed in time, nothing was changed"
    by = words.person(facts.second) if facts.second is not None else "somebody"
    at = "" if facts.at is None else f" {words.at(facts.at)}"
    if facts.agreed:
        return f"✓ agreed by {by}{at}, it goes on"
    return f"✗ refused by {by}{at}, nothing was changed"
