"""totals and quality of a day beside its key, so that years of days are read without their slots

Every row has them already; the index is made of what there is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0036"
down_revision = "r0035"
branch_labels = None
depends_on = None

COLUMNS = ("series_id", "day", "total", "provisional", "day_shares", "spill", "superseded_at")
"""The last for SQLite, which looks it up in the row otherwise."""


def upgrade() -> None:
    op.create_index(
        "ix_book_row_days",
        "book_row",
        list(COLUMNS),
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_book_row_days", "book_row")
