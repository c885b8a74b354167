"""What people type of freezes: for how long, which one is meant, where it is.

The scope itself is read by ``freeze_codec``.
"""

import re
from datetime import timedelta

from bot.core.gates import freeze_codec
from bot.model import errors, policy

_SPAN = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?:in)?)?")


def duration(text: str) -> timedelta | None:
    """``90m``, ``2h``, ``1d12h``; None where it is none."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def meant(what: str, every: tuple[policy.Freeze, ...]) -> tuple[policy.Freeze, ...]:
    """Those of ``every`` that ``what`` names by id or scope; all of them where it is empty."""
    if not what:
        return every
    if named := tuple(one for one in every if one.id == what):
        return named
    try:
        scope = freeze_codec.scope(what)
    except errors.UserError:
        return ()
    return tuple(one for one in every if one.scope == scope)


def around(found: tuple[policy.Freeze, ...]) -> str:
    """The one namespace that all these freezes are in; empty where it may be several."""
    every = {inside(freeze_codec.shown(one.scope)) for one in found}
    return every.pop() if len(every) == 1 else ""


def inside(text: str) -> str:
    """The one namespace that a scope is in; empty where it may be several, or is no scope."""
    try:
        namespace = freeze_codec.scope(text).namespace
    except errors.UserError:
        return ""
    return "" if any(mark in namespace for mark in "*?[") else namespace
