"""Instants of ``status.rolloutBot``, raw → typed: ISO 8601 with microseconds."""

from datetime import UTC, datetime
from typing import Any


def read(raw: Any) -> datetime | None:
    """None where it is none; without an offset it is UTC."""
    try:
        parsed = datetime.fromisoformat(raw)
    except (TypeError, ValueError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
