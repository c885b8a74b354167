"""Where the history is, as people write it, and as the database layer wants it."""

from pathlib import Path

import sqlalchemy
from sqlalchemy import exc

from bot.model import errors

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_FORMS = "sqlite:///FILE, postgresql://USER:PASSWORD@HOST/DATABASE, or the path of a file"


def engine_url(text: str) -> sqlalchemy.URL:
    """The address with its driver; a path alone is a SQLite file.

    Raises:
        errors.UserError: it is none of the forms that are known; a password is not repeated.

    """
    if "://" not in text:
        return sqlalchemy.URL.create("sqlite+aiosqlite", database=str(Path(text).expanduser()))
    try:
        found = sqlalchemy.make_url(text)
        _ = found.port
    except (exc.ArgumentError, ValueError):
        raise errors.UserError(f"the address of the history is none of: {_FORMS}.") from None
    driver = _DRIVERS.get(found.drivername)
    if driver is None or not found.database:
        what = f"{found.drivername}://…"
        raise errors.UserError(f"the history cannot be kept at {what}: it takes {_FORMS}.")
    found = found.set(drivername=driver)
    mode = found.query.get("sslmode")
    if mode is not None:
        # What libpq and everybody's settings call it; the driver has another word.
        found = found.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return found


def shown(text: str) -> str:
    """The address for a log or a message: without user, password and options."""
    found = engine_url(text)
    if found.get_backend_name() == "sqlite":
        return f"the file {found.database}"
    return f"{found.get_backend_name()} {found.host or 'on this machine'}, {found.database}"
