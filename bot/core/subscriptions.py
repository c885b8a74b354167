"""Subscriptions as text: what a person types, what stands in the ConfigMap, when it is quiet."""

import fnmatch
import json
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from bot.model import errors
from bot.model import subscriptions as model

A_PERSON_LIMIT = 20
PEOPLE_LIMIT = 400
"""With the limit of one person's entries the object stays far below what the cluster keeps."""
_WHAT = re.compile(r"[a-z0-9*]([-a-z0-9.*]{0,100})/[a-z0-9*]([-a-z0-9.*]{0,200})")
_SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_COPIED = str.maketrans({"∗": "*", "∶": ":", "–": "-"})
"""What stands in our own messages for marks that Slack would take for markup."""
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")


def quiet(text: str) -> model.Quiet:
    """Quiet hours as they are typed: ``22:00-07:00 Europe/Berlin``.

    Raises:
        errors.UserError: what is wrong, and how it is written.

    """
    span, _, zone = text.strip().translate(_COPIED).partition(" ")
    match = _SPAN.fullmatch(span)
    how = 'Write quiet hours as in --quiet "22:00-07:00 Europe/Berlin".'
    if match is None:
        raise errors.UserError(f'"{span[:40]}" is no span of hours. {how}')
    start_h, start_m, end_h, end_m = map(int, match.groups())
    if start_h > 23 or end_h > 23 or start_m > 59 or end_m > 59:
        raise errors.UserError(f'"{span}" is no time of the day. {how}')
    start, end = time(start_h, start_m), time(end_h, end_m)
    if start == end:
        raise errors.UserError(f"Quiet hours that end when they begin would never end. {how}")
    name = zone.strip() or "UTC"
    if _zone(name) is None:
        raise errors.UserError(f'I know no time zone "{name[:60]}". {how}')
    return model.Quiet(start=start, end=end, zone=name)


def what(text: str) -> str:
    """What is subscribed to: NAME, ``namespace/name`` or ``namespace/*``.

    Raises:
        errors.UserError: what is wrong, and how it is written.

    """
    text = text.translate(_COPIED)
    full = text if "/" in text else f"*/{text}"
    if _WHAT.fullmatch(full) is None:
        raise errors.UserError(
            f'"{text[:60]}" names no rollouts. Write NAME, namespace/NAME or namespace/*.'
        )
    return full


def fits(one: model.Subscription, key: str) -> bool:
    return fnmatch.fnmatchcase(key, one.what)


def quiet_end(hours: model.Quiet | None, at: datetime) -> datetime | None:
    """When the quiet hours that ``at`` is in are over; None where it is in none.

    Counted on the reader's own clock, so a change to summer time moves them with it.
    """
    zone = _zone(hours.zone) if hours is not None else None
    if hours is None or zone is None:
        return None
    local = at.astimezone(zone)
    now = local.time().replace(tzinfo=None)
    if hours.start < hours.end:
        inside, days = hours.start <= now < hours.end, 0
    else:
        inside, days = now >= hours.start or now < hours.end, int(now >= hours.start)
    if not inside:
        return None
    day = local.date() + timedelta(days=days)
    return datetime.combine(day, hours.end, tzinfo=zone).astimezone(UTC)


def decode(data: Mapping[str, Any]) -> tuple[model.Subscription, ...]:
    """All of the ConfigMap's data; an entry that cannot be read is left out."""
    found: list[model.Subscription] = []
    for user in sorted(data)[:PEOPLE_LIMIT]:
        if _USER.fullmatch(user):
            found += _of_user(user, data[user])
    return tuple(found)


def _of_user(user: str, raw: Any) -> list[model.Subscription]:
    try:
        entries = json.loads(raw)
    except (TypeError, ValueError, RecursionError):
        return []
    found = []
    for entry in entries[:A_PERSON_LIMIT] if isinstance(entries, list) else ():
        try:
            hours = quiet(entry["quiet"]) if entry.get("quiet") else None
            found.append(model.Subscription(user=user, what=what(entry["what"]), quiet=hours))
        except (AttributeError, KeyError, TypeError, errors.UserError):
            continue
    return found


def encode(mine: Iterable[model.Subscription]) -> str:
    """One person's entry of the data."""
    entries = [
        {"what": one.what, **({"quiet": str(one.quiet)} if one.quiet is not None else {})}
        for one in mine
    ]
    return json.dumps(entries, separators=(",", ":"))


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
