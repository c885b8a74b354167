"""What other tools write that a pass carries out, kept: the write itself leaves no trace.

What it asks for is ``intake``'s. Records are made of what is kept here, by ``stock_records``.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core import draft as draft_module
from bot.core import phases, writers
from bot.model import stock as stock_model


def found(d: draft_module.Draft) -> None:
    """Look for a step that another tool wrote, and for ``spec.paused``."""
    _moved(d)
    _halted(d)


def retried(d: draft_module.Draft) -> None:
    """A tool took the abort away."""
    how = writers.how(d.seen.raw, writers.ABORT, since=d.now - writers.JUST)
    _keep(d, retried=_write(d, how, d.now))


def settle(d: draft_module.Draft) -> None:
    """Remember at which step this pass leaves the revision, while it is under way."""
    status = d.status
    under_way = bool(status.stable_hash) and not (d.promoted or status.abort)
    course = None
    if under_way and status.step_index is not None and d.spec.canary.steps:
        course = stock_model.Course(revision=status.current_hash, step=status.step_index)
    if course != status.bot.stock.course:
        _keep(d, course=course)


def _moved(d: draft_module.Draft) -> None:
    """The step is not the one at which it was left: only a write by another can be the cause.

    Said only with the tool that wrote it: a bot of an earlier version leaves no ``course``.
    What a gate takes back is told by the gate.
    """
    left, now = d.status.bot.stock.course, d.before.step_index
    mine = left is not None and left.revision == d.before.current_hash == d.family.new.hash
    if left is None or not mine or now is None or now == left.step:
        return
    taken_back = d.status.step_index != now
    tool = writers.tool(d.seen.raw, writers.STEP)
    if taken_back or d.promoted or not tool:
        return
    _keep(d, moved=replace(_write(d, tool, d.now), start=left.step, to=now))
    d.because("moved", f"{tool} wrote step {now + 1} where it stood at step {left.step + 1}")


def _halted(d: draft_module.Draft) -> None:
    known = d.status.bot.stock
    halted = known.halted is not None and known.resumed is None
    if halted == d.spec.paused:
        return
    how = writers.how(d.seen.raw, writers.HALT)
    if d.spec.paused:
        _keep(d, halted=_write(d, how, _since(d)), resumed=None)
    else:
        _keep(d, resumed=_write(d, how, d.now))


def _since(d: draft_module.Draft) -> datetime:
    """It may have been paused before anything was kept of it."""
    marked = d.before.condition("Paused")
    known = d.before.message == phases.MANUALLY and marked is not None
    return marked.transitioned if known and marked is not None else d.now


def _write(d: draft_module.Draft, how: str, at: datetime) -> stock_model.Write:
    return stock_model.Write(at=at, how=how, revision=d.family.new.hash)


def _keep(d: draft_module.Draft, **changes: Any) -> None:
    """What is replaced stays for a while beside it: it may not be recorded yet."""
    known = d.status.bot.stock
    before = ((name, getattr(known, name)) for name in stock_model.SORTS if name in changes)
    gone = tuple((name, one) for name, one in before if one is not None)
    earlier = (*known.earlier, *gone)
    d.set_bot(stock=replace(known, earlier=earlier, **changes))
