"""Holds from outside a rollout: who and when something may move forward.

A kind is a module with ``held(d, index) -> Hold | None``: whether the effects of step ``index``
may not come about now (the number of steps: the promotion; 0: a blue-green's switch). To add
one: its file, and a line in ``GATES``; the first that holds is the one that is told. What brings
users back to the stable never asks here.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from bot.core import draft as draft_module
from bot.core import revisions
from bot.core.gates import freezes, recorded, turns, unread, windows
from bot.model import holds
from bot.model import status as status_model

GATES: tuple[Callable[[draft_module.Draft, int], holds.Hold | None], ...] = (
    unread.held,
    freezes.held,
    windows.held,
    recorded.held,
    turns.held,  # last: only what nothing else holds has its turn
)


def exempt(d: draft_module.Draft) -> bool:
    """Whether this can only bring users back, or is a first deployment: neither is held."""
    if d.status.abort or d.promoted or not d.status.stable_hash or d.family.stable is None:
        return True
    return revisions.in_window(d.family, d.spec.rollback_window)


def at(d: draft_module.Draft, index: int) -> holds.Hold | None:
    """What holds the effects of step ``index`` now."""
    if exempt(d):
        return None
    if index not in d.gated:
        found = (gate(d, index) for gate in GATES)
        d.gated[index] = next((hold for hold in found if hold is not None), None)
    return d.gated[index]


def present(d: draft_module.Draft) -> holds.Hold | None:
    """What holds the effects of where the course is: pods and weight stay as they are."""
    return _first(d, _present(d))


def _present(d: draft_module.Draft) -> Iterable[int]:
    if d.spec.blue_green is not None:
        return (0,)
    # Who skips all steps that are left needs leave for each of them.
    return range(d.index, len(d.spec.canary.steps) + 1) if d.skipping else (d.index,)


def ahead(d: draft_module.Draft) -> holds.Hold | None:
    """What holds the next move: the end of the present step, or a switch."""
    if d.spec.blue_green is not None or d.skipping or d.finished:
        return present(d)
    return present(d) or at(d, d.index + 1)


def _first(d: draft_module.Draft, indices: Iterable[int]) -> holds.Hold | None:
    return next((hold for index in indices if (hold := at(d, index)) is not None), None)


def stops(d: draft_module.Draft, hold: holds.Hold | None) -> bool:
    """Note that ``hold`` stands where something would move now; False where there is none."""
    if hold is None:
        return False
    if d.bitten is None:
        d.bitten = hold
        d.because("held", hold.sentence)
    d.wake(hold.until)
    return True


def settle(d: draft_module.Draft) -> None:
    """Keep since when it is held and by what; once it goes on, that it did."""
    _wake_at_ends(d)
    known, hold = d.status.bot.held, d.bitten
    if hold is None or d.status.abort:
        if known is not None and not exempt(d):
            went = status_model.WentOn(since=known.since, at=d.now)
            d.set_bot(went_on=went)
        if known is not None:
            d.set_bot(held=None)
        return
    if known is not None and hold.rule == turns.RULE:
        d.set_bot(held=replace(known, freed=hold.freed))
        return
    since = known.since if known is not None else d.now
    d.set_bot(held=status_model.Held(since=since, rule=hold.rule, until=hold.until))


def _wake_at_ends(d: draft_module.Draft) -> None:
    """A card that names a freeze must not name it for longer than it lasts."""
    if exempt(d):
        return
    for freeze in d.seen.freezes:
        if freeze.until is not None and freeze.until > d.now:
            d.wake(freeze.until)
