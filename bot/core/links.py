"""Addresses for people: a metric's query over its time, an application that follows Git."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

LEAD = timedelta(minutes=5)
_LONGEST = 900
"""Slack takes more, but a message has room for few such links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """``metrics`` is a Prometheus, or any address with {query}, {start} and {end} in it."""

    metrics: str = ""
    argocd: str = ""


def metric(base: str, query: str, start: datetime | None, end: datetime | None) -> str:
    """Where the query stands with its time; empty where no base or no query is known."""
    if not base or not query or start is None:
        return ""
    begin, until = (start - LEAD).astimezone(UTC), (end or start).astimezone(UTC)
    if "{query}" in base:
        filled: Mapping[str, str] = {
            "query": quote(query, safe=""),
            "start": str(int(begin.timestamp() * 1000)),
            "end": str(int(until.timestamp() * 1000)),
        }
        url = base
        for key, value in filled.items():
            url = url.replace("{" + key + "}", value)
        return url if len(url) <= _LONGEST else ""
    seconds = max(60, int((until - begin).total_seconds()))
    moment = quote(until.strftime("%Y-%m-%d %H:%M:%S"), safe="")
    url = (
        f"{base.rstrip('/')}/graph?g0.expr={quote(query, safe='')}&g0.tab=0"
        f"&g0.range_input={seconds}s&g0.end_input={moment}"
    )
    return url if len(url) <= _LONGEST else ""


def application(base: str, app: str) -> str:
    """Argo CD's page of an application."""
    return f"{base.rstrip('/')}/applications/{quote(app, safe='')}" if base and app else ""
