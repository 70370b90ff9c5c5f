"""marks of the day, which every look at a site makes anew

Before the next look there are none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.sql.types import WORDS

revision = "r0045"
down_revision = "r0044"
branch_labels = None
depends_on = None

NUMBERS = ("measured", "low", "high", "beyond", "revision", "until_us")


def upgrade() -> None:
    op.create_table(
        "day_mark",
        sa.Column("meter", WORDS, nullable=False),
        sa.Column("start_us", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, WORDS, nullable=False) for name in ("site", "institution", "node")),
        sa.Column("item", WORDS, nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("above", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in NUMBERS),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("baseline_version", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("meter", "start_us", name="pk_day_mark"),
    )
    op.create_index("ix_day_mark_site", "day_mark", ["site"])
    op.create_index("ix_day_mark_beyond", "day_mark", ["beyond"])


def downgrade() -> None:
    # Nothing is lost: the next look makes them again.
    op.drop_index("ix_day_mark_beyond", "day_mark")
    op.drop_index("ix_day_mark_site", "day_mark")
    op.drop_table("day_mark")
