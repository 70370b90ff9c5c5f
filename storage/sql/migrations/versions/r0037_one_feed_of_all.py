"""one feed of all institutions: a serial of the commit on each settled row of a node

Rows from before have the serial 0: a reader without a cursor is told them first, by revision,
series and day. Nothing of them is written anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0037"
down_revision = "r0036"
branch_labels = None
depends_on = None

FED = "serial IS NOT NULL AND superseded_at IS NULL AND provisional IS "


def upgrade() -> None:
    op.add_column("book_row", sa.Column("serial", sa.BigInteger, server_default="0"))
    op.create_index(
        "ix_book_row_fed",
        "book_row",
        ["serial", "revision", "series_id", "day"],
        sqlite_where=sa.text(FED + "0"),
        postgresql_where=sa.text(FED + "FALSE"),
    )
    op.create_table(
        "feed_head",
        sa.Column("id", sa.SmallInteger, autoincrement=False),
        sa.Column("serial", sa.BigInteger, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed_head"),
    )


def downgrade() -> None:
    """Readers of the one feed begin again after the next upgrade: their cursors are sealed with
    what goes here."""
    op.drop_table("feed_head")
    op.drop_index("ix_book_row_fed", table_name="book_row")
    with op.batch_alter_table("book_row") as table:
        table.drop_column("serial")
