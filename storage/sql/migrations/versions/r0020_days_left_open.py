"""an index of the days that are not settled yet

A ledger that begins anew asks for all of them, however old they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0020"
down_revision = "r0019"
branch_labels = None
depends_on = None

NAME = "ix_book_row_unsettled"


def upgrade() -> None:
    op.create_index(
        NAME,
        "book_row",
        ["series_id", "day"],
        sqlite_where=sa.text("provisional IS 1"),
        postgresql_where=sa.text("provisional IS TRUE"),
    )


def downgrade() -> None:
    op.drop_index(NAME, "book_row")
