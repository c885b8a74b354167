"""The history in a database: SQLite in a file, or PostgreSQL. SQLAlchemy is known only here."""

from bot.adapters.history.store import SqlHistory
from bot.adapters.history.urls import engine_url, shown

__all__ = ["SqlHistory", "engine_url", "shown"]
