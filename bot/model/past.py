"""What people ask of the past: which kinds a listing has, and how far back it goes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.model import records
from bot.model.records import Kind

DECISIONS = frozenset(
    {
        Kind.SHIPPED, Kind.UNDONE, Kind.VOTED, Kind.APPROVED, Kind.PROMOTED, Kind.ABORTED,
        Kind.ROLLED_BACK, Kind.GATE_KEPT, Kind.RETRIED, Kind.MEASURED_AGAIN, Kind.CONTINUED,
        Kind.REFUSED, Kind.RESTARTED, Kind.FROZEN, Kind.UNFROZEN, Kind.GAP,
        Kind.GLASS_ASKED, Kind.GLASS_BROKEN, Kind.GLASS_REFUSED, Kind.MOVED, Kind.HALTED,
        Kind.RESUMED, Kind.EXPLAINED,
    }
)  # fmt: skip
"""What ``audit`` lists: who decided what, and where nothing could be recorded."""
COURSE = frozenset(
    {
        Kind.SHIPPED, Kind.UNDONE, Kind.WEIGHT, Kind.APPROVED, Kind.PROMOTED, Kind.ABORTED,
        Kind.ROLLED_BACK, Kind.WEIGHT_ZERO, Kind.RESTORED, Kind.NOT_RESTORED, Kind.RETRIED,
        Kind.RESTARTED, Kind.DONE, Kind.FROZEN, Kind.UNFROZEN, Kind.GLASS_BROKEN, Kind.GAP,
        Kind.MOVED, Kind.HALTED, Kind.RESUMED, Kind.EXPLAINED,
    }
)  # fmt: skip
"""What ``history`` lists: how updates went."""
DEFAULT = timedelta(days=30)
LIMIT = 20
SPANS = "90m, 12h, 30d or 4w"
"""How a span is written, for whoever wrote none."""
_AGE = re.compile(r"(\d{1,4})(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFacts:
    """The newest records of one question, newest first; ``more``: there are older ones."""

    cluster: str
    name: str
    age: str
    entries: tuple[records.Record, ...]
    audit: bool = False
    more: bool = False


def told(entries: Iterable[records.Record], *, audit: bool = True) -> tuple[records.Record, ...]:
    """With each decision the reason that was given for it later.

    That it was given is a line of its own in an audit, and where its decision is not among these.
    """
    known = tuple(entries)
    later = {one.about: one.reason for one in known if one.about}
    ids = {one.id for one in known}
    shown = []
    for one in known:
        if one.id in later and not one.reason:
            shown.append(replace(one, reason=f"{later[one.id]} (said afterwards)"))
        elif audit or one.about not in ids:
            shown.append(one)
    return tuple(shown)


def age(text: str) -> timedelta | None:
    """``90m``, ``12h``, ``30d``, ``4w``; None for any other text."""
    match = _AGE.fullmatch(text.lower())
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None


def sentence(record: records.Record) -> str:
    """What happened, in plain words: "approved by sam", "rolled back by itself"."""
    who = record.actor or ("" if record.way == records.Way.ITSELF else "somebody")
    by = f" by {who}" if who else ""
    if record.way == records.Way.POLICY:
        by = " by the policy"
    elif record.actor.endswith(records.TOOL):
        pass  # it is the tool that the way names
    elif by and record.way not in {records.Way.SLACK, records.Way.MANIFEST}:
        by += f" ({record.way})"
    match record.kind:
        case Kind.UNDONE:
            return f"an earlier revision shipped again{by}"
        case Kind.WEIGHT | Kind.STEP:
            return record.reason
        case Kind.VOTED:
            return f"one approval{by}"
        case Kind.GATE_KEPT:
            return f"gate kept shut against {record.way}"
        case Kind.GATE_OPENED:
            return "waits for approval"
        case Kind.ROLLED_BACK:
            return "rolled back"
        case Kind.MEASURED_AGAIN:
            return f"measured again{by}"
        case Kind.CONTINUED:
            return f"let go on without a verdict{by}"
        case Kind.WEIGHT_ZERO:
            return f"users back on the stable revision{_within(record)}"
        case Kind.DONE:
            return f"done{_after(record)}"
        case Kind.GAP:
            return "gap in the history"
        case Kind.NOT_RESTORED:
            return "not restored"
    return f"{record.kind}{by}"


def reason(record: records.Record) -> str:
    """Why, where the sentence does not say it already."""
    return "" if record.kind in {Kind.WEIGHT, Kind.STEP} else record.reason


def subject(record: records.Record) -> str:
    """Of what: "checkout v42", or the cluster."""
    if not record.rollout:
        return record.cluster
    return f"{record.rollout} v{record.revision}" if record.revision else record.rollout


def change(record: records.Record) -> str:
    """How it stood before and after: "Paused 50 % → Progressing 50 %"."""
    before, after = _stand(record.before), _stand(record.after)
    return f"{before} → {after}" if before and after and before != after else ""


def _stand(stand: records.Stand) -> str:
    weight = "" if stand.weight is None else f" {stand.weight} %"
    return f"{stand.phase}{weight}".strip()


def _after(record: records.Record) -> str:
    start = record.update.shipped_at
    return f" after {_span(record.at - start)}" if start is not None else ""


def _within(record: records.Record) -> str:
    at, zero = record.update.detected_at, record.update.zero_at
    return f" within {_span(zero - at)}" if at is not None and zero is not None else ""


def _span(span: timedelta) -> str:
    seconds = max(0.0, span.total_seconds())
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
