"""The hold that status tells of, for somebody who may not read the policy or the freezes.

The bot that leads sees all of it and never asks here: it writes what this reads.
"""

from bot.core import draft as draft_module
from bot.model import holds

FREES = "What ends it is not known here: the policy or the freezes may not be read."
_HELD = "held: "
_KINDS = {"freeze": "the freeze", "window": "outside the window", "turn": "others go first"}


def held(d: draft_module.Draft, index: int) -> holds.Hold | None:
    """As the last pass of the bot left it; of the steps after the next one nothing is told."""
    known = d.before.bot.held
    if not d.seen.partial or known is None or index > d.index + 1:
        return None
    said = d.before.message.removeprefix(_HELD)
    if said == d.before.message:  # another condition is its message
        kind, _, name = known.rule.partition(":")
        said = f"{_KINDS.get(kind, kind)} {name}".rstrip()
    return holds.Hold(rule=known.rule, sentence=said, frees=FREES, until=known.until)
