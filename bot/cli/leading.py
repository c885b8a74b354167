"""Whether a bot leads: what the lease says, in words."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any


def leaderless(lease: Mapping[str, Any] | None, *, where: str, now: datetime) -> str:
    """Why nobody would carry out a request; empty where somebody leads.

    Clocks differ: a lease counts as run out once it is twice its duration old.
    """
    if lease is None:
        return f"No bot leads here: there is no lease {where}."
    spec = lease.get("spec") or {}
    if not spec.get("holderIdentity"):
        return f"No bot leads now: nobody holds the lease {where}."
    renewed = _time(spec.get("renewTime"))
    lasts = timedelta(seconds=2 * int(spec.get("leaseDurationSeconds") or 15))
    if renewed is None or now - renewed > lasts:
        when = f"since {renewed:%Y-%m-%d %H:%M:%S} UTC" if renewed else "ever"
        return f"No bot leads now: the lease {where} has not been renewed {when}."
    return ""


def _time(raw: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(raw))
    except ValueError:
        return None
