"""Trouble of our own, said once to the one who can mend it."""

from bot.model import messages
from bot.render import blocks, words

LINES_SHOWN = 8
LINES_TOGETHER = 2  # more of them are read one below the other


def not_in_channel(facts: messages.NotInChannel) -> messages.Message:
    channel, rollout = words.name(facts.channel), words.name(facts.rollout)
    text = f"I am not in {channel}: invite me with /invite @rollout."
    if facts.meanwhile:
        text += f" {rollout}'s messages go to {words.name(facts.meanwhile)} until then."
    else:
        text += f" Until then nobody gets {rollout}'s messages."
    return blocks.message(text, ())


def slack_was_away(facts: messages.SlackWasAway) -> messages.Message:
    head = f"Slack was unreachable {words.at(facts.since)}–{words.at(facts.until)}."
    lines = [words.plain(item, 160) for item in facts.lines[:LINES_SHOWN]]
    if len(facts.lines) > LINES_SHOWN:
        lines.append(f"and {len(facts.lines) - LINES_SHOWN} more")
    text = f"{head} {'; '.join(lines) or 'Nothing was missed'}."
    if len(lines) <= LINES_TOGETHER:
        return blocks.message(text, ())
    return blocks.message(text, blocks.section([f"*{head}*", *lines]))


def metrics_away(facts: messages.MetricsAway) -> messages.Message:
    server = words.name(facts.server)
    if facts.until is not None:
        span = f"{words.at(facts.since)}–{words.at(facts.until)}"
        return blocks.message(
            f"The metrics server {server} did not answer {span}; it does again.", ()
        )
    names = ", ".join(map(words.name, facts.names[:12]))
    more = f" and {facts.holding - 12} more" if names and facts.holding > 12 else ""
    text = (
        f"The metrics server {server} has not answered since "
        f"{words.at(facts.since)}: {_measured(facts)}.{f' {names}{more}.' if names else ''}"
    )
    return blocks.message(text, ())


def _measured(facts: messages.MetricsAway) -> str:
    """What it means for the rollouts, by what the policy says of errors."""
    if not facts.aborting and facts.moving:
        rest = facts.holding - facts.moving
        holds = f"{rest:,} {'holds' if rest == 1 else 'hold'}, " if rest else ""
        on = f"{facts.moving:,} {'goes' if facts.moving == 1 else 'go'} on unmeasured"
        who = words.count(facts.holding, "rollout is", "rollouts are")
        return f"{who} measured by it: {holds}{on}, none is rolled back for it"
    if not facts.aborting:
        who = words.count(facts.holding, "rollout holds", "rollouts hold")
        none = "it is not rolled back" if facts.holding == 1 else "none is rolled back"
        return f"{who}, {none} for it"
    who = words.count(facts.holding, "rollout is", "rollouts are")
    back = "is" if facts.aborting == 1 else "are"
    which = "it" if facts.holding == 1 else f"{facts.aborting:,} of them"
    return (
        f"{who} measured by it, and {which} {back} rolled back if it stays away "
        "(onMetricError: abort)"
    )
