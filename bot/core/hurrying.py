"""Who asked that all steps which are left be skipped: kept, for ``promoteFull`` names nobody."""

from bot.core import draft as draft_module
from bot.core import writers
from bot.model import status


def asked(d: draft_module.Draft, by: str, how: str) -> None:
    """A person did."""
    d.set_bot(hurried=status.Opened(revision=d.family.new.hash, step=-1, by=by, how=how, at=d.now))


def found(d: draft_module.Draft) -> None:
    """It stands in the status: by a tool, unless it is known who asked for it."""
    known = d.status.bot.hurried
    if known is None or known.revision != d.family.new.hash:
        how = writers.how(d.seen.raw, writers.FULL, since=d.now - writers.JUST)
        asked(d, writers.UNKNOWN, how)
