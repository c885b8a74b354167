"""The records and the head of their chain.

Says everything itself: what the tables become later must not change this step.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXTS_1 = ("namespace", "rollout", "uid")
_TEXTS_2 = ("hash", "actor", "actor_id", "way", "reason")
_TEXTS_3 = ("channel", "ts", "permalink", "gate", "commit")
_TIMES = ("commit_at", "shipped_at", "bad_since", "detected_at", "zero_at", "restored_at")
START = "0" * 64


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False, server_default="") for name in names]


def _stand(side: str) -> list[sa.Column[str] | sa.Column[int]]:
    return [
        *_texts(f"{side}_phase"),
        sa.Column(f"{side}_weight", sa.Integer),
        sa.Column(f"{side}_step", sa.Integer),
    ]


def upgrade() -> None:
    """Both tables; the head begins before the first entry."""
    texts = op.get_bind().dialect.name == "sqlite"  # which has no times
    instant: sa.types.TypeEngine[Any] = sa.Text() if texts else sa.DateTime(timezone=True)
    op.create_table(
        "rollout_records",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("written_at", instant, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("cluster", sa.Text, nullable=False),
        *_texts(*_TEXTS_1),
        sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
        *_texts(*_TEXTS_2),
        *_stand("before"),
        *_stand("after"),
        *_texts(*_TEXTS_3),
        *(sa.Column(name, instant) for name in _TIMES),
        sa.UniqueConstraint("id", name="rollout_records_id"),
    )
    op.create_index(
        "rollout_records_by_rollout",
        "rollout_records",
        ["cluster", "namespace", "rollout", "at"],
    )
    op.create_index("rollout_records_by_time", "rollout_records", ["at"])
    head = op.create_table(
        "rollout_records_head",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.CheckConstraint("one = 1", name="rollout_records_head_one"),
    )
    op.bulk_insert(head, [{"one": 1, "seq": 0, "digest": START}])


def downgrade() -> None:
    """Nothing is left."""
    op.drop_table("rollout_records_head")
    op.drop_index("rollout_records_by_time", "rollout_records")
    op.drop_index("rollout_records_by_rollout", "rollout_records")
    op.drop_table("rollout_records")
