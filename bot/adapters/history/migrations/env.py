"""What alembic runs for each command: the steps, on the connection that it was given."""

import sqlalchemy as sa
from alembic import context

from bot.adapters.history import schema

LOCK = 7_206_217
"""Of two processes that start at once, one makes the tables and the other finds them."""


def migrate() -> None:
    """Carry out the command."""
    connection: sa.Connection = context.config.attributes["connection"]
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.configure(
        connection=connection,
        target_metadata=schema.METADATA,
        version_table="rollout_records_version",
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


migrate()
