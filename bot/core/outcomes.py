"""What an accepted request came to; of one that an earlier bot has kept, by its words."""

from bot.model import status

RECORDED = "Recorded: "
"""How the answer to one approval of several begins."""
APPROVED = "Approved"
"""How the answer to what opened a gate begins."""
STEP_SKIPPED = "The present step is skipped."
_KNOWN = frozenset(status.Outcome) - {status.Outcome.UNKNOWN}


def of(one: status.Handled) -> status.Outcome:
    """Of an accepted request: by what is kept, else by how its answer begins."""
    if one.outcome in _KNOWN:
        return status.Outcome(one.outcome)
    if one.kind != "promote":
        return status.Outcome.DONE
    if one.sentence.startswith(RECORDED):
        return status.Outcome.VOTED
    if one.sentence == STEP_SKIPPED:
        return status.Outcome.SKIPPED
    opened = one.sentence.startswith(APPROVED)
    return status.Outcome.OPENED if opened else status.Outcome.DONE
