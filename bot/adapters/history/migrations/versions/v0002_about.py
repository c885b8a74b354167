"""Which record another one is about, as the reason that was given later for an abort.

Rows that stand have none: an empty value is no part of their digest.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One more text."""
    column: sa.Column[str] = sa.Column("about", sa.Text, nullable=False, server_default="")
    op.add_column("rollout_records", column)


def downgrade() -> None:
    """It is gone."""
    op.drop_column("rollout_records", "about")
